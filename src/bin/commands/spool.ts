// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createWriteStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { readConfig } from '../../config/config.ts';
import { SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import { option } from '../../lib/options.ts';
import { checkAtStart } from '../../mover/check-at-start.ts';
import { makeMover } from '../../mover/mover.ts';
import { spoolErrors } from '../../spool/errors.ts';
import { inspectSpool, listDamaged, type SpoolItem } from '../../spool/inspect-spool.ts';
import { spoolOptions } from '../../spool/options.ts';
import { makeSegmentSpool } from '../../spool/segment-spool.ts';
import { readAs } from '../argument.ts';
import { openContext } from '../context.ts';
import { optionGroups } from '../option-groups.ts';
import { processOptions } from '../options.ts';
import { openDatabase } from '../parts/database.ts';
import { isPostgresQueue, openQueue } from '../parts/queues.ts';
import { needsPostgres, openStorage } from '../parts/storages.ts';

interface Options {
  /** Undefined = where the configuration says. */
  readonly dataDir?: string;
  readonly damaged?: boolean;
  readonly json?: boolean;
  readonly body?: string;
  readonly timeout?: number;
}

/** `salvage spool ls|show|verify|drain`: what waits in the spool, for people. */
export function addSpoolCommand(program: Command): void {
  const spool = program
    .command('spool')
    .description('look at the crashes that wait in the spool, check them, or move them');
  const dataDir = ['--data-dir <path>', 'a data folder that holds spool/, instead of the configured one'] as const;
  spool
    .command('ls')
    .description('list what waits, oldest first; changes nothing, also beside a running collector')
    .option(...dataDir)
    .option('--damaged', 'list what was set aside, with the reasons')
    .option('--json', 'one JSON object a line')
    .action((options: Options) => list(options));
  spool
    .command('show <crash-id>')
    .description('show one crash: head and raw crash; --body writes its body as received')
    .option(...dataDir)
    .option('--body <file>', 'write the body to this file')
    .action((crashId: string, options: Options) => show(crashId.replace(/^bp-/, ''), options));
  spool
    .command('verify')
    .description('read every byte and check it; exits 1 when something is damaged')
    .option(...dataDir)
    .action((options: Options) => verify(options));
  spool
    .command('drain')
    .description(
      'move everything to the configured storage and queue (default: crashes/ and queue/ of the data folder); stop the collector first',
    )
    .option(...dataDir)
    .option('--timeout <seconds>', 'give up after this time', readAs(option.integer(600, 1, 86_400, '')), 600)
    .action((options: Options) => drain(options));
}

/** The directories of the spool: in the folder that was named, else where the site itself has them. */
function spoolDirectories({ dataDir }: Options): readonly string[] {
  if (dataDir !== undefined) return [join(dataDir, 'spool')];
  const config = readConfig({ groups: optionGroups, environment: process.env });
  const { directory, fallbackDirectory } = config.valuesOf(spoolOptions);
  const main = directory || join(config.valuesOf(processOptions).dataDir, 'spool');
  return fallbackDirectory ? [main, fallbackDirectory] : [main];
}

/** What waits in all of them; a directory that is not there is an error, lest somebody takes it for an empty one. */
async function* itemsOf(options: Options, checksBodies: boolean): AsyncGenerator<SpoolItem> {
  for (const directory of spoolDirectories(options)) {
    requireDirectory(directory);
    yield* inspectSpool(nodeFiles, directory, { checksBodies });
  }
}

async function damagedOf(options: Options): Promise<Awaited<ReturnType<typeof listDamaged>>> {
  const lists = spoolDirectories(options).map((directory) => {
    requireDirectory(directory);
    return listDamaged(nodeFiles, directory);
  });
  return (await Promise.all(lists)).flat();
}

function requireDirectory(directory: string): void {
  if (!existsSync(directory)) throw new SalvageError(spoolErrors.spool_missing, `there is no spool at ${directory}`);
}

function line(item: SpoolItem): string {
  if (item.kind === 'damage') return `damaged at ${item.segmentPath}/log:${item.offset}: ${item.problem}`;
  const { head, bodySizeBytes, doneSteps } = item;
  const steps = doneSteps.length > 0 ? `  ${doneSteps.join(',')}` : '';
  return `${head.receivedAt.toISOString()}  bp-${head.crashId}  ${head.result}  ${bodySizeBytes} bytes${steps}`;
}

async function list(options: Options): Promise<void> {
  const { damaged, json } = options;
  if (damaged) {
    for (const { path, note } of await damagedOf(options))
      console.log(json ? JSON.stringify({ path, ...note }) : `${path}: ${String(note['reason'])}`);
    return;
  }
  for await (const item of itemsOf(options, false)) {
    if (!json) console.log(line(item));
    else if (item.kind === 'damage') console.log(JSON.stringify(item));
    else {
      const { rawCrashJson: _, ...head } = item.head;
      console.log(JSON.stringify({ ...head, bodySizeBytes: item.bodySizeBytes, doneSteps: item.doneSteps }));
    }
  }
}

async function show(crashId: string, options: Options): Promise<void> {
  const { body } = options;
  for await (const item of itemsOf(options, true)) {
    if (item.kind !== 'entry' || item.head.crashId !== crashId) continue;
    const { rawCrashJson, ...head } = item.head;
    console.log(JSON.stringify({ ...head, segment: item.segmentPath, problem: item.problem ?? null }, null, 2));
    console.log(Buffer.from(rawCrashJson).toString('utf8'));
    if (body) await pipeline(Readable.from(item.openBody(), { objectMode: false }), createWriteStream(body));
    return;
  }
  console.error(`${crashId} does not wait in this spool`);
  process.exitCode = 1;
}

async function verify(options: Options): Promise<void> {
  let [whole, damaged] = [0, 0];
  for await (const item of itemsOf(options, true)) {
    if (item.problem === null) whole += 1;
    else {
      damaged += 1;
      console.log(item.kind === 'entry' ? `${line(item)}  ${item.problem}` : line(item));
    }
  }
  const aside = (await damagedOf(options)).length;
  console.log(`${whole} whole, ${damaged} damaged, ${aside} set aside earlier`);
  if (damaged > 0) process.exitCode = 1;
}

async function drain(options: Options): Promise<void> {
  const timeoutMs = (options.timeout as number) * 1000;
  const [directory, fallbackDirectory] = spoolDirectories(options) as [string, string?];
  requireDirectory(directory);
  const { dataDir } = options;
  const context = await openContext('spool', {
    logsTo: 'stderr',
    announcesConfig: false,
    ...(dataDir ? { dataDir } : {}),
  });
  const { logger, metrics, clock, releasers, config } = context;
  try {
    const database = needsPostgres(config) || isPostgresQueue(config) ? await openDatabase(context) : null;
    const storage = await openStorage(context, 'fs', database);
    const queue = await openQueue(context, 'file', database);
    await checkAtStart({ storage, queue, logger, clock });
    const spool = await makeSegmentSpool({
      directory,
      ...(fallbackDirectory ? { fallbackDirectory } : {}),
      files: nodeFiles,
      clock,
      logger,
      metrics,
      adoptsAtOnce: true,
      options: { freeBytesMin: 0 },
    });
    releasers.add('spool', () => spool.close());
    await makeMover({ spool, storage, queue, clock, logger, metrics }).drain(timeoutMs);
    const { entryCount } = spool.status();
    if (entryCount > 0) throw new SalvageError(spoolErrors.spool_failed, `${entryCount} crashes could not be moved`);
  } finally {
    await releasers.releaseAll();
  }
  let ownedCount = 0;
  for await (const item of itemsOf(options, false)) ownedCount += Number(item.kind === 'entry');
  if (ownedCount > 0)
    throw new SalvageError(spoolErrors.spool_locked, `${ownedCount} crashes belong to a process that runs`);
}
