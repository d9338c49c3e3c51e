// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { systemClock } from '../../src/lib/clock.ts';
import { makeMemoryLogger, nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics, nullMetrics } from '../../src/lib/metrics.ts';
import { fileSource } from '../../src/symbols/compile-sym.ts';
import { fileIdentity } from '../../src/symbols/directory-supplier.ts';
import { IndexCache } from '../../src/symbols/index-cache.ts';
import { openIndex } from '../../src/symbols/index-reader.ts';
import { PageCache } from '../../src/symbols/page-cache.ts';
import { compileSym, moduleSymbolsFromSym } from '../../src/symbols/symbols.ts';
import { largeSym, makeRandom } from '../builders/sym-builder.ts';
import { assertSameAnswers } from './same-answers.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const text = Buffer.concat([...largeSym({ functions: 2000, linesPerFunction: 13, publics: 200 })]);

function cacheIn(directory: string, logger = nullLogger, metrics: MemoryMetrics | typeof nullMetrics = nullMetrics) {
  return new IndexCache({ directory, clock: systemClock, logger, metrics });
}

async function symIn(directory: string, bytes: Uint8Array = text) {
  const file = path.join(directory, 'engine.sym');
  fs.writeFileSync(file, bytes);
  return { path: file, identity: (await fileIdentity(file)) as string };
}

function indexFiles(directory: string, suffix = '.salvidx'): string[] {
  return fs.readdirSync(path.join(directory, 'index')).filter((name) => name.endsWith(suffix));
}

test('an index file answers as the text, with a page cache of two pages as well', async (t) => {
  const directory = temporaryDirectory(t);
  const { path: file } = await compileSym([text], directory, (sha256) => sha256);
  for (const cache of [new PageCache(), new PageCache(2 * 64 * 1024)]) {
    const symbols = openIndex(fileSource(file), cache);
    const addresses = Array.from({ length: 60 }, (_, i) => 0x1000 + i * 9973);
    assertSameAnswers(symbols, text.toString(), addresses);
    symbols.close();
  }
});

test('opening reads the header and tail alone; the page cache stays under its limit', async (t) => {
  const directory = temporaryDirectory(t);
  const { path: file } = await compileSym([text], directory, (sha256) => sha256);
  let reads = 0;
  const source = fileSource(file);
  const cache = new PageCache(3 * 64 * 1024);
  const read = (target: Uint8Array, at: number) => {
    reads++;
    return source.read(target, at);
  };
  const symbols = openIndex({ ...source, read }, cache);
  assert.equal(reads, 2);
  for (let rva = 0; rva < 600_000; rva += 997) {
    symbols.findInlines(rva);
    symbols.findCfi(rva);
    assert.ok(cache.sizeBytes <= 3 * 64 * 1024);
  }
  symbols.close();
});

test('a flipped byte anywhere: an error at opening or no answer, never a wrong one', async (t) => {
  const directory = temporaryDirectory(t);
  const { path: file } = await compileSym([text], directory, (sha256) => sha256);
  const good = fs.readFileSync(file);
  const right = moduleSymbolsFromSym(text);
  const random = makeRandom(7);
  const addresses = Array.from({ length: 12 }, (_, i) => 0x1010 + i * 51_111);
  const expected = addresses.map((a) => [right.findFunction(a), right.findInlines(a), right.findCfi(a)]);
  let [refused, damaged, untouched] = [0, 0, 0];
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(good);
    const at = Math.floor(random() * (i % 4 === 0 ? 4096 : bytes.length));
    bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8));
    try {
      const symbols = openIndex(bufferSource(bytes), new PageCache());
      for (const [n, a] of addresses.entries()) {
        const found = [symbols.findFunction(a), symbols.findInlines(a), symbols.findCfi(a)];
        if (symbols.damage === null) assert.deepEqual(found, expected[n]);
      }
      if (symbols.damage === null) untouched++;
      else damaged++;
    } catch (error) {
      assert.equal((error as { slug?: string }).slug, 'symbol_index_damaged');
      refused++;
    }
  }
  assert.ok(refused > 0 && damaged > 0 && untouched > 0, JSON.stringify({ refused, damaged, untouched }));
});

test('a truncated index is refused at every length', async (t) => {
  const directory = temporaryDirectory(t);
  const { path: file } = await compileSym([text], directory, (sha256) => sha256);
  const good = fs.readFileSync(file);
  for (let length = 0; length < good.length; length += 30_011)
    assert.throws(() => openIndex(bufferSource(good.subarray(0, length)), new PageCache()), {
      slug: 'symbol_index_damaged',
    });
});

test('the cache compiles once, then opens; gzip and zstd by their bytes, whatever the name', async (t) => {
  const directory = temporaryDirectory(t);
  const metrics = new MemoryMetrics();
  for (const bytes of [text, gzipSync(text), zstdCompressSync(text)]) {
    const file = await symIn(directory, bytes);
    for (let i = 0; i < 2; i++) {
      const cache = cacheIn(directory, nullLogger, metrics);
      const [a, b] = await Promise.all([cache.of(file), cache.of(file)]);
      assert.equal(a, b);
      assert.equal(a.facts.counts.functions, 2000);
      cache.close();
    }
  }
  assert.equal(metrics.records.filter(({ name }) => name === 'salvage.symbols.compile').length, 3);
  assert.equal(indexFiles(directory).length, 1, 'three packings of one text share one index');
});

