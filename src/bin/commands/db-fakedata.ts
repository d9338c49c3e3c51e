// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { type FakeCrash, fakeCrashesOf } from '../../crash/fake-crash.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import { eachConcurrently } from '../../lib/each-concurrently.ts';
import { SalvageError } from '../../lib/errors.ts';
import { option } from '../../lib/options.ts';
import { PostgresSearch } from '../../search/postgres-search.ts';
import { makeReportRow } from '../../search/report-row.ts';
import { crashDataFromProcessedCrash, generateSignature, type Siglists } from '../../signature/signature.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { readAs } from '../argument.ts';
import { openContext } from '../context.ts';
import { binErrors } from '../errors.ts';
import { openDatabase } from '../parts/database.ts';
import { openSignatureLists } from '../parts/processing.ts';
import { openStorage } from '../parts/storages.ts';

interface FakeDataOptions {
  readonly days: number;
  readonly perDay: number;
  readonly seed: number;
  readonly force?: boolean;
}

const dayMs = 86_400_000;
const batchReports = 50;
const savesAtOnce = 8;
/** What is invented, here and by `salvage demo`. */
const products: ReadonlySet<string> = new Set(['Lantern', 'Tidepool', 'Kestrel']);

/** `salvage db fakedata`: a site that looks as if it had run for days. */
export function addFakeDataCommand(db: Command): void {
  db.command('fakedata')
    .description('fill storage and index with invented crashes of invented programs, to try out pages and searches')
    .option('--days <n>', 'so many days, today included', readAs(option.integer(7, 1, 180, '')), 7)
    .option('--per-day <n>', 'so many crashes a day', readAs(option.integer(100, 1, 20_000, '')), 100)
    .option(
      '--seed <n>',
      'another number makes other crashes; the same one the same',
      readAs(option.integer(1, 0, 1_000_000, '')),
      1,
    )
    .option('--force', 'also where the site has reports of its own')
    .action((options: FakeDataOptions) => fakeData(options));
}

async function fakeData({ days, perDay, seed, force }: FakeDataOptions): Promise<void> {
  const context = await openContext('db', { logsTo: 'stderr', announcesConfig: false });
  try {
    const database = await openDatabase(context);
    const index = new PostgresSearch({ pool: database.pool });
    const real = (await index.productsSeen()).filter(({ product }) => !products.has(product));
    if (real.length > 0 && !force)
      throw new SalvageError(
        binErrors.site_in_use,
        `there are reports of ${real.map(({ product }) => product).join(', ')}`,
      );
    const storage = await openStorage(context, 'fs', database);
    const lists = openSignatureLists(context).current;
    const now = context.clock.now();
    let done = 0;
    for (let age = days - 1; age >= 0; age--) {
      const day = new Date(Math.floor(now.getTime() / dayMs) * dayMs - age * dayMs);
      const crashes = fakeCrashesOf(day, perDay, seed).filter(
        ({ processed }) => String(processed['date_processed']) <= now.toISOString(),
      );
      for (let at = 0; at < crashes.length; at += batchReports)
        done += await write(crashes.slice(at, at + batchReports), storage, index, lists);
      if (process.stderr.isTTY) process.stderr.write(`\r${done} crashes`);
    }
    process.stdout.write(`${done} invented crashes of ${days} day${days === 1 ? '' : 's'} are stored and indexed\n`);
  } finally {
    await context.releasers.releaseAll();
  }
}

async function write(
  crashes: readonly FakeCrash[],
  storage: CrashStorage,
  index: PostgresSearch,
  lists: Siglists,
): Promise<number> {
  const signed = crashes.map((crash) => ({ ...crash, processed: withSignature(crash.processed, lists) }));
  await eachConcurrently(signed, savesAtOnce, async ({ crashId, rawCrash, processed }) => {
    await storage.saveRawCrash({ crashId, rawCrash, rawCrashJson: Buffer.from(JSON.stringify(rawCrash)), dumps: [] });
    await storage.saveProcessedCrash(crashId, processed, rawCrash);
  });
  await index.indexReports(
    signed.map(({ crashId, rawCrash, processed }) => makeReportRow(crashId, processed, rawCrash)),
  );
  return signed.length;
}

function withSignature(processed: ProcessedCrash, lists: Siglists): ProcessedCrash {
  const made = generateSignature(crashDataFromProcessedCrash(processed), { lists, era: 'today', provisional: false });
  return {
    ...processed,
    signature: made.signature,
    ...(made.proto_signature === null ? {} : { proto_signature: made.proto_signature }),
    signature_explanation: JSON.parse(JSON.stringify(made.explanation)),
  };
}
