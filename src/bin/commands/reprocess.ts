// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { SalvageError } from '../../lib/errors.ts';
import { processorErrors } from '../../processor/errors.ts';
import { makeIndexFinder } from '../../processor/index-finder.ts';
import { loadPipelines } from '../../processor/load-settings.ts';
import { processorOptions } from '../../processor/options.ts';
import { signingOf } from '../../processor/presets.ts';
import {
  type CrashFinder,
  namedCrashIds,
  type ReprocessFilter,
  reprocess,
  reprocessDryRun,
} from '../../processor/reprocess.ts';
import { PostgresSearch } from '../../search/postgres-search.ts';
import { signatureOptions } from '../../signature/options.ts';
import { crashDataFromProcessedCrash, generateSignature } from '../../signature/signature.ts';
import { openContext, type ProcessContext } from '../context.ts';
import { progressLine, stopSignal, tellEnd } from '../parts/crash-choice.ts';
import { type Database, openDatabase } from '../parts/database.ts';
import { openQueue } from '../parts/queues.ts';
import { openStorage } from '../parts/storages.ts';
import { openSiglists } from '../siglist-directory.ts';

interface ReprocessCommandOptions {
  readonly signature?: string;
  readonly product?: string;
  readonly since?: string;
  readonly missingSymbols?: string;
  readonly ruleset: string;
  readonly dryRun?: boolean;
}

/** `salvage reprocess`: puts crashes into the reprocessing queue, or says what that would change. */
export function addReprocessCommand(program: Command): void {
  program
    .command('reprocess')
    .description('process crashes again: those of these ids, or all that meet every condition given')
    .argument('[ids...]', 'crash ids, with or without bp-')
    .option('--signature <text>', 'crashes of exactly this signature')
    .option('--product <name>', 'crashes of this product')
    .option('--since <date>', 'crashes received since this date, e.g. 2026-11-20')
    .option(
      '--missing-symbols <module>',
      'crashes for which symbols were missing: file name (as in missing_symbols) or debug id of the module',
    )
    .option('--ruleset <name>', 'rule set; regenerate_signature leaves the walk as it is', 'default')
    .option('--dry-run', 'only say how many signatures would change, made anew from the stored walks')
    .action(async (ids: string[], options: ReprocessCommandOptions) => {
      const filter = filterOf(ids, options);
      namedCrashIds(filter);
      const context = await openContext('reprocess', { logsTo: 'stderr', announcesConfig: false });
      try {
        process.exitCode = await run(filter, options, context);
      } finally {
        await context.releasers.releaseAll();
      }
    });
}

function filterOf(ids: readonly string[], options: ReprocessCommandOptions): ReprocessFilter {
  const since = options.since === undefined ? undefined : new Date(options.since);
  if (since && Number.isNaN(since.getTime()))
    throw new SalvageError(processorErrors.bad_reprocess_filter, `${JSON.stringify(options.since)} is no date`);
  return {
    ...(ids.length > 0 ? { crashIds: ids } : {}),
    ...(options.signature === undefined ? {} : { signature: options.signature }),
    ...(options.product === undefined ? {} : { product: options.product }),
    ...(since ? { since } : {}),
    ...(options.missingSymbols === undefined ? {} : { missingSymbols: options.missingSymbols }),
  };
}

/** Returns the exit code: 1 if a crash could not be queued or read. */
async function run(
  filter: ReprocessFilter,
  { ruleset, dryRun }: ReprocessCommandOptions,
  context: ProcessContext,
): Promise<number> {
  const database = await openDatabase(context);
  const finder = makeIndexFinder(new PostgresSearch({ pool: database.pool }), context.clock);
  if (dryRun) return showChanges(filter, finder, database, context);
  const pipelines = await loadPipelines(context.config.valuesOf(processorOptions), context.dataDir);
  const queue = await openQueue(context, 'postgres', database);
  const show = progressLine();
  const { done, failed, errors } = await reprocess(filter, ruleset, {
    finder,
    queue,
    pipelines,
    signal: stopSignal(),
    onProgress: (progress) => show({ queued: progress.done, failed: progress.failed }),
  });
  tellEnd(`${done} crashes queued, ${failed} failed`);
  for (const error of errors) process.stderr.write(`  ${error}\n`);
  return failed > 0 ? 1 : 0;
}

/** Writes a line for each crash whose signature would change: id, signature before, signature after. */
async function showChanges(
  filter: ReprocessFilter,
  finder: CrashFinder,
  database: Database,
  context: ProcessContext,
): Promise<number> {
  const { ruleSet } = context.config.valuesOf(processorOptions);
  const { listDirectory: directory } = context.config.valuesOf(signatureOptions);
  const storage = await openStorage(context, 'fs', database);
  const { lists, close } = openSiglists({ directory, reloadIntervalMs: 0, logger: context.logger });
  context.releasers.add('signature lists', close);
  const options = { lists: lists.current, ...signingOf(ruleSet) };
  const { done, changed, failed } = await reprocessDryRun(filter, {
    finder,
    signal: stopSignal(),
    onProgress: progressLine(),
    getProcessed: (crashId) => storage.getProcessedCrash(crashId),
    newSignatureOf: (processed) => generateSignature(crashDataFromProcessedCrash(processed), options).signature,
    onChange: ({ crashId, before, after }) => process.stdout.write(`${crashId}\t${before ?? ''}\t${after}\n`),
  });
  tellEnd(`${changed} of ${done} signatures would change; ${failed} crashes could not be read`);
  return failed > 0 ? 1 : 0;
}
