// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { readConfig } from '../../config/config.ts';
import { systemClock } from '../../lib/clock.ts';
import { SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import { makeLogger } from '../../lib/log.ts';
import { nullMetrics } from '../../lib/metrics.ts';
import { makeMover } from '../../mover/mover.ts';
import { FileQueue } from '../../queue/file-queue.ts';
import { spoolErrors } from '../../spool/errors.ts';
import { inspectSpool, listDamaged, type SpoolItem } from '../../spool/inspect-spool.ts';
import { makeSegmentSpool } from '../../spool/segment-spool.ts';
import { FsStorage } from '../../storage/fs-storage.ts';
import { optionGroups } from '../option-groups.ts';
import { processOptions } from '../options.ts';

interface Options {
  readonly dataDir: string;
  readonly damaged?: boolean;
  readonly json?: boolean;
  readonly body?: string;
  readonly timeout?: string;
}

/** `salvage spool ls|show|verify|drain`: what waits in the spool, for people. */
export function addSpoolCommand(program: Command): void {
  const spool = program
    .command('spool')
    .description('look at the crashes that wait in the spool, check them, or move them');
  const dataDir = ['--data-dir <path>', 'data folder that holds spool/', configuredDataDir()] as const;
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
    .description('move everything into crashes/ and queue/ of the data folder; stop the collector first')
    .option(...dataDir)
    .option('--timeout <seconds>', 'give up after this time', '600')
    .action((options: Options) => drain(options));
}

/** SALVAGE_DATA_DIR as the site itself would read it. */
function configuredDataDir(): string {
  return readConfig({ groups: optionGroups, environment: process.env }).valuesOf(processOptions).dataDir;
}

function line(item: SpoolItem): string {
  if (item.kind === 'damage') return `damaged at ${item.segmentPath}/log:${item.offset}: ${item.problem}`;
  const { head, bodySizeBytes, doneSteps } = item;
  const steps = doneSteps.length > 0 ? `  ${doneSteps.join(',')}` : '';
  return `${head.receivedAt.toISOString()}  bp-${head.crashId}  ${head.result}  ${bodySizeBytes} bytes${steps}`;
}

async function list({ dataDir, damaged, json }: Options): Promise<void> {
  const directory = join(dataDir, 'spool');
  if (damaged) {
    for (const { path, note } of await listDamaged(nodeFiles, directory))
      console.log(json ? JSON.stringify({ path, ...note }) : `${path}: ${String(note['reason'])}`);
    return;
  }
  for await (const item of inspectSpool(nodeFiles, directory, { checksBodies: false })) {
    if (!json) console.log(line(item));
    else if (item.kind === 'damage') console.log(JSON.stringify(item));
    else {
      const { rawCrashJson: _, ...head } = item.head;
      console.log(JSON.stringify({ ...head, bodySizeBytes: item.bodySizeBytes, doneSteps: item.doneSteps }));
    }
  }
}

async function show(crashId: string, { dataDir, body }: Options): Promise<void> {
  for await (const item of inspectSpool(nodeFiles, join(dataDir, 'spool'), { checksBodies: true })) {
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

async function verify({ dataDir }: Options): Promise<void> {
  let [whole, damaged] = [0, 0];
  for await (const item of inspectSpool(nodeFiles, join(dataDir, 'spool'), { checksBodies: true })) {
    if (item.problem === null) whole += 1;
    else {
      damaged += 1;
      console.log(item.kind === 'entry' ? `${line(item)}  ${item.problem}` : line(item));
    }
  }
  const aside = (await listDamaged(nodeFiles, join(dataDir, 'spool'))).length;
  console.log(`${whole} whole, ${damaged} damaged, ${aside} set aside earlier`);
  if (damaged > 0) process.exitCode = 1;
}

async function drain({ dataDir, timeout }: Options): Promise<void> {
  const logger = makeLogger('salvage', ({ level, message }) => {
    if (level !== 'debug') process.stderr.write(`${message}\n`);
  });
  const common = { files: nodeFiles, clock: systemClock, logger, metrics: nullMetrics };
  const spool = await makeSegmentSpool({
    ...common,
    directory: join(dataDir, 'spool'),
    adoptsAtOnce: true,
    options: { freeBytesMin: 0 },
  });
  const storage = new FsStorage({ ...common, root: join(dataDir, 'crashes') });
  const queue = new FileQueue({ ...common, directory: join(dataDir, 'queue') });
  await makeMover({ ...common, spool, storage, queue }).drain(Number(timeout) * 1000);
  const { entryCount } = spool.status();
  await spool.close();
  if (entryCount > 0) throw new SalvageError(spoolErrors.spool_failed, `${entryCount} crashes could not be moved`);
}
