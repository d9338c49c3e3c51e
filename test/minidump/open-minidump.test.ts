// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SalvageError } from '../../src/lib/errors.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';

const slugOf = (bytes: Uint8Array): string => {
  try {
    openMinidump(bytesSource(bytes));
    return 'opened';
  } catch (error) {
    assert.ok(error instanceof SalvageError, String(error));
    return error.slug;
  }
};

const minimal = () => new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo().thread({ id: 1 });

describe('opening a dump', () => {
  it('says what the bytes are instead of a dump', () => {
    assert.equal(slugOf(new Uint8Array()), 'minidump_empty');
    assert.equal(slugOf(gzipSync(minimal().build())), 'minidump_is_gzip');
    assert.equal(slugOf(Buffer.from('MODULE Linux x86_64 0 a.out\n')), 'minidump_is_text');
    assert.equal(slugOf(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0])), 'minidump_bad_signature');
    assert.equal(slugOf(Buffer.from('MDMP')), 'minidump_truncated');
    assert.equal(slugOf(Buffer.from('MD')), 'minidump_is_text');
  });

  it('refuses a dump of another version and a directory outside the file', () => {
    const bytes = minimal().build();
    const otherVersion = Uint8Array.from(bytes).fill(0, 4, 6);
    assert.equal(slugOf(otherVersion), 'minidump_bad_version');
    const farDirectory = Uint8Array.from(bytes).fill(0xff, 12, 16);
    assert.equal(slugOf(farDirectory), 'minidump_truncated');
  });

  it('needs system info and a thread list, and nothing else', () => {
    assert.equal(slugOf(new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).build()), 'minidump_missing_system_info');
    assert.equal(
      slugOf(new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo().build()),
      'minidump_missing_thread_list',
    );
    const dump = openMinidump(bytesSource(minimal().time(1234).build()));
    assert.equal(dump.threads.length, 1);
    assert.equal(dump.header.timeS, 1234);
    assert.deepEqual(dump.modules, []);
    assert.equal(dump.exception, null);
    assert.deepEqual(dump.memory.regions, []);
    assert.deepEqual(dump.warnings, []);
  });

  it('accepts a thread list without threads', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo();
    builder.stream(3, builder.section().u32(0));
    assert.deepEqual(openMinidump(bytesSource(builder.build())).threads, []);
  });

  it('reads big-endian dumps', () => {
    const builder = new MinidumpBuilder({ cpu: 'ppc', os: 'mac', isBigEndian: true }).systemInfo({
      version: [10, 4, 8],
    });
    builder.thread({ id: 7, name: 'Ärger', registers: { srr0: 0x1000, r1: 0xbffff000, r31: 5, vrsave: 9 } });
    builder.module({ base: 0x1000n, size: 0x2000, name: '/bin/x' });
    builder.memory(0x5000n, [1, 2, 3, 4, 5, 6, 7, 8]);
    const dump = openMinidump(bytesSource(builder.build()));
    assert.equal(dump.header.isBigEndian, true);
    assert.equal(dump.systemInfo.cpu, 'ppc');
    assert.equal(dump.threads[0]?.name, 'Ärger');
    assert.equal(dump.threads[0]?.context?.registers.get('r1'), 0xbffff000n);
    assert.equal(dump.threads[0]?.context?.registers.get('vrsave'), 9n);
    assert.equal(dump.moduleAt(0x2fffn)?.codeFile, '/bin/x');
    assert.equal(dump.memory.readPointer(0x5000n), 0x01020304n);
    assert.deepEqual(dump.warnings, []);
  });

  it('keeps unknown streams in the list and lets the last of a kind count', () => {
    const builder = minimal();
    builder.stream(0xdeadbeef, builder.section().u32(1));
    builder.text(0x47670007, 'A=old\0');
    builder.text(0x47670007, 'A=new\0B=\0');
    builder.stream(0, builder.section().u32(1));
    const dump = openMinidump(bytesSource(builder.build()));
    assert.deepEqual(
      dump.streams.map((stream) => [stream.name, stream.isUsed]),
      [
        ['SystemInfo', true],
        ['0xdeadbeef', true],
        ['LinuxEnviron', false],
        ['LinuxEnviron', true],
        ['Unused', false],
        ['ThreadList', true],
      ],
    );
    assert.deepEqual(
      [...(dump.linux.environment ?? [])],
      [
        ['A', 'new'],
        ['B', ''],
      ],
    );
    assert.match(dump.warnings[0]?.message ?? '', /more than once/);
  });

  it('reads no more than the limit of streams', () => {
    const builder = minimal();
    for (let index = 0; index < 600; index++) builder.stream(0x70000000 + index, builder.section().u32(index));
    assert.equal(slugOf(builder.build()), 'minidump_missing_thread_list');
  });

  it('never reads a memory region that nobody asks for', () => {
    const builder = minimal().memory(0x10000n, new Uint8Array(200_000));
    const bytes = builder.build();
    let bytesRead = 0;
    const inner = bytesSource(bytes);
    const dump = openMinidump({
      sizeBytes: inner.sizeBytes,
      read(offset, length) {
        bytesRead += length;
        return inner.read(offset, length);
      },
    });
    assert.equal(dump.memory.regions[0]?.sizeBytes, 200_000);
    assert.ok(bytesRead < 10_000, `${bytesRead} bytes were read`);
    assert.equal(dump.memory.readPointer(0x10000n + 199_992n), 0n);
    assert.equal(dump.memory.readPointer(0x10000n + 199_993n), undefined);
  });
});
