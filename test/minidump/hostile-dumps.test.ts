// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzDumps, tryDump } from '../../fuzz/dump-mutations.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';
import { dumpWithEveryStream } from '../builders/sample-dumps.ts';

const samples = new Map([
  ['amd64', dumpWithEveryStream({ cpu: 'amd64', os: 'windows' })],
  ['arm64', dumpWithEveryStream({ cpu: 'arm64', os: 'mac', hasMemory64List: true })],
  ['ppc', dumpWithEveryStream({ cpu: 'ppc', os: 'mac', isBigEndian: true })],
]);

describe('hostile dumps', () => {
  it('the samples themselves are read without a warning', () => {
    for (const bytes of samples.values()) assert.deepEqual(openMinidump(bytesSource(bytes)).warnings, []);
  });

  it('cut short at every 16 bytes are walked or give a typed error', async () => {
    for (const bytes of samples.values())
      for (let length = 0; length < bytes.length; length += 16) await tryDump(bytes.subarray(0, length));
  });

  it('mutated 3000 times are walked or give a typed error, quickly', async () => {
    const result = await fuzzDumps(samples, { mutations: 3000, randomSeed: 20_261_121 });
    assert.equal(result.failure, null, result.failure?.error);
    assert.ok(result.slowestMs < 1000, `the slowest took ${result.slowestMs} ms`);
    assert.ok((result.outcomes['walked'] ?? 0) > 1000, 'most mutations must get past the header');
  });

  it('any bytes after a good header are walked or give a typed error', async () => {
    const header = samples.get('amd64')?.subarray(0, 32) ?? assert.fail();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (rest) => {
        await tryDump(Buffer.concat([header, rest]));
      }),
      { numRuns: 500 },
    );
  });

  it('with the same long name for every handle and module take bounded memory', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo().thread({ id: 1 });
    const name = builder.section().text('x'.repeat(4096));
    const buildId = builder.section().u32(0x4270454c).bytes(new Uint8Array(32_000).fill(7));
    const modules = builder.section().u32(4096);
    for (let index = 0; index < 4096; index++)
      modules
        .u64(index * 4096)
        .u32(4096)
        .zeros(8)
        .rva(name)
        .zeros(52)
        .location(buildId)
        .zeros(24);
    const handles = builder.section().u32(16).u32(32).u32(20_000).u32(0);
    for (let index = 0; index < 20_000; index++) handles.u64(index).rva(name).rva(name).zeros(16);
    const dump = openMinidump(bytesSource(builder.stream(4, modules).stream(12, handles).build()));
    assert.equal(dump.modules.length, 4096);
    assert.equal(dump.modules[4095]?.codeId?.length, 512);
    const characters = dump.handles?.reduce((sum, handle) => sum + (handle.objectName?.length ?? 0), 0) ?? 0;
    assert.ok(characters < 8_388_608);
  });

  it('with a word of all ones at every place open or give a typed error', () => {
    const bytes = samples.get('amd64') ?? assert.fail();
    for (let at = 0; at + 4 <= bytes.length; at += 4) tryDump(Uint8Array.from(bytes).fill(0xff, at, at + 4));
  });
});
