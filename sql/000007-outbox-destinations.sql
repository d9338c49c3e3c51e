-- Debts of the processor (destinations beside storage) are a kind of their own: paid by the processor, never by a Poly.
alter table outbox_debts drop constraint outbox_debts_kind_check;
alter table outbox_debts add constraint outbox_debts_kind_check
  check (kind in ('raw', 'processed', 'publish', 'destination'));
