-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- Scheduled work: one row a job; the row's lock lets one process of a site run it at a time.
create table jobs (
  name text primary key,
  last_run_at timestamptz,
  last_success_at timestamptz,
  next_run_at timestamptz not null,
  duration_ms bigint,
  -- What the last good run said of itself, in one line.
  last_result text,
  consecutive_errors integer not null default 0,
  last_error text
);

-- Symbols that crashes waited for in vain: one row a crash and module, for the export and the list of wanted symbols.
create table missing_symbols (
  seen_on date not null,
  crash_id text not null,
  debug_file text not null,
  debug_id text not null,
  code_file text not null,
  code_id text not null,
  primary key (seen_on, debug_file, debug_id, crash_id)
);
