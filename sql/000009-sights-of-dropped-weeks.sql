-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- What weeks that retention has dropped had seen. A recount (after a reprocessing or a removal) adds it to what the
-- reports themselves tell, so that a first sight older than the index is not forgotten.
alter table signatures_seen
  add column dropped_first_date timestamptz,
  add column dropped_last_date timestamptz,
  add column dropped_first_build bigint,
  add column dropped_last_build bigint,
  add column dropped_count bigint not null default 0;

alter table products_seen
  add column dropped_first_date timestamptz,
  add column dropped_last_date timestamptz,
  add column dropped_count bigint not null default 0;

alter table versions_seen
  add column dropped_first_date timestamptz,
  add column dropped_last_date timestamptz,
  add column dropped_count bigint not null default 0;
