// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Pool } from '../lib/postgres/pool.ts';
import { peopleLimits } from './limits.ts';
import type { AuditEntry } from './people.ts';

type Line = AuditEntry & { readonly happenedAt: Date };

/** Writes audit entries in the order they came, many in one statement; a page never waits for them. */
export class AuditWriter {
  readonly #pool: Pool;
  readonly #logger: Logger;
  #lines: Line[] = [];
  #writing: Promise<void> | null = null;

  constructor(options: { readonly pool: Pool; readonly logger: Logger }) {
    this.#pool = options.pool;
    this.#logger = options.logger.named('salvage.audit');
  }

  add(entry: AuditEntry, happenedAt: Date): void {
    this.#lines.push({ ...entry, happenedAt });
    this.#writing ??= this.#writeAll();
  }

  /** Resolves once everything added so far is written. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#lines.length > 0) {
      const batch = this.#lines.splice(0, 200);
      try {
        await this.#pool.query(
          `insert into audit (happened_at, account_id, account_name, token_id, address, action, object, reason)
           select * from jsonb_to_recordset($1::jsonb) as r (happened_at timestamptz, account_id bigint, account_name text,
             token_id bigint, address text, action text, object text, reason text)`,
          [JSON.stringify(batch.map(recordOf))],
        );
      } catch (error) {
        // The log is the second place for what the table could not take.
        for (const line of batch)
          this.#logger.error(`audit entry not written: ${JSON.stringify(recordOf(line))}: ${errorText(error)}`);
      }
    }
    this.#writing = null;
  }
}

/** What readers send becomes text that the table takes, so that one entry cannot spoil its batch. */
function clean(text: string): string {
  return text.replaceAll('\0', '\ufffd').slice(0, peopleLimits.auditObjectCharactersMax.value).toWellFormed();
}

function recordOf(line: Line): Record<string, unknown> {
  return {
    happened_at: line.happenedAt.toISOString(),
    account_id: line.reader.accountId,
    account_name: line.reader.name,
    token_id: line.reader.tokenId,
    address: line.address,
    action: line.action,
    object: clean(line.object),
    reason: line.reason === undefined ? null : clean(line.reason),
  };
}
