-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- What each process last said of each of its roles; the status page of any web process shows them all.
create table role_status (
  role text not null,
  -- Host and process: `node1:4711`.
  instance text not null,
  updated_at timestamptz not null default now(),
  details jsonb not null,
  primary key (role, instance)
);
