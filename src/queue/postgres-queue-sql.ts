// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The statements of the PostgreSQL queue; the tables are in sql/000001-queue.sql.

/** $1 queues, $2 crash ids, $3 rule sets. The trigger notifies once a statement. */
export const publishSql = `
insert into queue_messages (queue, crash_id, ruleset)
select * from unnest($1::text[], $2::text[], $3::text[])`;

const next = (name: string, queue: string, limit: string) => `
${name} as (
  select id from queue_messages
  where queue = '${queue}' and available_at <= clock_timestamp() and attempts < $5::int
  order by available_at, id limit ${limit}::int for update skip locked)`;

/** $1 $2 $3 how many of priority, standard, reprocessing; $4 lease in ms, $5 attempts allowed. Counts the attempt. */
export const takeSql = `
with ${next('p', 'priority', '$1')}, ${next('s', 'standard', '$2')}, ${next('r', 'reprocessing', '$3')}
update queue_messages m
set attempts = attempts + 1, is_leased = true, available_at = clock_timestamp() + $4::float8 * interval '1 ms'
from (select id from p union all select id from s union all select id from r) n
where m.id = n.id
returning m.id, m.queue, m.crash_id, m.ruleset, m.attempts`;

/** $1 ids, $2 attempts (tokens), $3 wait in ms, $4 reason or null, $5 attempts to take off again. */
export const releaseSql = `
update queue_messages m
set is_leased = false, available_at = clock_timestamp() + $3::float8 * interval '1 ms',
    last_reason = coalesce($4::text, last_reason), attempts = m.attempts - $5::int
from unnest($1::bigint[], $2::int[]) t(id, attempts)
where m.id = t.id and m.attempts = t.attempts`;

/** $1 id, $2 attempt, $3 lease in ms. */
export const extendSql = `
update queue_messages set available_at = clock_timestamp() + $3::float8 * interval '1 ms'
where id = $1 and attempts = $2 and is_leased`;

/** $1 id, $2 attempt, $3 reason. */
export const burySql = `
with gone as (delete from queue_messages where id = $1 and attempts = $2 returning *)
insert into queue_dead_letters (queue, crash_id, ruleset, attempts, reason)
select queue, crash_id, ruleset, attempts, $3 from gone`;

/** $1 crash id. Of several messages of one crash, the one that is worked on, else the one that comes first. */
export const placeSql = `
with mine as (
  select * from queue_messages where crash_id = $1
  order by is_leased desc, array_position(array['priority', 'standard', 'reprocessing'], queue), id limit 1)
select queue, is_leased, attempts, last_reason,
  case when is_leased then 0 else (
    select count(*) from queue_messages other
    where other.queue = mine.queue and not other.is_leased
      and (other.available_at, other.id) < (mine.available_at, mine.id)) end as ahead
from mine`;

/** $1 attempts allowed, $2 reason. */
export const buryExhaustedSql = `
with gone as (
  delete from queue_messages where id in (
    select id from queue_messages
    where queue in ('standard', 'priority', 'reprocessing') and available_at <= clock_timestamp() and attempts >= $1::int
    for update skip locked)
  returning *)
insert into queue_dead_letters (queue, crash_id, ruleset, attempts, reason)
select queue, crash_id, ruleset, attempts, coalesce(last_reason || '; ', '') || $2 from gone`;

/** $1 crash ids, or null for all. */
export const replaySql = `
with back as (
  delete from queue_dead_letters where $1::text[] is null or crash_id = any($1::text[]) returning *)
insert into queue_messages (queue, crash_id, ruleset) select queue, crash_id, ruleset from back`;

/** $1 the last id of the page before. */
export const heldSql = `
select id, crash_id from queue_messages where id > $1 order by id limit 10000`;

export const depthsSql = `
select queue,
  count(*) filter (where not (is_leased and available_at > clock_timestamp())) as waiting,
  count(*) filter (where is_leased and available_at > clock_timestamp()) as leased,
  extract(epoch from clock_timestamp() - min(published_at)
    filter (where not (is_leased and available_at > clock_timestamp())))::float8 as age
from queue_messages group by queue`;
