// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { replayFromStorage, replayFromTree } from '../../src/client/replay-sources.ts';
import { isSampled, sampled } from '../../src/client/sample.ts';
import { type ReplayItem, replayCrashes, type SubmitterParts } from '../../src/client/submitter.ts';
import { type CrashId, makeCrashId } from '../../src/crash/crash-id.ts';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { DoneLog } from '../../src/lib/done-log.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { startCollector, stopAll } from '../collector/test-collector.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-submitter-'));
after(() => rm(root, { recursive: true, force: true }));
afterEach(stopAll);

const token = 'secret';

function partsOf(port: number, more: Partial<SubmitterParts> = {}): SubmitterParts {
  return {
    url: new URL(`http://127.0.0.1:${port}/submit`),
    token,
    isDryRun: false,
    concurrency: 2,
    delayMs: 0,
    timeoutMs: 5000,
    attemptsMax: 4,
    retryWaitMs: () => 5,
    randomHex: (digits) => randomBytes(digits).toString('hex').slice(0, digits),
    clock: systemClock,
    done: null,
    ...more,
  };
}

const dumps = [
  dumpFromBytes('upload_file_minidump', Buffer.from(`MDMP${'x'.repeat(70_000)}`)),
  dumpFromBytes('memory_report', Buffer.from('{}')),
];

async function store(
  storage: MemoryStorage,
  rawCrash: Record<string, unknown>,
  crashId = makeCrashId(randomUUID(), 0, new Date()),
) {
  const rawCrashJson = Buffer.from(JSON.stringify({ ...rawCrash, uuid: crashId }));
  await storage.saveRawCrash({ crashId, rawCrash: JSON.parse(rawCrashJson.toString()) as never, rawCrashJson, dumps });
  return crashId;
}

async function* of<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

/** What the collector stored, without what it added itself. */
function stored(json: Uint8Array) {
  const { submitted_timestamp: _, version: __, metadata, ...annotations } = JSON.parse(Buffer.from(json).toString());
  const { payload, payload_compressed, user_agent } = metadata;
  return { annotations, payload, isGzip: payload_compressed === '1', userAgent: user_agent };
}

for (const [payload, compressed] of [
  ['multipart', '0'],
  ['multipart', '1'],
  ['json', '0'],
  ['json', '1'],
] as const)
  test(`submitter: ${payload}, ${compressed === '1' ? 'gzip' : 'plain'}: same id, annotations, dumps, payload, compression, User-Agent`, async () => {
    const storage = new MemoryStorage();
    const typed = payload === 'json' ? { Count: 12, Nested: { a: [1, 2.5, null] }, Flag: true } : { Count: '12' };
    const annotations = { ProductName: 'Editor', Text: 'ä "quoted"\r\n--x', 'na"me\r\n%': 'v', ...typed };
    const metadata = { payload, payload_compressed: compressed, user_agent: 'Editor/7 (x)', dump_checksums: {} };
    const crashId = await store(storage, {
      ...annotations,
      metadata,
      version: 2,
      submitted_timestamp: '2026-11-20T00:00:00+00:00',
    });
    const collector = await startCollector({ bearerToken: token });
    const before = JSON.stringify(await storage.getRawCrash(crashId));
    const progress = await replayCrashes(replayFromStorage(storage, of(crashId)), partsOf(collector.port));
    assert.deepEqual(progress, { sent: 1, discarded: 0, skipped: 0, failed: 0 });
    const [report] = collector.spool.reports;
    assert.equal(report?.head.crashId, crashId);
    assert.deepEqual(stored(report?.head.rawCrashJson as Uint8Array), {
      annotations: { ...annotations, uuid: crashId },
      payload,
      isGzip: compressed === '1',
      userAgent: 'Editor/7 (x)',
    });
    assert.deepEqual(report?.head.dumps?.map(({ name, sizeBytes }) => [name, sizeBytes]).sort(), [
      ['memory_report', 2],
      ['upload_file_minidump', 70_004],
    ]);
    assert.equal(JSON.stringify(await storage.getRawCrash(crashId)), before, 'the stored crash was changed');
  });

test('submitter: raw crashes of 2018 lose what their collector added; without a token new ids are given', async () => {
  const storage = new MemoryStorage();
  const added = {
    timestamp: 1.5,
    type_tag: 'bp',
    legacy_processing: 0,
    throttle_rate: 100,
    dump_checksums: {},
    MinidumpSha256Hash: '',
  };
  const crashId = await store(storage, { ProductName: 'Old', version: 'kept', submitted_timestamp: 't', ...added });
  const collector = await startCollector();
  const items = replayFromStorage(storage, of(crashId));
  assert.equal((await replayCrashes(items, partsOf(collector.port, { token: null }))).sent, 1);
  const report = collector.spool.reports[0];
  assert.notEqual(report?.head.crashId, crashId);
  const { annotations } = stored(report?.head.rawCrashJson as Uint8Array);
  assert.deepEqual({ ...annotations, uuid: '' }, { ProductName: 'Old', uuid: '' });
});

