// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Command, InvalidArgumentError } from 'commander';
import { dateOf } from '../../crash/crash-id.ts';
import { errorText, isErrorOf } from '../../lib/errors.ts';
import { parseUtcDate } from '../../search/parse-dates.ts';
import { PostgresSearch } from '../../search/postgres-search.ts';
import { makeReportRow, type ReportRow } from '../../search/report-row.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { storageErrors } from '../../storage/errors.ts';
import { openContext } from '../context.ts';
import { openDatabase } from '../parts/database.ts';
import { openStorage } from '../parts/storages.ts';

const batchRows = 50;

/** `salvage reindex`: fills the search index from storage, which is the system of record. */
export function addReindexCommand(program: Command): void {
  program
    .command('reindex')
    .description('fill the search index from storage; safe beside a running site, reports are indexed once')
    .option('--since <date>', 'only crashes received on this day or later, as YYYY-MM-DD', asDay)
    .action(async (options: { since?: string }) => {
      const context = await openContext('reindex', { logsTo: 'stderr', announcesConfig: false });
      try {
        const database = await openDatabase(context);
        const storage = await openStorage(context, 'fs', database);
        const { done, failed } = await reindex(storage, new PostgresSearch({ pool: database.pool }), options.since);
        process.stdout.write(`${done} reports indexed, ${failed} could not be read\n`);
        if (failed > 0) process.exitCode = 1;
      } finally {
        await context.releasers.releaseAll();
      }
    });
}

/** `2026-11-20` as the digits that stand in crash ids. */
function asDay(text: string): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && parseUtcDate(text) !== null;
  if (!isDay) throw new InvalidArgumentError('write it as 2026-11-20');
  return text.replaceAll('-', '');
}

async function reindex(
  storage: CrashStorage,
  index: PostgresSearch,
  since: string | undefined,
): Promise<{ done: number; failed: number }> {
  let [done, failed] = [0, 0];
  let rows: ReportRow[] = [];
  const flush = async () => {
    await index.indexReports(rows);
    done += rows.length;
    rows = [];
    if (process.stderr.isTTY) process.stderr.write(`\r${done} reports indexed`);
  };
  for await (const crashId of storage.listCrashIds()) {
    if (since !== undefined && dateOf(crashId) < since) continue;
    try {
      const [processed, rawCrash] = await Promise.all([
        storage.getProcessedCrash(crashId),
        storage.getRawCrash(crashId),
      ]);
      rows.push(makeReportRow(crashId, processed, rawCrash));
    } catch (error) {
      // Not processed yet is no failure: the processor will index it.
      if (isErrorOf(error, storageErrors.crash_not_found)) continue;
      failed += 1;
      process.stderr.write(`${crashId}: ${errorText(error)}\n`);
    }
    if (rows.length >= batchRows) await flush();
  }
  if (rows.length > 0) await flush();
  return { done, failed };
}
