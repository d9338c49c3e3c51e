// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../options.ts';
import { postgresLimits } from './limits.ts';

export const databaseOptions = declareOptions('database', 'PostgreSQL: an own server, or the embedded one', {
  url: option.text(
    '',
    'URL of a PostgreSQL server (14 or later), e.g. postgresql://salvage@db/salvage. Empty = `serve` starts its own.',
    { secret: true, aliases: ['DATABASE_URL'] },
  ),
  directUrl: option.text(
    '',
    'URL past a connection pooler such as pgbouncer, for LISTEN and advisory locks. Empty = same as the URL.',
    { secret: true, aliases: ['DATABASE_DIRECT_URL'] },
  ),
  connectionsMax: option.integer(
    postgresLimits.poolConnectionsMax.value,
    1,
    1000,
    'Connections this process may open.',
  ),
  statementTimeoutMs: option.duration(30_000, 'Statements that take longer are cancelled by the server.'),
});
