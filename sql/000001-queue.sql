-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- The queue of crash ids (docs/storage.md, "Queues").

-- A row waits while available_at has come; taking it moves available_at to the end of the lease and counts the attempt.
-- (id, attempts) is the token of a lease: one that ran out can neither ack nor extend what somebody else has taken since.
create table queue_messages (
  id bigint generated always as identity primary key,
  queue text not null check (queue in ('standard', 'priority', 'reprocessing')),
  crash_id text not null,
  ruleset text,
  attempts integer not null default 0,
  is_leased boolean not null default false,
  published_at timestamptz not null default clock_timestamp(),
  available_at timestamptz not null default clock_timestamp(),
  last_reason text
) with (
  -- Rows live for seconds: without frequent clean-up the scan for the next one wades through dead rows.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  fillfactor = 70
);

create index queue_messages_next on queue_messages (queue, available_at, id);

create table queue_dead_letters (
  id bigint generated always as identity primary key,
  queue text not null,
  crash_id text not null,
  ruleset text,
  attempts integer not null,
  reason text not null,
  died_at timestamptz not null default clock_timestamp()
);

create index queue_dead_letters_crash on queue_dead_letters (crash_id);

-- Attempts by crash id, for queues that cannot count them (classic RabbitMQ queues).
create table queue_attempts (
  crash_id text primary key,
  attempts integer not null,
  last_at timestamptz not null default clock_timestamp()
);

-- Once a statement, however many rows: listeners ask for everything that waits.
create function queue_messages_notify() returns trigger language plpgsql as $$
begin
  notify salvage_queue;
  return null;
end $$;

create trigger queue_messages_notify after insert on queue_messages
  for each statement execute function queue_messages_notify();
