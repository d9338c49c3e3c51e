// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Pool } from '../lib/postgres/pool.ts';

interface MissingModule {
  readonly debugFile: string;
  readonly debugId: string;
  readonly codeFile: string;
  readonly codeId: string;
}

/** Characters of a name that are kept; names come from hostile dumps. */
const nameCharactersMax = 255;

/** Remembers in PostgreSQL which symbols crashes waited for; once a crash and module. */
export class PostgresMissingSymbols {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async record(crashId: string, dateProcessed: string, modules: readonly MissingModule[]): Promise<void> {
    if (modules.length === 0) return;
    const clean = (text: string) => text.replaceAll('\0', '').slice(0, nameCharactersMax).toWellFormed();
    await this.#pool.query(
      `insert into missing_symbols (seen_on, crash_id, debug_file, debug_id, code_file, code_id)
       select to_date($1, 'YYYYMMDD'), $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[])
       on conflict do nothing`,
      [
        dateProcessed,
        crashId,
        modules.map((module) => clean(module.debugFile)),
        modules.map((module) => clean(module.debugId)),
        modules.map((module) => clean(module.codeFile)),
        modules.map((module) => clean(module.codeId)),
      ],
    );
  }

  /** The modules that most crashes of the last days waited for. */
  async wanted(
    days: number,
    limit: number,
  ): Promise<readonly { readonly debugFile: string; readonly debugId: string; readonly reportCount: number }[]> {
    const { rows } = await this.#pool.query<{ debug_file: string; debug_id: string; n: number }>(
      `select debug_file, debug_id, count(*) as n from missing_symbols
       where seen_on > current_date - $1::int group by 1, 2 order by n desc, 1, 2 limit $2`,
      [days, limit],
    );
    return rows.map(({ debug_file, debug_id, n }) => ({ debugFile: debug_file, debugId: debug_id, reportCount: n }));
  }
}
