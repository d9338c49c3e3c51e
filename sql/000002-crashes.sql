-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- Crashes in PostgreSQL: an option for small installations (docs/storage.md, "PostgreSQL").
-- All tables are partitioned by the date in the crash id, a week (Monday) a partition; retention drops partitions.

create table raw_crashes (
  submitted_on date not null,
  crash_id text not null,
  -- The exact bytes that the collector wrote.
  raw_crash bytea not null,
  sha256 text not null,
  saved_at timestamptz not null default clock_timestamp(),
  primary key (submitted_on, crash_id)
) partition by range (submitted_on);

create table dumps (
  submitted_on date not null,
  crash_id text not null,
  name text not null,
  size_bytes bigint not null,
  sha256 text not null,
  primary key (submitted_on, crash_id, name)
) partition by range (submitted_on);

-- Dumps are cut so that neither side ever holds a whole one in memory.
create table dump_chunks (
  submitted_on date not null,
  crash_id text not null,
  name text not null,
  chunk integer not null,
  bytes bytea not null,
  primary key (submitted_on, crash_id, name, chunk)
) partition by range (submitted_on);

-- Minidumps hardly compress under the server's algorithm: trying costs time at every save.
alter table dump_chunks alter column bytes set storage external;

create table processed_crashes (
  submitted_on date not null,
  crash_id text not null,
  -- json and not jsonb: annotations hold \u0000 and lone surrogates, which jsonb refuses.
  processed_crash json not null,
  saved_at timestamptz not null default clock_timestamp(),
  primary key (submitted_on, crash_id)
) partition by range (submitted_on);

-- Makes the partition of the week that holds `day`, for a table partitioned by a date or timestamp column. Safe to call
-- at any time and from many sessions. Partitions are named `table_pYYYYMMDD` after their Monday.
create function salvage_make_week_partition(parent regclass, day date) returns text language plpgsql as $$
declare
  monday date := date_trunc('week', day)::date;
  partition text := format('%s_p%s', (select relname from pg_class where oid = parent), to_char(monday, 'YYYYMMDD'));
begin
  if to_regclass(partition) is not null then
    return partition;
  end if;
  -- Two sessions at once would both fail the check above.
  perform pg_advisory_xact_lock(hashtext('salvage_make_week_partition'), hashtext(partition));
  execute format('create table if not exists %I partition of %s for values from (%L) to (%L)',
    partition, parent, monday, monday + 7);
  return partition;
end $$;
