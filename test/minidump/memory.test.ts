// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesSource, type Minidump, openMinidump } from '../../src/minidump/minidump.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';

const builder = () => new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo().thread({ id: 1 });
const open = (made: MinidumpBuilder): Minidump => openMinidump(bytesSource(made.build()));
const counting = (length: number) => Uint8Array.from({ length }, (_, index) => index & 0xff);

describe('process memory', () => {
  for (const form of ['MemoryList', 'Memory64List'] as const) {
    it(`reads bytes and words from a ${form}`, () => {
      const made = builder().memory(0x7fff00001000n, counting(256)).memory(0x1000n, counting(16));
      const { memory, warnings } = open(form === 'Memory64List' ? made.asMemory64List() : made);
      assert.deepEqual(
        memory.regions.map((region) => [region.base, region.sizeBytes]),
        [
          [0x1000n, 16],
          [0x7fff00001000n, 256],
        ],
      );
      assert.deepEqual([...(memory.read(0x7fff00001002n, 3) ?? [])], [2, 3, 4]);
      assert.equal(memory.readPointer(0x1008n), 0x0f0e0d0c0b0a0908n);
      assert.deepEqual(
        ([1, 2, 4, 8] as const).map((size) => memory.readUint(0x1001n, size)),
        [1n, 0x0201n, 0x04030201n, 0x0807060504030201n],
      );
      assert.equal(memory.readPointer(0x1009n), undefined);
      assert.equal(memory.read(0xfffn, 2), undefined);
      assert.equal(memory.read(0x1000n, -1), undefined);
      assert.equal(memory.regionAt(0x1010n), undefined);
      assert.equal(memory.readUint(0xffff_ffff_ffff_ffffn, 8), undefined);
      assert.deepEqual(warnings, []);
    });
  }

  it('prefers a Memory64List where both lists hold an address', () => {
    const made = builder().memory(0x1000n, [1, 1, 1, 1, 1, 1, 1, 1]).asMemory64List();
    const bytes = made.section().bytes([2, 2, 2, 2, 2, 2, 2, 2, 3]);
    made.stream(5, made.section().u32(1).u64(0x1000n).location(bytes));
    const { memory } = open(made);
    assert.equal(memory.readUint(0x1000n, 1), 1n);
    assert.equal(memory.readUint(0x1008n, 1), 3n);
  });

  it('answers the same whatever was asked before when regions overlap', () => {
    const made = builder().memory(0x1000n, new Uint8Array(32).fill(1)).memory(0x1010n, new Uint8Array(32).fill(2));
    const { memory } = open(made);
    const before = memory.readUint(0x1018n, 1);
    assert.equal(memory.readUint(0x1028n, 1), 2n);
    assert.equal(memory.readUint(0x1018n, 1), before);
    assert.equal(memory.readUint(0x102fn, 1), 2n);
    assert.equal(memory.readUint(0x1030n, 1), undefined);
  });

  it('reads words across the window that it keeps of a large region', () => {
    const bytes = new Uint8Array(200_000);
    bytes.set([1, 2, 3, 4, 5, 6, 7, 8], 65_532);
    const { memory } = open(builder().memory(0x100000n, bytes));
    assert.equal(memory.readPointer(0x100000n), 0n);
    assert.equal(memory.readPointer(0x100000n + 65_532n), 0x0807060504030201n);
    assert.equal(memory.readPointer(0x100000n + 65_528n), 0x0403020100000000n);
  });

  it('skips regions outside the file or past the end of the address space, one by one', () => {
    const made = builder();
    const good = made.section().bytes(counting(8));
    const list = made.section().u32(3);
    list.u64(0x1000n).u32(64).u32(0x7fffffff);
    list.u64(0xffff_ffff_ffff_fffcn).location(good);
    list.u64(0x3000n).location(good);
    const { memory, warnings } = open(made.stream(5, list));
    assert.deepEqual(
      memory.regions.map((region) => region.base),
      [0x3000n],
    );
    assert.equal(warnings.length, 2);
  });

  it('reads lists with padding after the count', () => {
    const made = builder().memory(0x1000n, counting(8)).withListPadding();
    made.module({ base: 0x400000n, size: 0x1000, name: 'a' });
    const dump = open(made);
    assert.equal(dump.memory.readPointer(0x1000n), 0x0706050403020100n);
    assert.equal(dump.modules[0]?.codeFile, 'a');
    assert.equal(dump.threads.length, 1);
    assert.deepEqual(dump.warnings, []);
  });

  it('keeps what is there when counts are too high', () => {
    for (const extra of [1, 100_000, 0xfffffff0 - 1]) {
      const made = builder().memory(0x1000n, counting(8)).withTooHighCounts(extra);
      const dump = open(made.module({ base: 0x400000n, size: 0x1000, name: 'a' }));
      assert.equal(dump.memory.regions.length, 1);
      assert.equal(dump.modules.length, 1);
      assert.equal(dump.threads.length, 1);
      assert.equal(dump.warnings.length, 3);
    }
    const made = builder().memory(0x1000n, counting(8)).asMemory64List().withTooHighCounts(5);
    assert.equal(open(made).memory.regions.length, 1);
  });

  it('takes a stack from the memory list when the thread gives only its address', () => {
    const made = new MinidumpBuilder({ cpu: 'amd64', os: 'windows' }).systemInfo();
    made.thread({ id: 1, stack: { start: 0x5000n, bytes: counting(64) } });
    made.thread({ id: 2, stack: { start: 0x9000n, bytes: [] }, hasStackElsewhere: true });
    made.thread({ id: 3, stack: { start: 0xb000n, bytes: [] }, hasStackElsewhere: true });
    made.memory(0x8ff0n, counting(256));
    const { threads } = open(made);
    assert.equal(threads[0]?.stack?.readUint(0x5008n, 8), 0x0f0e0d0c0b0a0908n);
    assert.equal(threads[1]?.stack?.readUint(0x9000n, 1), 0x10n);
    assert.equal(threads[2]?.stack, null);
    assert.equal(threads[2]?.stackStart, 0xb000n);
  });

  it('tells rights of mappings from the memory info list', () => {
    const made = new MinidumpBuilder({ cpu: 'amd64', os: 'windows' }).systemInfo().thread({ id: 1 });
    made.memoryInfo([
      { base: 0x2000n, size: 0x1000n, protection: 0x20 },
      { base: 0x1000n, size: 0x1000n, protection: 0x104 },
      { base: 0x10000n, size: 0x1000n, protection: 0x01, state: 0x10000 },
      { base: 0xffff_ffff_ffff_f000n, size: 0x2000n, protection: 0x04 },
    ]);
    const dump = open(made);
    assert.deepEqual(
      dump.mappedRanges.map((range) => range.base),
      [0x1000n, 0x2000n, 0x10000n],
    );
    const { isReadable, isWritable, isExecutable, isGuard } = dump.mappedRangeAt(0x1fffn) ?? assert.fail();
    assert.deepEqual([isReadable, isWritable, isExecutable, isGuard], [true, true, false, true]);
    assert.equal(dump.mappedRangeAt(0x2000n)?.isExecutable, true);
    assert.equal(dump.mappedRangeAt(0x10000n)?.isFree, true);
    assert.equal(dump.warnings.length, 1);
  });

  it('tells rights and names of mappings from the Linux maps', () => {
    const made = builder().text(
      0x47670009,
      '00400000-00401000 r-xp 00000000 fd:01 1234   /usr/bin/a name with spaces\n' +
        '7ffd0000-7ffe0000 rw-p 00000000 00:00 0                          [stack]\n' +
        'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\nnonsense\n',
    );
    const dump = open(made);
    assert.deepEqual(
      dump.mappedRanges.map((range) => [range.base, range.end, range.name]),
      [
        [0x400000n, 0x401000n, '/usr/bin/a name with spaces'],
        [0x7ffd0000n, 0x7ffe0000n, '[stack]'],
        [0xffffffffff600000n, 0xffffffffff601000n, '[vsyscall]'],
      ],
    );
    assert.equal(dump.mappedRangeAt(0x7ffd0000n)?.isWritable, true);
    assert.equal(dump.linux.memoryMapCount, 3);
  });
});
