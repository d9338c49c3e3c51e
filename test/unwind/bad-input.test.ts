// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SalvageError } from '../../src/lib/errors.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { noSymbols } from '../../src/symbols/symbols.ts';
import { stackwalk, walkDumpFile } from '../../src/unwind/unwind.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';
import { SymBuilder } from '../builders/sym-builder.ts';
import { appBase, framesOf, libBase, slot, stackBase, traceOf, walkSynthetic } from './synthetic-stack.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'salvage-bad-input-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const goodDump = () =>
  new MinidumpBuilder({ cpu: 'amd64', os: 'linux' })
    .systemInfo()
    .module({ base: appBase, size: 0x1000, name: '/opt/app' })
    .thread({
      id: 1,
      registers: { rip: appBase + 0x10n, rsp: stackBase },
      stack: { start: stackBase, bytes: new Uint8Array(256) },
    })
    .build();

async function slugOfFile(name: string, bytes?: Uint8Array | string): Promise<string> {
  const file = path.join(folder, name);
  if (bytes !== undefined) writeFileSync(file, bytes);
  return walkDumpFile(file, noSymbols).then(
    () => 'ok',
    (error) => (error instanceof SalvageError ? error.slug : String(error)),
  );
}

test('what is no dump is told by its slug', async () => {
  mkdirSync(path.join(folder, 'directory'));
  assert.equal(await slugOfFile('directory'), 'dump_unreadable');
  assert.equal(await slugOfFile('nothing-there'), 'dump_unreadable');
  assert.equal(await slugOfFile('empty', ''), 'minidump_empty');
  assert.equal(await slugOfFile('text', 'hello, this is a log file\n'.repeat(20)), 'minidump_is_text');
  assert.equal(await slugOfFile('broken.gz', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3])), 'dump_unreadable');
  assert.equal(await slugOfFile('bomb.gz', gzipSync(Buffer.alloc(300 * 1024 ** 2))), 'dump_unpacks_too_large');
});

test('a pipe without a writer is refused, not waited for', async () => {
  const pipe = path.join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  // In a process of its own: opening a pipe blocks the whole thread.
  const script = `import { openDumpFile } from ${JSON.stringify(path.resolve('src/unwind/unwind.ts'))};
    try { openDumpFile(process.argv[1]); } catch (error) { console.log(error.slug); }`;
  const args = ['--input-type=module-typescript', '-e', script, pipe];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  assert.equal(stdout.trim(), 'dump_unreadable');
});

test('a gzip file that is itself larger than what is unpacked in memory is not read', async () => {
  const file = path.join(folder, 'huge.gz');
  writeFileSync(file, Buffer.from([0x1f, 0x8b, 8, 0]));
  truncateSync(file, 6 * 1024 ** 3);
  assert.equal(await slugOfFile('huge.gz'), 'dump_unpacks_too_large');
});

test('a gzipped dump is read', async () => {
  assert.equal(await slugOfFile('good.dmp.gz', gzipSync(goodDump())), 'ok');
});

test('a dump cut anywhere gives a document or a slug', async () => {
  const dump = goodDump();
  const outcomes = new Set<string>();
  for (let size = 0; size < dump.length; size += 64) {
    try {
      const walk = await stackwalk(openMinidump(bytesSource(dump.subarray(0, size))), noSymbols);
      outcomes.add(walk.status);
    } catch (error) {
      assert.ok(error instanceof SalvageError, String(error));
      outcomes.add(error.slug);
    }
  }
  assert.ok(outcomes.has('minidump_empty') && outcomes.size >= 3, [...outcomes].join());
});

test('without modules, without memory, without context: what there is, is shown', async () => {
  const bare = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' })
    .systemInfo()
    .thread({ id: 1, registers: { rip: 0x1234n, rsp: stackBase } })
    .thread({ id: 2, context: null })
    .build();
  const walk = await stackwalk(openMinidump(bytesSource(bare)), noSymbols);
  assert.deepEqual(
    walk.threads.map(({ frame_count: count }) => count),
    [1, 0],
  );
  assert.deepEqual(walk.modules, []);
  assert.equal(walk.crashing_thread, null);
});

test('a module name with path parts is shown by its last part only', async () => {
  const walk = await walkSynthetic({
    cpu: 'amd64',
    registers: { rip: 0x6000_0010n, rsp: stackBase },
    words: [0],
    change: (builder) => builder.module({ base: 0x6000_0000n, size: 0x100, name: '../../etc/passwd' }),
  });
  assert.equal(walk.threads[0]?.frames[0]?.module, 'passwd');
  assert.equal(walk.modules.at(-1)?.filename, 'passwd');
});

test('of overlapping modules the lower one has the address', async () => {
  const trace = await traceOf({
    cpu: 'amd64',
    registers: { rip: appBase + 0x8010n, rsp: stackBase },
    words: [0],
    change: (builder) => builder.module({ base: appBase + 0x8000n, size: 0x10000, name: 'over' }),
  });
  assert.deepEqual(trace, ['context app+8010']);
});

test('frame pointers in a circle end the walk', async () => {
  const at = (index: number) => slot(index, 8);
  const words = [0, 0, at(4), appBase + 0x200n, at(2), appBase + 0x300n, 0, 0];
  const frames = await framesOf({ cpu: 'amd64', registers: { rip: libBase, rsp: stackBase, rbp: at(2) }, words });
  assert.ok(frames.length < 5);
  const to32 = (index: number) => slot(index, 4);
  const words32 = [to32(2), appBase + 0x200n, to32(0), appBase + 0x300n];
  const frames32 = await framesOf({
    cpu: 'x86',
    registers: { eip: libBase, esp: stackBase, ebp: to32(0) },
    words: words32,
  });
  assert.ok(frames32.length < 5);
});

test('CFI that is endless, deep or stays where it is costs nothing', async () => {
  const endless = `.cfa: $rsp 8 ${'1 + '.repeat(50_000)}+ .ra: 1`;
  const deep = `.cfa: ${'1 '.repeat(40)}${'+ '.repeat(39)} .ra: 1`;
  const staying = '.cfa: $rsp .ra: $rip';
  for (const rules of [endless, deep, staying]) {
    const appSymbols = new SymBuilder().module().func(0x100, 0x100, 'f').cfiInit(0x100, 0x100, rules);
    const registers = { rip: appBase + 0x110n, rsp: stackBase };
    assert.equal(
      (await framesOf({ cpu: 'amd64', registers, words: [0, 0], appSymbols })).length,
      1,
      rules.slice(0, 40),
    );
  }
});

test('symbols that say they are for another module are used with a warning', async () => {
  const walk = await walkSynthetic({
    cpu: 'amd64',
    registers: { rip: 0x6000_0110n, rsp: stackBase },
    words: [0],
    appSymbols: new SymBuilder().module('other', 'A'.repeat(33)).func(0x100, 0x100, 'f'),
    change: (builder) =>
      builder.module({
        base: 0x6000_0000n,
        size: 0x1000,
        name: '/opt/app',
        codeView: builder.section().u32(0x4270454c).bytes(Buffer.alloc(16, 7)),
      }),
  });
  assert.equal(walk.threads[0]?.frames[0]?.function, 'f');
  assert.match(JSON.stringify(walk['salvage']), /symbols of app say that they are for AAAA/);
});
