-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- Debts of the processor (destinations beside storage) are a kind of their own: paid by the processor, never by a Poly.
alter table outbox_debts drop constraint outbox_debts_kind_check;
alter table outbox_debts add constraint outbox_debts_kind_check
  check (kind in ('raw', 'processed', 'publish', 'destination'));
