// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { SymbolCacheManager } from '../../src/symbols/symbols.ts';
import { until } from '../services/until.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const kib = 1024;

/** A file of so many KiB, last used so many minutes ago. */
function put(directory: string, name: string, sizeKib: number, minutesAgo: number): string {
  const file = path.join(directory, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, Buffer.alloc(sizeKib * kib));
  const usedAt = new Date(Date.now() - minutesAgo * 60_000);
  fs.utimesSync(file, usedAt, usedAt);
  return file;
}

function managerOf(t: TestContext, directory: string, sizeKibMax: number, metrics = new MemoryMetrics()) {
  const manager = new SymbolCacheManager({
    directory,
    sizeBytesMax: sizeKibMax * kib,
    clock: systemClock,
    logger: nullLogger,
    metrics,
  });
  t.after(() => manager.stop());
  return manager;
}

function sizeKib(directory: string): number {
  return fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => fs.statSync(path.join(directory, name)))
    .filter((status) => status.isFile() && status.size > 200)
    .reduce((sum, { size }) => sum + size / kib, 0);
}

test('over the limit at start: the oldest go, before start resolves, and empty folders with them', async (t) => {
  const directory = temporaryDirectory(t);
  for (let i = 0; i < 10; i++) put(directory, `downloads/s/mod${i}/ID/mod${i}.sym`, 10, i);
  const metrics = new MemoryMetrics();
  const manager = managerOf(t, directory, 50, metrics);
  await manager.start();
  assert.deepEqual(fs.readdirSync(path.join(directory, 'downloads/s')).sort(), ['mod0', 'mod1', 'mod2', 'mod3']);
  assert.equal(manager.sizeBytes, 40 * kib);
  assert.equal(metrics.records.filter(({ name }) => name === 'salvage.symbols.cache_evicted').length, 6);
});

test('files that appear, in new folders too, push out the least recently used', async (t) => {
  const directory = temporaryDirectory(t);
  const old = put(directory, 'index/old', 20, 60);
  const used = put(directory, 'index/used', 20, 30);
  const manager = managerOf(t, directory, 60);
  await manager.start();
  assert.equal(manager.sizeBytes, 40 * kib);
  fs.utimesSync(old, new Date(), new Date());
  put(directory, 'downloads/x/y/new', 15, 1);
  put(directory, 'index/newer', 15, 0);
  await until(() => !fs.existsSync(used));
  assert.ok(fs.existsSync(old), 'touched since: no longer the oldest');
  await until(() => manager.sizeBytes === sizeKib(directory) * kib);
  assert.ok(manager.sizeBytes <= 60 * kib);
});

test('a file beyond the whole limit is removed too; whoever has it open reads on', async (t) => {
  const directory = temporaryDirectory(t);
  const manager = managerOf(t, directory, 30);
  await manager.start();
  const file = put(directory, 'index/huge', 100, 0);
  const handle = fs.openSync(file, 'r');
  await until(() => !fs.existsSync(file));
  assert.equal(fs.readSync(handle, Buffer.alloc(1000), 0, 1000, 90 * kib), 1000);
  fs.closeSync(handle);
});

test('files deleted and changed beneath it are followed', async (t) => {
  const directory = temporaryDirectory(t);
  const a = put(directory, 'index/a', 10, 1);
  const b = put(directory, 'index/b', 10, 2);
  const manager = managerOf(t, directory, 100);
  await manager.start();
  fs.rmSync(a);
  fs.writeFileSync(b, Buffer.alloc(30 * kib));
  await until(() => manager.sizeBytes === 30 * kib);
  fs.writeFileSync(path.join(directory, 'index/c'), Buffer.alloc(10 * kib));
  manager.scan();
  assert.equal(manager.sizeBytes, 40 * kib);
});

test('temporary files of killed processes go; those in the making stay', async (t) => {
  const directory = temporaryDirectory(t);
  const stale = put(directory, 'index/.dead.tmp', 10, 120);
  const live = put(directory, 'index/.live.tmp', 40, 0);
  put(directory, 'index/a', 10, 0);
  await managerOf(t, directory, 45).start();
  assert.equal(fs.existsSync(stale), false);
  assert.equal(fs.existsSync(live), true);
  assert.equal(fs.existsSync(path.join(directory, 'index/a')), false);
});

test('a second manager refuses; one that was killed is no obstacle', async (t) => {
  const directory = temporaryDirectory(t);
  const source = `
    import { SymbolCacheManager } from ${JSON.stringify(path.resolve('src/symbols/symbols.ts'))};
    import { systemClock } from ${JSON.stringify(path.resolve('src/lib/clock.ts'))};
    import { nullLogger } from ${JSON.stringify(path.resolve('src/lib/log.ts'))};
    import { nullMetrics } from ${JSON.stringify(path.resolve('src/lib/metrics.ts'))};
    const manager = new SymbolCacheManager({ directory: ${JSON.stringify(directory)}, sizeBytesMax: 1e6,
      clock: systemClock, logger: nullLogger, metrics: nullMetrics });
    await manager.start();
    console.log('started');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await assert.rejects(managerOf(t, directory, 1000).start(), { slug: 'symbol_cache_in_use' });
  put(directory, 'index/from-before', 900, 5);
  child.kill('SIGKILL');
  await exited;
  const next = managerOf(t, directory, 500);
  await next.start();
  assert.equal(next.sizeBytes, 0, 'the limit holds after a kill');
  next.stop();
  await managerOf(t, directory, 500).start();
});
