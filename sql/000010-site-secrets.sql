-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- Random values that all processes of a site must share, made by whichever needs one first.
create table site_secrets (
  name text primary key,
  value text not null
);
