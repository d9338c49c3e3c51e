// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { type CrashId, isCrashId } from '../../crash/crash-id.ts';
import type { Dump } from '../../crash/dump.ts';
import type { RawCrash } from '../../crash/raw-crash.ts';
import { readRange } from '../../lib/durable-files.ts';
import { isErrorOf, SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import { type CrashProgress, copyCrashes, type EachCrashOptions, verifyCrashes } from '../../storage/copy-crashes.ts';
import type { CrashStorage, ListFilter } from '../../storage/crash-storage.ts';
import { storageErrors } from '../../storage/errors.ts';
import { readReport } from '../../storage/read-report.ts';
import { applyRetention, planRetention } from '../../storage/retention.ts';
import { openContext, type ProcessContext } from '../context.ts';
import { openNamedStorage } from '../parts/named-storage.ts';

interface StoreOption {
  readonly store?: string;
}
interface FilterOptions extends StoreOption {
  readonly date?: string;
  readonly prefix?: string;
  readonly concurrency: string;
}

const storeHelp = 'store instead of the configured one: a type, s3://bucket, fs:/path, or JSON';

/** `salvage storage ls|get|put|copy|verify|rm|prune` over any configured or named store. */
export function addStorageCommand(program: Command): void {
  const storage = program.command('storage').description('look into stores, copy between them, verify, delete');
  filtered(storage.command('ls').description('print crash ids')).action((options: FilterOptions) =>
    withStore(options.store, async (store) => {
      for await (const crashId of store.listCrashIds(filterOf(options))) process.stdout.write(`${crashId}\n`);
    }),
  );
  storage
    .command('get')
    .description('write raw crash, dumps and processed crash of one crash into a directory')
    .argument('<id>')
    .argument('[directory]', 'made when missing', '.')
    .option('--store <store>', storeHelp)
    .action((id: string, directory: string, options: StoreOption) =>
      withStore(options.store, (store) => getCrash(store, idOf(id), directory)),
    );
  storage
    .command('put')
    .description('save a crash from a directory that `get` wrote')
    .argument('<id>')
    .argument('<directory>')
    .option('--store <store>', storeHelp)
    .action((id: string, directory: string, options: StoreOption) =>
      withStore(options.store, (store) => putCrash(store, idOf(id), directory)),
    );
  filtered(storage.command('copy').description('copy crashes; what is there already is skipped, so it can be resumed'))
    .argument('<from>', 'store to read')
    .argument('<to>', 'store to write')
    .action(copy);
  filtered(storage.command('verify').description('read every crash whole and check it')).action(verify);
  storage
    .command('rm')
    .description('delete crashes')
    .argument('<ids...>')
    .option('--store <store>', storeHelp)
    .action((ids: string[], options: StoreOption) =>
      withStore(options.store, async (store) => {
        for (const id of ids) await store.deleteCrash(idOf(id));
      }),
    );
  storage
    .command('prune')
    .description('delete the oldest days of crashes')
    .option('--days <n>', 'keep that many days')
    .option('--bytes <n>', 'keep at most that many bytes')
    .option('--dry-run', 'only say what would go')
    .option('--store <store>', storeHelp)
    .action(prune);
}

function filtered(command: Command): Command {
  return command
    .option('--date <YYYYMMDD>', 'only crashes submitted on that day')
    .option('--prefix <text>', 'only ids that begin with this')
    .option('--concurrency <n>', 'crashes at a time', '8')
    .option('--store <store>', storeHelp);
}

function filterOf({ date, prefix }: FilterOptions): ListFilter {
  return { ...(date === undefined ? {} : { date }), ...(prefix === undefined ? {} : { prefix }) };
}

function idOf(text: string): CrashId {
  const crashId = text.replace(/^bp-/, '');
  if (isCrashId(crashId)) return crashId;
  throw new SalvageError(storageErrors.crash_not_found, `not a crash id: ${JSON.stringify(text)}`);
}

async function withContext(work: (context: ProcessContext) => Promise<void>): Promise<void> {
  const context = await openContext('storage', { logsTo: 'stderr', announcesConfig: false });
  try {
    await work(context);
  } finally {
    await context.releasers.releaseAll();
  }
}

function withStore(spec: string | undefined, work: (store: CrashStorage) => Promise<void>): Promise<void> {
  return withContext(async (context) => work(await openNamedStorage(context, spec)));
}

async function getCrash(store: CrashStorage, crashId: CrashId, directory: string): Promise<void> {
  const { rawCrashJson, dumps } = await readReport(store, crashId);
  await mkdir(directory, { recursive: true });
  for (const dump of dumps) {
    const file = join(directory, `${crashId}.${encodeURIComponent(dump.name)}.dump`);
    await pipeline(dump.open(), createWriteStream(file));
  }
  await writeFile(join(directory, `${crashId}.json`), rawCrashJson);
  try {
    const processed = await store.getProcessedCrash(crashId);
    await writeFile(join(directory, `${crashId}.processed.json`), JSON.stringify(processed, null, 2));
  } catch (error) {
    if (!isErrorOf(error, storageErrors.crash_not_found) && !isErrorOf(error, storageErrors.storage_unsupported))
      throw error;
  }
}

async function putCrash(store: CrashStorage, crashId: CrashId, directory: string): Promise<void> {
  const rawCrashJson = await readFile(join(directory, `${crashId}.json`));
  const rawCrash = JSON.parse(rawCrashJson.toString('utf8')) as RawCrash;
  const dumps: Dump[] = [];
  for (const file of await readdir(directory)) {
    if (!file.startsWith(`${crashId}.`) || !file.endsWith('.dump')) continue;
    const path = join(directory, file);
    const { size: sizeBytes } = await stat(path);
    const name = decodeURIComponent(file.slice(crashId.length + 1, -'.dump'.length));
    dumps.push({ name, sizeBytes, sha256: null, open: () => readRange(nodeFiles, path, 0, sizeBytes) });
  }
  await store.check();
  await store.saveRawCrash({ crashId, rawCrash, rawCrashJson, dumps });
}

async function copy(from: string, to: string, options: FilterOptions): Promise<void> {
  await withContext(async (context) => {
    const [source, target] = [await openNamedStorage(context, from), await openNamedStorage(context, to)];
    await target.check();
    finish(await copyCrashes(source, target, source.listCrashIds(filterOf(options)), eachOptions(options)), 'copied');
  });
}

async function verify(options: FilterOptions): Promise<void> {
  await withStore(options.store, async (store) =>
    finish(await verifyCrashes(store, store.listCrashIds(filterOf(options)), eachOptions(options)), 'whole'),
  );
}

function eachOptions({ concurrency }: FilterOptions): EachCrashOptions {
  return {
    concurrency: Math.max(1, Number(concurrency) || 1),
    onFailure: (crashId, reason) => process.stderr.write(`${crashId}: ${reason}\n`),
    onProgress({ done, skipped, failed }) {
      if (process.stderr.isTTY) process.stderr.write(`\r${done} done, ${skipped} skipped, ${failed} failed`);
    },
  };
}

function finish({ done, skipped, failed }: CrashProgress, word: string): void {
  process.stdout.write(`${done} ${word}, ${skipped} there already, ${failed} failed\n`);
  if (failed) process.exitCode = 1;
}

async function prune(options: StoreOption & { days?: string; bytes?: string; dryRun?: boolean }): Promise<void> {
  const rule = {
    daysMax: options.days === undefined ? null : Number(options.days),
    bytesMax: options.bytes === undefined ? null : Number(options.bytes),
  };
  if (Object.values(rule).some((value) => value !== null && !(value >= 0)))
    throw new Error('--days and --bytes take numbers');
  await withStore(options.store, async (store) => {
    const plan = await planRetention(store, rule, new Date());
    for (const { date, crashCount, goes } of plan) {
      process.stdout.write(`${date} ${crashCount} crashes ${goes ? (options.dryRun ? 'would go' : 'go') : 'stay'}\n`);
    }
    if (!options.dryRun) process.stdout.write(`${await applyRetention(store, plan)} deleted\n`);
  });
}
