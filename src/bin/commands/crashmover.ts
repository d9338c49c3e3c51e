// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { backoffMs } from '../../lib/backoff.ts';
import { handOut, moveCrashes, takeClaimed, takeFromQueue } from '../../mover/crashmover.ts';
import { type CopyContent, copyContents, failureText } from '../../mover/storage-copy.ts';
import { type QueueName, queueNames } from '../../queue/crash-queue.ts';
import { openContext } from '../context.ts';
import { queueOptions } from '../options.ts';
import { openConfiguredQueue } from '../parts/configured-queue.ts';
import {
  type CrashChoice,
  chosenCrashes,
  countsText,
  newCrashes,
  progressLine,
  stopSignal,
  tellEnd,
  withCrashChoice,
} from '../parts/crash-choice.ts';
import { openNamedStorage } from '../parts/named-storage.ts';

interface CrashmoverOptions extends CrashChoice {
  readonly from?: string;
  readonly to: string;
  readonly takeFromQueue?: boolean;
  readonly takeNew?: boolean;
  readonly announce?: QueueName;
  readonly content: CopyContent;
  readonly deleteSource?: boolean;
  readonly verify: boolean;
  readonly concurrency: number;
  readonly attempts: number;
  readonly dryRun?: boolean;
}

/** `salvage crashmover`: crashes from any store to any other, as their ids come. */
export function addCrashmoverCommand(program: Command): void {
  const command = program
    .command('crashmover')
    .description('move crashes from one store to another: save, prove, announce, and only then delete the source')
    .requiredOption('--to <store>', 'store to write: a type, s3://bucket, fs:/path, or JSON')
    .option('--from <store>', 'store to read instead of the configured one')
    .addOption(
      new Option('--take-from-queue', 'crash ids come from the configured queue and are acked once moved').conflicts(
        'takeNew',
      ),
    )
    .option('--take-new', 'crashes come from the slots of a dated tree, and leave them once moved');
  withCrashChoice(command)
    .addOption(new Option('--announce <queue>', 'publish each id once its crash is stored').choices(queueNames))
    .addOption(new Option('--content <what>', 'what is moved').choices(copyContents).default('raw'))
    .option('--delete-source', 'delete each crash from the source once every byte of its copy is proved')
    .option('--no-verify', 'do not read copies back')
    .option('--concurrency <n>', 'crashes at a time', positive, 8)
    .option('--attempts <n>', 'tries of one crash while a store is away', positive, 8)
    .option('--dry-run', 'only say what would be moved')
    .action(move);
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('must be a number above 0');
  return Number(text);
}

async function move(options: CrashmoverOptions): Promise<void> {
  const context = await openContext('crashmover', { logsTo: 'stderr', announcesConfig: false });
  const signal = stopSignal();
  try {
    const source = await openNamedStorage(context, options.from);
    const destination = await openNamedStorage(context, options.to);
    const queue = options.announce || options.takeFromQueue ? await openConfiguredQueue(context) : null;
    const { concurrency } = options;
    const { leaseMs } = context.config.valuesOf(queueOptions);
    const crashes =
      options.takeFromQueue && queue
        ? takeFromQueue(queue, { concurrency, leaseMs, signal })
        : options.takeNew
          ? takeClaimed(newCrashes(options, source, context, signal))
          : handOut(await chosenCrashes(options, source, context, signal));
    const progress = await moveCrashes(crashes, {
      source,
      destination,
      content: options.content,
      verifies: options.verify,
      deletesSource: options.deleteSource === true,
      isDryRun: options.dryRun === true,
      concurrency,
      clock: context.clock,
      attemptsMax: options.attempts,
      retryWaitMs: backoffMs,
      announce: options.announce && queue ? { queue, name: options.announce } : null,
      onProgress: progressLine(),
      onFailure: (crashId, error) => process.stderr.write(`${crashId}: ${failureText(error)}\n`),
      signal,
    });
    tellEnd(countsText(progress));
    process.exitCode = progress.failed > 0 ? 1 : 0;
  } finally {
    await context.releasers.releaseAll();
  }
}
