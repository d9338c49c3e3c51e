// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/lib/clock.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { stackwalk } from '../../src/unwind/unwind.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';
import { SymBuilder } from '../builders/sym-builder.ts';
import { appBase, libBase, stackBase, walkSynthetic } from './synthetic-stack.ts';

/** A recursion of that many frames, one return address a word. */
const recursion = (depth: number) => new Array<bigint>(depth - 1).fill(appBase + 0x150n);

const recursive = () =>
  new SymBuilder().module().func(0x100, 0x100, 'again').cfiInit(0x100, 0x100, '.cfa: $rsp 8 + .ra: .cfa -8 + ^');

const registers = { rip: appBase + 0x150n, rsp: stackBase };

test('a stack of 1024 frames is whole', async () => {
  const walk = await walkSynthetic({ cpu: 'amd64', registers, words: recursion(1024), appSymbols: recursive() });
  assert.equal(walk.threads[0]?.frame_count, 1024);
  assert.equal(walk.threads[0]?.frames_truncated, undefined);
});

for (const depth of [1025, 2047, 2048, 5000])
  test(`of ${depth} frames both ends are kept, by their numbers`, async () => {
    const words = [...recursion(depth - 1), libBase + 0x10n];
    const walk = await walkSynthetic({ cpu: 'amd64', registers, words, appSymbols: recursive() });
    const thread = walk.threads[0];
    assert.equal(thread?.frames_truncated, true);
    assert.equal(thread.total_frames, depth);
    assert.equal(thread.frame_count, 1024);
    assert.deepEqual(
      thread.frames.map(({ frame }) => frame),
      Array.from({ length: 1024 }, (_, index) => (index < 512 ? index : depth - 1024 + index)),
    );
    assert.equal(thread.frames.at(-1)?.module, 'lib');
  });

test('a dump of many threads that share one deep stack makes a document of bounded size', async () => {
  const threadCount = 300;
  const walk = await walkSynthetic({
    cpu: 'amd64',
    registers,
    words: recursion(1200),
    appSymbols: recursive(),
    change: (builder) => {
      for (let id = 100; id < 100 + threadCount; id += 1)
        builder.thread({ id, registers, stack: { start: stackBase, bytes: [] }, hasStackElsewhere: true });
      builder.memory(stackBase, Buffer.from(new BigUint64Array(recursion(1200)).buffer));
    },
  });
  const frames = walk.threads.reduce((count, thread) => count + thread.frames.length, 0);
  assert.ok(frames <= 262_144 && frames > 200_000, String(frames));
  assert.equal(walk.threads.at(-1)?.total_frames, 1200);
});

test('scanning ends after 1024 frames', async () => {
  const words = new Array<bigint>(3000).fill(libBase + 0x10n);
  const walk = await walkSynthetic({ cpu: 'amd64', registers: { rip: libBase, rsp: stackBase }, words });
  const frames = walk.threads[0]?.total_frames ?? walk.threads[0]?.frame_count;
  assert.equal(frames, 1025);
});

test('when time is up, what was found is the answer, with a warning', async () => {
  let nowMs = 0;
  const clock: Clock = { now: () => new Date(0), monotonicMs: () => (nowMs += 40_000), sleep: async () => {} };
  const words = recursion(5000);
  const walk = await walkSynthetic({ cpu: 'amd64', registers, words, appSymbols: recursive(), options: { clock } });
  assert.ok((walk.threads[0]?.frame_count ?? 0) < 500);
  assert.match(JSON.stringify((walk['salvage'] as { warnings: string[] }).warnings), /ended after 60000 ms/);
});

test('symbols that never come count as unknown after their time', async () => {
  const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' })
    .systemInfo()
    .module({ base: appBase, size: 0x1000, name: '/opt/app' })
    .thread({ id: 1, registers, stack: { start: stackBase, bytes: new Uint8Array(64) } });
  const waiting = {
    symbolsFor: (_module: unknown, signal?: AbortSignal) =>
      new Promise<{ state: 'unknown'; detail: string }>((resolve) =>
        signal?.addEventListener('abort', () => resolve({ state: 'unknown', detail: String(signal.reason) })),
      ),
  };
  const keepAlive = setInterval(() => {}, 1000);
  const walk = await stackwalk(openMinidump(bytesSource(builder.build())), waiting, { symbolsMs: 50 });
  clearInterval(keepAlive);
  assert.equal(walk.modules[0]?.missing_symbols, false);
  assert.match(JSON.stringify(walk['salvage']), /could not be had: Error: symbols took longer than 50 ms/);
});
