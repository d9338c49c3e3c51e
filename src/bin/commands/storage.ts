// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { type CrashId, isCrashId } from '../../crash/crash-id.ts';
import type { Dump } from '../../crash/dump.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { RawCrash } from '../../crash/raw-crash.ts';
import { backoffMs } from '../../lib/backoff.ts';
import { readRange } from '../../lib/durable-files.ts';
import { isErrorOf, SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import { copyCrashes, failureText } from '../../mover/storage-copy.ts';
import { type PrimaryDeferredStorage, primaryDeferredOf } from '../../storage/containers/primary-deferred-storage.ts';
import type { CrashStorage, ListFilter } from '../../storage/crash-storage.ts';
import { storageErrors } from '../../storage/errors.ts';
import { readReport } from '../../storage/read-report.ts';
import { applyRetention, planRetention } from '../../storage/retention.ts';
import { verifyCrashes } from '../../storage/verify-crashes.ts';
import { openContext, type ProcessContext } from '../context.ts';
import { progressLine, stopSignal } from '../parts/crash-choice.ts';
import { openNamedStorage } from '../parts/named-storage.ts';

interface StoreOption {
  readonly store?: string;
}
interface FilterOptions extends StoreOption {
  readonly date?: string;
  readonly prefix?: string;
}
interface EachOptions extends FilterOptions {
  readonly concurrency: number;
}

const storeHelp = 'store instead of the configured one: a type, s3://bucket, fs:/path, or JSON';

/** `salvage storage ls|get|put|copy|verify|rm|prune|promote` over any configured or named store. */
export function addStorageCommand(program: Command): void {
  const storage = program.command('storage').description('look into stores, copy between them, verify, delete');
  const add = (name: string, description: string) =>
    storage.command(name).description(description).option('--store <store>', storeHelp);
  filtered(add('ls', 'print crash ids'))
    .option('--deferred', 'those that a primary-deferred store keeps apart')
    .action(list);
  add('get', 'write raw crash, dumps and processed crash of one crash into a directory')
    .argument('<id>')
    .argument('[directory]', 'made when missing', '.')
    .action((id: string, directory: string, options: StoreOption) =>
      withStore(options.store, (store) => getCrash(store, idOf(id), directory)),
    );
  add('put', 'save a crash from a directory that `get` wrote')
    .argument('<id>')
    .argument('<directory>')
    .action((id: string, directory: string, options: StoreOption) =>
      withStore(options.store, (store) => putCrash(store, idOf(id), directory)),
    );
  each(filtered(storage.command('copy').description('copy crashes; what is there already is skipped, so run it again')))
    .argument('<from>', 'store to read: a type, s3://bucket, fs:/path, or JSON')
    .argument('<to>', 'store to write')
    .option('--no-verify', 'do not read copies back')
    .option('--dry-run', 'only say what would be copied')
    .action(copy);
  each(filtered(add('verify', 'read every crash whole and check it'))).action(verify);
  add('rm', 'delete crashes').argument('<ids...>').action(remove);
  add('promote', 'move deferred crashes to the primary store of a primary-deferred one')
    .argument('<ids...>')
    .action(promote);
  add('prune', 'delete the oldest days of crashes')
    .option('--days <n>', 'keep that many days', count)
    .option('--bytes <n>', 'keep at most that many bytes', count)
    .option('--dry-run', 'only say what would go')
    .action(prune);
}

function filtered(command: Command): Command {
  return command
    .option('--date <YYYYMMDD>', 'only crashes submitted on that day', day)
    .option('--prefix <text>', 'only ids that begin with this');
}

function each(command: Command): Command {
  return command.option('--concurrency <n>', 'crashes at a time', positive, 8);
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('must be a number');
  return Number(text);
}

function positive(text: string): number {
  if (count(text) === 0) throw new InvalidArgumentError('must be a number above 0');
  return Number(text);
}

function day(text: string): string {
  if (!/^\d{8}$/.test(text)) throw new InvalidArgumentError('write it as 20261120');
  return text;
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

function list(options: FilterOptions & { deferred?: boolean }): Promise<void> {
  return withStore(options.store, async (store) => {
    const listed = options.deferred ? deferring(store).listDeferred() : store.listCrashIds(filterOf(options));
    for await (const crashId of listed) process.stdout.write(`${crashId}\n`);
  });
}

function deferring(store: CrashStorage): PrimaryDeferredStorage {
  const found = primaryDeferredOf(store);
  if (found) return found;
  throw new SalvageError(storageErrors.storage_unsupported, `the store ${store.name} keeps no deferred crashes apart`);
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
  const processed = await readFile(join(directory, `${crashId}.processed.json`), 'utf8').catch(() => null);
  await store.check();
  await store.saveRawCrash({ crashId, rawCrash, rawCrashJson, dumps });
  if (processed !== null) await store.saveProcessedCrash(crashId, JSON.parse(processed) as ProcessedCrash, rawCrash);
}

async function copy(from: string, to: string, options: EachOptions & { verify: boolean; dryRun?: boolean }) {
  await withContext(async (context) => {
    const signal = stopSignal();
    const [source, destination] = [await openNamedStorage(context, from), await openNamedStorage(context, to)];
    const hasProcessed = source.capabilities.readsProcessed && destination.capabilities.writesProcessed;
    const { copied, present, failed } = await copyCrashes(source.listCrashIds(filterOf(options), signal), {
      source,
      destination,
      content: hasProcessed ? 'both' : 'raw',
      verifies: options.verify,
      deletesSource: false,
      isDryRun: options.dryRun === true,
      concurrency: options.concurrency,
      clock: context.clock,
      attemptsMax: copyAttemptsMax,
      retryWaitMs: backoffMs,
      onProgress: progressLine(),
      onFailure: tellFailure,
      signal,
    });
    process.stdout.write(`${copied} copied, ${present} there already, ${failed} failed\n`);
    if (failed > 0 || signal.aborted) process.exitCode = 1;
  });
}

/** Tries of one crash while a store is away: with the usual back-off about 15 minutes. */
const copyAttemptsMax = 6;

function tellFailure(crashId: CrashId, error: unknown): void {
  process.stderr.write(`${crashId}: ${failureText(error)}\n`);
}

async function verify(options: EachOptions): Promise<void> {
  await withStore(options.store, async (store) => {
    const signal = stopSignal();
    const { whole, failed } = await verifyCrashes(store, store.listCrashIds(filterOf(options), signal), {
      concurrency: options.concurrency,
      onProgress: progressLine(),
      onFailure: tellFailure,
      signal,
    });
    process.stdout.write(`${whole} whole, ${failed} failed\n`);
    if (failed > 0 || signal.aborted) process.exitCode = 1;
  });
}

function remove(ids: readonly string[], { store }: StoreOption): Promise<void> {
  return withStore(store, (one) => forEachId(ids, (crashId) => one.deleteCrash(crashId)));
}

function promote(ids: readonly string[], { store }: StoreOption): Promise<void> {
  return withStore(store, (one) => {
    const container = deferring(one);
    return forEachId(ids, (crashId) => container.promote(crashId));
  });
}

/** One that fails is told and does not keep the others from being done. */
async function forEachId(ids: readonly string[], action: (crashId: CrashId) => Promise<void>): Promise<void> {
  for (const crashId of ids.map(idOf)) {
    try {
      await action(crashId);
    } catch (error) {
      tellFailure(crashId, error);
      process.exitCode = 1;
    }
  }
}

async function prune(options: StoreOption & { days?: number; bytes?: number; dryRun?: boolean }): Promise<void> {
  const rule = { daysMax: options.days ?? null, bytesMax: options.bytes ?? null };
  if (rule.daysMax === null && rule.bytesMax === null) throw new Error('say --days or --bytes, or both');
  await withStore(options.store, async (store) => {
    const plan = await planRetention(store, rule, new Date());
    for (const { date, crashCount, goes } of plan) {
      process.stdout.write(`${date} ${crashCount} crashes ${goes ? (options.dryRun ? 'would go' : 'go') : 'stay'}\n`);
    }
    if (!options.dryRun) process.stdout.write(`${await applyRetention(store, plan)} deleted\n`);
  });
}
