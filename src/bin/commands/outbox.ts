// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { databaseOptions } from '../../lib/postgres/options.ts';
import { storageLimits } from '../../storage/limits.ts';
import type { OutboxAdmin } from '../../storage/outbox.ts';
import { openContext } from '../context.ts';
import { openDatabase } from '../parts/database.ts';
import { openOutbox } from '../parts/storage-factories.ts';

const kinds = ['raw', 'processed', 'destination'] as const;

/** `salvage outbox ls|retry|drop`: what some destinations still lack. */
export function addOutboxCommand(program: Command): void {
  const outbox = program.command('outbox').description('crashes that some destinations still lack');
  outbox
    .command('ls')
    .description('what is owed, to whom, since when, and why')
    .action(() =>
      withOutboxes(async (boxes) => {
        for (const [kind, box] of boxes) {
          for (const debt of await box.list(storageLimits.outboxShownMax.value)) {
            const { destination, crashId, attempts, owedSince, reason } = debt;
            process.stdout.write(
              `${destination}\t${kind}\t${crashId}\t${attempts}\t${owedSince.toISOString()}\t${reason.replace(/\s+/g, ' ')}\n`,
            );
          }
        }
      }),
    );
  outbox
    .command('retry')
    .description('try again now instead of later')
    .argument('[destination]', 'only what is owed to this one')
    .action((destination: string | undefined) =>
      withOutboxes(async (boxes) => {
        let count = 0;
        for (const [, box] of boxes) count += await box.retryNow(destination);
        process.stdout.write(`${count} due now\n`);
      }),
    );
  outbox
    .command('drop')
    .description('forget what is owed to a destination, or one crash of it')
    .argument('<destination>')
    .argument('[id]')
    .action((destination: string, id: string | undefined) =>
      withOutboxes(async (boxes) => {
        let count = 0;
        for (const [, box] of boxes) count += await box.drop(destination, id?.replace(/^bp-/, ''));
        process.stdout.write(`${count} dropped\n`);
      }),
    );
}

async function withOutboxes(
  work: (boxes: readonly (readonly [string, OutboxAdmin])[]) => Promise<void>,
): Promise<void> {
  const context = await openContext('outbox', { logsTo: 'stderr', announcesConfig: false });
  try {
    // Debts are in PostgreSQL where there is one, else, and from its outages, in files.
    const isConfigured = context.config.valuesOf(databaseOptions).url !== '';
    const hasDatabase = isConfigured || existsSync(join(context.dataDir, 'postgres'));
    const database = hasDatabase ? await openDatabase(context) : null;
    const places = database ? [database, null] : [null];
    const opened = places.flatMap((place) =>
      kinds.map(async (kind) => [kind, await openOutbox(context, place, kind)] as const),
    );
    await work(await Promise.all(opened));
  } finally {
    await context.releasers.releaseAll();
  }
}
