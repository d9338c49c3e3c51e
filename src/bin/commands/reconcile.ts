// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { option } from '../../lib/options.ts';
import { type Finding, recentDays, reconcile } from '../../mover/reconcile.ts';
import { readAs } from '../argument.ts';
import { openContext } from '../context.ts';
import { openConfiguredQueue } from '../parts/configured-queue.ts';
import { countsText, progressLine, stopSignal, tellEnd } from '../parts/crash-choice.ts';
import { openNamedStorage } from '../parts/named-storage.ts';

interface ReconcileOptions {
  readonly date?: readonly string[];
  readonly days: number;
  readonly store?: string;
  readonly processed?: string;
  readonly grace: number;
  readonly concurrency: number;
  readonly repair?: boolean;
  readonly json?: boolean;
}

/** `salvage reconcile`: what is stored, announced and processed must fit together. */
export function addReconcileCommand(program: Command): void {
  program
    .command('reconcile')
    .description('find crashes that are stored but will never be processed, and ids whose crash is not there')
    .option('--date <YYYYMMDD>', 'a day to look at; repeat for more', addDay)
    .option('--days <n>', 'without --date: today and so many days before', wholeNumber, 1)
    .option('--store <store>', 'store of raw crashes instead of the configured one')
    .option('--processed <store>', 'store of processed crashes, where it is another one')
    .addOption(
      new Option('--grace <time>', 'younger crashes are still on their way')
        .argParser(readAs(option.duration(0, '')))
        .default(10 * 60_000, '10m'),
    )
    .option('--concurrency <n>', 'crashes looked at at a time', wholeNumber, 8)
    .option('--repair', 'publish the ids of crashes that nobody will process')
    .option('--json', 'one JSON object a finding')
    .action(run);
}

function addDay(text: string, days: readonly string[] = []): string[] {
  if (!/^\d{8}$/.test(text)) throw new InvalidArgumentError('write it as 20261120');
  return [...days, text];
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

async function run(options: ReconcileOptions): Promise<void> {
  const context = await openContext('reconcile', { logsTo: 'stderr', announcesConfig: false });
  const signal = stopSignal();
  try {
    const storage = await openNamedStorage(context, options.store);
    const counts = await reconcile({
      storage,
      processed: options.processed === undefined ? storage : await openNamedStorage(context, options.processed),
      queue: await openConfiguredQueue(context),
      days: options.date ?? recentDays(context.clock.now(), options.days),
      graceMs: options.grace,
      repairs: options.repair === true,
      concurrency: Math.max(1, options.concurrency),
      clock: context.clock,
      onFinding: (finding) =>
        process.stdout.write(`${options.json ? JSON.stringify(finding) : findingLine(finding)}\n`),
      onProgress: progressLine(),
      signal,
    });
    tellEnd(countsText(counts));
    const found = counts.unannounced + counts.unprocessed + counts.given_up + counts.absent;
    process.exitCode = found > counts.repaired || signal.aborted ? 1 : 0;
  } finally {
    await context.releasers.releaseAll();
  }
}

function findingLine({ kind, crashId, detail, isRepaired }: Finding): string {
  return `${kind.padEnd(12)}  ${crashId}  ${detail}${isRepaired ? '  (published again)' : ''}`;
}
