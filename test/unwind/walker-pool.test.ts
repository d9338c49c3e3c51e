// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Stackwalk } from '../../src/crash/stackwalk.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { defaultsOf } from '../../src/lib/options.ts';
import { symbolOptions } from '../../src/symbols/options.ts';
import { WalkerPool, type WalkerPoolOptions, type WalkResult } from '../../src/unwind/unwind.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';

const misbehaving = path.resolve(import.meta.dirname, 'misbehaving-walker.ts');
const metrics = new MemoryMetrics();

async function withPool(options: Partial<WalkerPoolOptions>, use: (pool: WalkerPool) => Promise<void>): Promise<void> {
  const pool = new WalkerPool({ entry: misbehaving, setup: {}, size: 1, logger: nullLogger, metrics, ...options });
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

const pidOf = (result: WalkResult): number =>
  result.status === 'ok' ? JSON.parse(Buffer.from(result.json).toString()).pid : assert.fail(JSON.stringify(result));
const slugOf = (result: WalkResult): string => (result.status === 'failed' ? result.slug : 'ok');
const detailOf = (result: WalkResult): string => (result.status === 'failed' ? result.detail : '');

test('one process walks one dump after another', async () => {
  await withPool({}, async (pool) => {
    const pids = [];
    for (let round = 0; round < 3; round += 1) pids.push(pidOf(await pool.walk({ dumpPath: 'fine' })));
    assert.equal(new Set(pids).size, 1);
    assert.deepEqual(pool.pids, [pids[0]]);
  });
});

test('what is wrong with a dump comes back by its slug, and the process stays', async () => {
  await withPool({}, async (pool) => {
    const before = pidOf(await pool.walk({ dumpPath: 'fine' }));
    const bad = await pool.walk({ dumpPath: 'bad-dump' });
    assert.deepEqual([slugOf(bad), detailOf(bad)], ['minidump_truncated', 'it ends after 12 bytes']);
    assert.equal(slugOf(await pool.walk({ dumpPath: 'bug' })), 'walk_failed');
    assert.equal(pidOf(await pool.walk({ dumpPath: 'fine' })), before);
  });
});

test('a crash or garbage fails that dump only; others run on in new processes', async () => {
  await withPool({ size: 2 }, async (pool) => {
    const paths = ['exit', 'fine', 'abort', 'fine', 'garbage', 'fine'];
    const results = await Promise.all(paths.map((dumpPath) => pool.walk({ dumpPath })));
    assert.deepEqual(results.map(slugOf), ['walk_died', 'ok', 'walk_died', 'ok', 'walk_output_too_large', 'ok']);
  });
});

test('a hang is ended at its time, and fails that dump only', async () => {
  // The time includes the start of a process, which takes seconds where all processors are busy.
  await withPool({ size: 2, timeoutMs: 8000 }, async (pool) => {
    const results = await Promise.all(['busy-hang', 'idle-hang', 'fine'].map((dumpPath) => pool.walk({ dumpPath })));
    assert.deepEqual(results.map(slugOf), ['walk_timeout', 'walk_timeout', 'ok']);
  });
  assert.ok(metrics.records.some(({ name, tags }) => name.endsWith('walk_failed') && tags['slug'] === 'walk_timeout'));
});

const smallMemory = { memoryBytesMax: 300 * 1024 ** 2, heapBytesMax: 64 * 1024 ** 2, timeoutMs: 30_000 };

for (const dumpPath of ['heap', 'buffers'])
  test(`a process out of memory (${dumpPath}) fails that dump only`, async () => {
    await withPool(smallMemory, async (pool) => {
      const result = await pool.walk({ dumpPath });
      assert.equal(slugOf(result), 'walk_memory', detailOf(result));
      assert.equal(slugOf(await pool.walk({ dumpPath: 'fine' })), 'ok');
    });
  });

test('without a file descriptor left no process starts: that dump fails, and nothing else', () => {
  const script = path.resolve(import.meta.dirname, 'starved-pool.ts');
  const limited = ['-c', 'ulimit -n 100; exec "$0" "$1"', process.execPath, script];
  const { stdout, stderr, status } = spawnSync('/bin/sh', limited, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, stderr);
  const { starved, external, after } = JSON.parse(stdout);
  assert.equal(slugOf(starved), 'walk_died');
  assert.match(detailOf(starved), /could not be started: spawn .* EMFILE/);
  assert.equal(slugOf(external), 'walk_died');
  assert.equal(after, 'ok');
});

test('the last words of a process are kept, and no more', async () => {
  await withPool({}, async (pool) => {
    const detail = detailOf(await pool.walk({ dumpPath: 'chatter' }));
    assert.match(detail, /exit code 1: line 1999 of many words/);
    assert.ok(detail.length < 1000);
  });
});

test('a process is replaced after its number of dumps', async () => {
  await withPool({ jobsMax: 2 }, async (pool) => {
    const pids = [];
    for (let round = 0; round < 5; round += 1) pids.push(pidOf(await pool.walk({ dumpPath: 'fine' })));
    assert.equal(new Set(pids).size, 3);
  });
});

test('a caller that gives up gets its answer at once, waiting or running', async () => {
  await withPool({}, async (pool) => {
    const controller = new AbortController();
    const running = pool.walk({ dumpPath: 'busy-hang' }, controller.signal);
    const waiting = pool.walk({ dumpPath: 'fine' }, controller.signal);
    setTimeout(() => controller.abort(), 300);
    assert.deepEqual([slugOf(await running), slugOf(await waiting)], ['walk_timeout', 'walk_timeout']);
    assert.equal(slugOf(await pool.walk({ dumpPath: 'fine' })), 'ok');
  });
});

test('closing ends what runs and what waits, and leaves no process', async () => {
  const pool = new WalkerPool({ entry: misbehaving, setup: {}, size: 1, logger: nullLogger, metrics });
  const results = [pool.walk({ dumpPath: 'busy-hang' }), pool.walk({ dumpPath: 'fine' })];
  const [pid] = pool.pids;
  await pool.close();
  assert.deepEqual((await Promise.all(results)).map(slugOf), ['walk_died', 'walk_timeout']);
  assert.throws(() => process.kill(pid as number, 0), { code: 'ESRCH' });
});

test('the real walker process walks a dump file', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'salvage-pool-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const dumpPath = path.join(folder, 'a.dmp');
  const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' })
    .systemInfo()
    .thread({ id: 3, registers: { rip: 0x1234n } });
  writeFileSync(dumpPath, builder.build());
  const setup = { symbols: defaultsOf(symbolOptions), dataDir: folder, version: '1.2.3' };
  await withPool({ entry: path.resolve('src/bin/walker-child.ts'), setup }, async (pool) => {
    const result = await pool.walk({ dumpPath });
    assert.ok(result.status === 'ok', JSON.stringify(result));
    const walk = JSON.parse(Buffer.from(result.json).toString()) as Stackwalk;
    assert.equal(walk.threads[0]?.frames[0]?.offset, '0x0000000000001234');
    assert.deepEqual((walk['salvage'] as { walker: unknown }).walker, { name: 'salvage', version: '1.2.3' });
    assert.equal(slugOf(await pool.walk({ dumpPath: path.join(folder, 'none.dmp') })), 'dump_unreadable');
  });
});
