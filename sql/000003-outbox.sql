-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- What is owed to whom: saves that some destinations of a crash have and others still lack (docs/storage.md, "Outbox").

create table outbox_debts (
  destination text not null,
  crash_id text not null,
  kind text not null check (kind in ('raw', 'processed', 'publish')),
  -- For 'publish': the queue and the rule set.
  detail text,
  reason text not null,
  attempts integer not null default 1,
  owed_since timestamptz not null default clock_timestamp(),
  next_try_at timestamptz not null,
  primary key (destination, crash_id, kind)
);

create index outbox_debts_next on outbox_debts (next_try_at);
