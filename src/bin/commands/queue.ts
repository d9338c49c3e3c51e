// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import type { CrashQueue, QueueName } from '../../queue/crash-queue.ts';
import { queueNames } from '../../queue/crash-queue.ts';
import { openContext } from '../context.ts';
import { queueOptions } from '../options.ts';
import { openDatabase } from '../parts/database.ts';
import { openQueue } from '../parts/queues.ts';

/** `salvage queue ls|publish|dead|replay`. */
export function addQueueCommand(program: Command): void {
  const queue = program.command('queue').description('look into the queue, publish crash ids, replay dead letters');
  queue
    .command('ls')
    .description('how many crashes wait, and for how long')
    .action(() =>
      withQueue(async (one) => {
        for (const { queue: name, waiting, leased, oldestAgeS } of await one.depths()) {
          const age = oldestAgeS === null ? '' : `, oldest ${Math.round(oldestAgeS)} s`;
          process.stdout.write(`${name}: ${waiting} waiting, ${leased} taken${age}\n`);
        }
      }),
    );
  queue
    .command('publish')
    .description('publish crash ids')
    .argument('<ids...>', 'with or without bp-')
    .option('--queue <name>', queueNames.join(', '), 'standard')
    .option('--ruleset <name>', 'rule set to process with')
    .action((ids: string[], options: { queue: string; ruleset?: string }) =>
      withQueue(async (one) => {
        const name = queueNames.find((known) => known === options.queue);
        if (!name) throw new Error(`there is no queue ${options.queue}; there are ${queueNames.join(', ')}`);
        await publishAll(one, name, ids, options.ruleset);
        process.stdout.write(`${ids.length} published\n`);
      }),
    );
  queue
    .command('dead')
    .description('crashes given up, with their reasons')
    .option('--limit <n>', 'at most that many', '100')
    .action(({ limit }: { limit: string }) =>
      withQueue(async (one) => {
        for (const letter of await one.deadLetters({ limit: Number(limit) || 100 })) {
          const { crashId, queue: name, attempts, diedAt, reason } = letter;
          process.stdout.write(
            `${crashId}\t${name}\t${attempts}\t${diedAt?.toISOString() ?? ''}\t${reason.replace(/\s+/g, ' ')}\n`,
          );
        }
      }),
    );
  queue
    .command('replay')
    .description('put dead letters back into their queues')
    .argument('[ids...]', 'these only')
    .option('--all', 'all of them')
    .action((ids: string[], options: { all?: boolean }) =>
      withQueue(async (one) => {
        if (ids.length === 0 && !options.all) throw new Error('name crash ids, or say --all');
        const count = await one.replayDeadLetters(ids.length ? ids.map(bare) : undefined);
        process.stdout.write(`${count} replayed\n`);
      }),
    );
}

const bare = (id: string) => id.replace(/^bp-/, '');

async function publishAll(
  queue: CrashQueue,
  name: QueueName,
  ids: readonly string[],
  ruleset: string | undefined,
): Promise<void> {
  for (const id of ids) await queue.publish(name, { crashId: bare(id), ...(ruleset === undefined ? {} : { ruleset }) });
}

async function withQueue(work: (queue: CrashQueue) => Promise<void>): Promise<void> {
  const context = await openContext('queue', { logsTo: 'stderr', announcesConfig: false });
  try {
    const configured = context.config.valuesOf(queueOptions).class || 'postgres';
    const database = configured === 'postgres' ? await openDatabase(context) : null;
    await work(await openQueue(context, 'postgres', database));
  } finally {
    await context.releasers.releaseAll();
  }
}