test('a damaged index is set aside and compiled again, at opening and in the middle of use', async (t) => {
  const directory = temporaryDirectory(t);
  const file = await symIn(directory);
  const { logger, records } = makeMemoryLogger();
  const cache = cacheIn(directory, logger);
  await cache.of(file);
  cache.close();
  const index = path.join(directory, 'index', indexFiles(directory)[0]!);
  const spoil = () => {
    const handle = fs.openSync(index, 'r+');
    const pagesBytes = fs.fstatSync(handle).size - 4096 - 65_536;
    fs.writeSync(handle, Buffer.alloc(pagesBytes, 0x55), 0, pagesBytes, 4096);
    fs.closeSync(handle);
  };
  spoil();
  const inUse = await cache.of(file);
  assert.equal(inUse.findFunction(0x1010), null);
  assert.match(inUse.damage ?? '', /checksum of page/);
  const again = await cache.of(file);
  assert.ok(again.findFunction(0x1010));
  assert.equal(indexFiles(directory, '.bad').length, 1);
  cache.close();
  fs.truncateSync(index, 100);
  assert.ok((await cache.of(file)).findFunction(0x1010));
  assert.ok(records.some(({ message }) => message.includes('set aside')));
  cache.close();
});

test('a changed .sym is compiled anew', async (t) => {
  const directory = temporaryDirectory(t);
  const cache = cacheIn(directory);
  const before = await cache.of(await symIn(directory));
  const after = await cache.of(await symIn(directory, Buffer.concat([text, Buffer.from('PUBLIC fffffff0 0 added\n')])));
  assert.equal(before.findFunction(0xfffffff1)?.name === 'added', false);
  assert.equal(after.findFunction(0xfffffff1)?.name, 'added');
  cache.close();
});

test('an index that was evicted under an open handle still answers', async (t) => {
  const directory = temporaryDirectory(t);
  const cache = cacheIn(directory);
  const symbols = await cache.of(await symIn(directory));
  for (const name of indexFiles(directory)) fs.rmSync(path.join(directory, 'index', name));
  assert.ok(symbols.findFunction(0x1010));
  cache.close();
});

test('a cache that is deleted or cannot be written costs no names', async (t) => {
  const directory = temporaryDirectory(t);
  const file = await symIn(directory);
  const cache = cacheIn(directory);
  fs.rmSync(path.join(directory, 'index'), { recursive: true });
  assert.ok((await cache.of(file)).findFunction(0x1010));
  assert.equal(indexFiles(directory).length, 1);
  cache.close();
  fs.rmSync(path.join(directory, 'index'), { recursive: true });
  fs.writeFileSync(path.join(directory, 'index'), 'a file in its place');
  const { logger, records } = makeMemoryLogger();
  const blocked = cacheIn(directory, logger);
  assert.ok((await blocked.of(file)).findFunction(0x1010));
  assert.ok(records.some(({ level, message }) => level === 'error' && message.includes('not kept')));
});

test('a file that ended three processes is of no use for a day; by hand it is tried all the same', async (t) => {
  const directory = temporaryDirectory(t);
  const file = await symIn(directory);
  const worker = fileURLToPath(import.meta.resolve('./compile-worker.ts'));
  for (let i = 0; i < 3; i++) {
    const child = fork(worker, [directory, file.path, file.identity, 'die'], { stdio: 'ignore' });
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL']);
  }
  await assert.rejects(cacheIn(directory).of(file), { slug: 'sym_unusable' });
  const options = { directory, logger: nullLogger, metrics: nullMetrics };
  const byHand = new IndexCache({ ...options, clock: systemClock, attemptsMax: Number.POSITIVE_INFINITY });
  assert.ok((await byHand.of(file)).findFunction(0x1010));
  byHand.close();
});

test('four processes with one file: one compile, no leftovers; a lock of a dead process is no obstacle', async (t) => {
  const directory = temporaryDirectory(t);
  const file = await symIn(directory);
  const locks = path.join(directory, 'index', 'locks');
  cacheIn(directory);
  const { createHash } = await import('node:crypto');
  const lock = path.join(locks, `${createHash('sha256').update(file.identity).digest('hex')}.lock`);
  const { hostname } = await import('node:os');
  fs.writeFileSync(lock, JSON.stringify({ host: hostname(), pid: 2 ** 22 + 12345 }));
  const worker = fileURLToPath(import.meta.resolve('./compile-worker.ts'));
  const outputs = await Promise.all(
    Array.from({ length: 4 }, () => {
      const child = fork(worker, [directory, file.path, file.identity], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      return new Promise<{ name: string; compiles: number }>((resolve, reject) => {
        child.once('message', resolve);
        child.once('error', reject);
      });
    }),
  );
  assert.equal(
    outputs.reduce((sum, { compiles }) => sum + compiles, 0),
    1,
  );
  assert.equal(new Set(outputs.map(({ name }) => name)).size, 1);
  assert.deepEqual(fs.readdirSync(locks), []);
  assert.equal(fs.readdirSync(path.join(directory, 'index')).filter((name) => name.endsWith('.tmp')).length, 0);
});

function bufferSource(bytes: Buffer) {
  return {
    sizeBytes: bytes.length,
    read: (target: Uint8Array, at: number) => bytes.copy(target, 0, at, at + target.length),
    close() {},
  };
}