test('submitter: the status counts: refusals fail, busy answers are tried again, discards are told apart', async () => {
  const answers = [503, 429, 200, 400, 200, 503, 503, 503, 503];
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const status = answers[requests++] as number;
      response.writeHead(status, { 'content-type': 'text/plain' });
      response.end(status !== 200 ? '' : requests === 3 ? `CrashID=bp-${first}\n` : 'Discarded=rule_x');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const storage = new MemoryStorage();
  const first = await store(storage, { ProductName: 'A' });
  const others = [await store(storage, {}), await store(storage, {}), await store(storage, {})];
  const failures: string[] = [];
  const parts = partsOf((server.address() as AddressInfo).port, {
    concurrency: 1,
    onFailure: (key, error) => failures.push(`${key} ${(error as Error).message}`),
  });
  const progress = await replayCrashes(replayFromStorage(storage, of(first, ...others)), parts);
  server.close().closeAllConnections();
  assert.deepEqual(progress, { sent: 1, discarded: 1, skipped: 0, failed: 2 });
  assert.deepEqual(failures, [`${others[0]} HTTP 400`, `${others[2]} HTTP 503`]);
  assert.equal(requests, 9);
});

test('submitter: a run that was stopped goes on where it was; a dry run sends and remembers nothing', async () => {
  const storage = new MemoryStorage();
  const ids = [await store(storage, { A: '1' }), await store(storage, { A: '2' }), await store(storage, { A: '3' })];
  const collector = await startCollector({ bearerToken: token });
  const directory = join(root, 'done');
  const run = (more: Partial<SubmitterParts>, crashIds: readonly CrashId[]) =>
    replayCrashes(
      replayFromStorage(storage, of(...crashIds)),
      partsOf(collector.port, { done: new DoneLog(directory, (key) => key.slice(-6)), ...more }),
    );
  const lines: string[] = [];
  const dry = await run({ isDryRun: true, onSent: (_, answer) => lines.push(answer) }, ids);
  assert.deepEqual([dry.sent, collector.spool.reports.length], [3, 0]);
  assert.match(lines[0] ?? '', /would send 70\d{3} bytes/);
  assert.equal((await run({}, ids.slice(0, 2))).sent, 2);
  assert.deepEqual(await run({}, ids), { sent: 1, discarded: 0, skipped: 2, failed: 0 });
  assert.equal(collector.spool.reports.length, 3);
  // A last line that a kill cut short is no key.
  const [name] = await readdir(directory);
  await writeFile(join(directory, name as string), (ids[0] as string).slice(0, 20), { flag: 'w' });
  assert.equal(await new DoneLog(directory, (key) => key.slice(-6)).has((ids[0] as string).slice(0, 20)), false);
});

test('submitter: a tree of files: every JSON with its dumps, wherever it is', async () => {
  const tree = join(root, 'tree');
  await mkdir(join(tree, 'a', 'b'), { recursive: true });
  await writeFile(join(tree, 'a', 'one.json'), '{"ProductName": "Tree"}');
  await writeFile(join(tree, 'a', 'one.dump'), 'MDMPmain');
  await writeFile(join(tree, 'a', 'one.browser.dump'), 'MDMPbrowser');
  await writeFile(join(tree, 'a', 'oneother.dump'), 'MDMPforeign');
  await writeFile(join(tree, 'a', 'b', 'two.json'), '{"ProductName": "Tree"}');
  const collector = await startCollector();
  assert.equal((await replayCrashes(replayFromTree(tree, '.dump'), partsOf(collector.port, { token: null }))).sent, 2);
  const names = collector.spool.reports.map(({ head }) => head.dumps?.map(({ name }) => name).sort());
  assert.deepEqual(
    names.sort((a, b) => (b?.length ?? 0) - (a?.length ?? 0)),
    [['browser', 'upload_file_minidump'], []],
  );
});

test('submitter: a store that fails is a failed crash, never an empty report', async () => {
  const storage = new MemoryStorage();
  const collector = await startCollector();
  const broken: ReplayItem = {
    key: 'x',
    load: async () => ({
      rawCrashJson: Buffer.from('{"A": "1"}'),
      dumps: [
        {
          ...dumpFromBytes('upload_file_minidump', Buffer.alloc(0)),
          async *open() {
            yield Buffer.from('MDMP');
            throw new Error('the disk failed');
          },
        },
      ],
    }),
  };
  const absent = await Array.fromAsync(replayFromStorage(storage, of(makeCrashId(randomUUID(), 0, new Date()))));
  const parts = partsOf(collector.port, { token: null });
  assert.equal((await replayCrashes(of(broken, ...absent), parts)).failed, 2);
  assert.equal(collector.spool.reports.length, 0);
});

function uuidOf(number: number): string {
  const hex = createHash('sha256').update(String(number)).digest('hex');
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

test('sample: a share of all ids, the same ones every time, and more of them at a higher share', async () => {
  // Always the same ids: one run in hundreds would leave the bounds with fresh ones.
  const ids = Array.from({ length: 20_000 }, (_, at) => makeCrashId(uuidOf(at), 0, new Date()));
  for (const percent of [1, 10, 50]) {
    const share = (ids.filter((crashId) => isSampled(crashId, percent)).length / ids.length) * 100;
    assert.ok(Math.abs(share - percent) < Math.max(0.4, percent * 0.06), `${share} % instead of ${percent}`);
  }
  assert.ok(ids.every((crashId) => isSampled(crashId, 100) && !isSampled(crashId, 0)));
  assert.ok(ids.filter((crashId) => isSampled(crashId, 10)).every((crashId) => isSampled(crashId, 20)));
  const picked = await Array.fromAsync(sampled(of(...ids.slice(0, 500)), 30));
  assert.deepEqual(
    picked,
    ids.slice(0, 500).filter((crashId) => isSampled(crashId, 30)),
  );
});
