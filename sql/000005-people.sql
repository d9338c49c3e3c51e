-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- Accounts, sessions, tokens and the audit trail. Secrets are stored as hashes only.
create table accounts (
  id bigint generated always as identity primary key,
  name text not null unique,
  role text not null check (role in ('viewer', 'investigator', 'dump_reader', 'admin')),
  -- Products that the account may see; null = all.
  products text[],
  -- argon2id in PHC form; null = signs in by link only.
  password_hash text,
  is_active boolean not null default true,
  created_at timestamptz not null default clock_timestamp()
);

create table sessions (
  token_sha256 text primary key,
  account_id bigint not null references accounts (id) on delete cascade,
  csrf_secret text not null,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  user_agent text not null
);
create index sessions_account on sessions (account_id);

create table claim_links (
  token_sha256 text primary key,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

create table api_tokens (
  id bigint generated always as identity primary key,
  account_id bigint not null references accounts (id) on delete cascade,
  name text not null,
  token_sha256 text not null unique,
  last_four text not null,
  permissions text[] not null,
  products text[],
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  last_used_address text
);

create table audit (
  id bigint generated always as identity primary key,
  happened_at timestamptz not null default clock_timestamp(),
  account_id bigint,
  account_name text,
  token_id bigint,
  address text not null,
  action text not null,
  object text not null,
  reason text
);
create index audit_time on audit (happened_at);

-- Append-only for everybody, the program included; only rows past their 400 days may go.
create function salvage_audit_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.happened_at < clock_timestamp() - interval '400 days' then
    return old;
  end if;
  raise exception 'the audit trail is append-only';
end $$;
create trigger audit_append_only before update or delete on audit for each row execute function salvage_audit_is_append_only();
create trigger audit_no_truncate before truncate on audit for each statement execute function salvage_audit_is_append_only();
