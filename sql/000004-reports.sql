-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- The search index: one row a report, a week (Monday, UTC) a partition. Rebuilt from storage by `salvage reindex`.
create extension if not exists pg_trgm;

create table reports (
  crash_id text not null,
  date_processed timestamptz not null,
  signature text collate "C",
  proto_signature text collate "C",
  product text collate "C",
  version text collate "C",
  release_channel text collate "C",
  platform text collate "C",
  platform_pretty_version text collate "C",
  platform_version text collate "C",
  cpu_arch text collate "C",
  process_type text collate "C",
  report_type text collate "C",
  hang text collate "C",
  reason text collate "C",
  address text collate "C",
  symbol_gap text collate "C",
  dump_hash text collate "C",
  client_id text collate "C",
  build_id bigint,
  uptime bigint,
  install_time bigint,
  install_age bigint,
  last_crash bigint,
  crashing_thread bigint,
  startup_crash boolean,
  is_garbage_collecting boolean,
  dom_fission_enabled boolean,
  signature_provisional boolean,
  modules_in_stack text[] collate "C",
  topmost_filenames text[] collate "C",
  missing_symbols text[] collate "C",
  -- Words of texts (`field:word`) and parts of lists (`field=part`), lower-cased; protected fields have their own.
  terms text[] not null,
  protected_terms text[] not null,
  -- Every other field by its name. Protected values are apart, so that a query for the public cannot touch them.
  pub jsonb not null,
  prot jsonb not null,
  annotations jsonb not null,
  removed_fields text[] not null,
  processed_at timestamptz,
  indexed_at timestamptz not null default clock_timestamp(),
  primary key (date_processed, crash_id)
) partition by range (date_processed);

create index reports_signature on reports (signature, date_processed);
create index reports_product on reports (product, date_processed);
create index reports_signature_trigram on reports using gin (signature gin_trgm_ops);
create index reports_terms on reports using gin (terms);
create index reports_protected_terms on reports using gin (protected_terms);
create index reports_pub on reports using gin (pub jsonb_path_ops);
create index reports_annotations on reports using gin (annotations jsonb_path_ops);

-- Catches reports with dates that no partition was made for; the status page warns when it has rows.
create table reports_default partition of reports default;

-- Finds the partition of an id, and keeps ids unique over all partitions.
create table report_locator (
  crash_id text primary key,
  date_processed timestamptz not null
);
create index report_locator_hex on report_locator (replace(crash_id, '-', '') text_pattern_ops);

-- First and last sight, kept in the same transaction as the reports; they outlive retention.
create table signatures_seen (
  product text collate "C" not null,
  signature text collate "C" not null,
  first_date timestamptz not null,
  last_date timestamptz not null,
  first_build bigint,
  last_build bigint,
  report_count bigint not null,
  primary key (signature, product)
);

create table products_seen (
  product text collate "C" primary key,
  first_date timestamptz not null,
  last_date timestamptz not null,
  report_count bigint not null
);

create table versions_seen (
  product text collate "C" not null,
  version text collate "C" not null,
  release_channel text collate "C",
  first_date timestamptz not null,
  last_date timestamptz not null,
  report_count bigint not null,
  primary key (product, version)
);

create function salvage_text_array(list jsonb) returns text[] language sql immutable parallel safe as $$
  select case when jsonb_typeof(list) = 'array'
    then array(select jsonb_array_elements_text(list)) end
$$;
