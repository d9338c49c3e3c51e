// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash, randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { replayFromStorage, replayFromTree } from '../../client/replay-sources.ts';
import { type ReplayItem, replayCrashes, type SubmitterParts } from '../../client/submitter.ts';
import { dateOf, isCrashId } from '../../crash/crash-id.ts';
import { backoffMs } from '../../lib/backoff.ts';
import { DoneLog } from '../../lib/done-log.ts';
import { errorText } from '../../lib/errors.ts';
import { numbered } from '../../lib/numbered.ts';
import { openContext, type ProcessContext } from '../context.ts';
import { intakeUrl, localSiteText } from '../intake-url.ts';
import {
  type CrashChoice,
  chosenCrashes,
  countsText,
  progressLine,
  stopSignal,
  tellEnd,
  withCrashChoice,
} from '../parts/crash-choice.ts';
import { openNamedStorage } from '../parts/named-storage.ts';

interface SubmitterOptions extends CrashChoice {
  readonly to?: string;
  readonly from?: string;
  readonly tree?: string;
  readonly suffix: string;
  readonly token?: string;
  readonly delay: number;
  readonly concurrency: number;
  readonly attempts: number;
  readonly resume?: string;
  readonly dryRun?: boolean;
  readonly verbose?: boolean;
}

/** `salvage submitter`: stored crashes, sent again to a collector. */
export function addSubmitterCommand(program: Command): void {
  const command = program
    .command('submitter')
    .description('send stored crashes to a collector as their clients did: from a store, a tree of files, or a query')
    .option('--to <url>', `address of the intake (${localSiteText})`)
    .option('--token <token>', 'bearer token of that collector: crashes keep their ids')
    .option('--from <store>', 'store to read instead of the configured one: a type, s3://bucket, fs:/path, or JSON')
    .option('--tree <directory>', 'read STEM.json and STEM.dump, STEM.NAME.dump anywhere below this directory instead')
    .option('--suffix <text>', 'how dumps in such a tree end', '.dump');
  withCrashChoice(command)
    .option('--delay <ms>', 'pause of each sender after a crash', count, 0)
    .option('--concurrency <n>', 'crashes at a time', count, 1)
    .option('--attempts <n>', 'tries of one crash while the collector is away or busy', count, 8)
    .option('--resume <directory>', 'remember there what was sent; the next run goes on after it')
    .option('--dry-run', 'read everything, send nothing')
    .option('-v, --verbose', 'print every answer')
    .action(submitStored);
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

async function submitStored(options: SubmitterOptions): Promise<void> {
  const context = await openContext('submitter', { logsTo: 'stderr', announcesConfig: false });
  const signal = stopSignal();
  try {
    const items = await itemsOf(options, context, signal);
    const progress = await replayCrashes(items, partsOf(options, context, signal));
    tellEnd(countsText(progress));
    process.exitCode = progress.failed > 0 || signal.aborted ? 1 : 0;
  } finally {
    await context.releasers.releaseAll();
  }
}

async function itemsOf(
  options: SubmitterOptions,
  context: ProcessContext,
  signal: AbortSignal,
): Promise<AsyncIterable<ReplayItem>> {
  const { tree, suffix, number } = options;
  const noPause = async () => {};
  if (tree !== undefined) return numbered(() => replayFromTree(tree, suffix), number, noPause, signal);
  const storage = await openNamedStorage(context, options.from);
  return replayFromStorage(storage, await chosenCrashes(options, storage, context, signal));
}

function partsOf(options: SubmitterOptions, context: ProcessContext, signal: AbortSignal): SubmitterParts {
  return {
    url: intakeUrl(options.to),
    token: options.token ?? null,
    isDryRun: options.dryRun === true,
    concurrency: Math.max(1, options.concurrency),
    delayMs: options.delay,
    timeoutMs: 60_000,
    attemptsMax: Math.max(1, options.attempts),
    retryWaitMs: backoffMs,
    randomHex: (digits) => randomBytes(digits).toString('hex').slice(0, digits),
    clock: context.clock,
    done: options.resume === undefined ? null : new DoneLog(options.resume, groupOf),
    onProgress: progressLine(),
    onFailure: (key, error) => process.stderr.write(`${key}: ${errorText(error)}\n`),
    ...(options.verbose
      ? { onSent: (key: string, answer: string) => process.stdout.write(`${key}\t${answer}\n`) }
      : {}),
    signal,
  };
}

/** One file a day of crash ids; paths in a hundred files. */
function groupOf(key: string): string {
  return isCrashId(key) ? dateOf(key) : `path${createHash('sha256').update(key).digest().readUInt16BE(0) % 100}`;
}
