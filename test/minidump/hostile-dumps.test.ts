// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzDumps, tryDump } from '../../fuzz/dump-mutations.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
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

  it('cut short at every 16 bytes open or give a typed error', () => {
    for (const bytes of samples.values())
      for (let length = 0; length < bytes.length; length += 16) tryDump(bytes.subarray(0, length));
  });

  it('mutated 6000 times open or give a typed error, quickly', () => {
    const result = fuzzDumps(samples, { mutations: 6000, randomSeed: 20_261_121 });
    assert.equal(result.failure, null, result.failure?.error);
    assert.ok(result.slowestMs < 1000, `the slowest took ${result.slowestMs} ms`);
    assert.ok((result.outcomes['opened'] ?? 0) > 2000, 'most mutations must get past the header');
  });

  it('any bytes after a good header open or give a typed error', () => {
    const header = samples.get('amd64')?.subarray(0, 32) ?? assert.fail();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (rest) => {
        tryDump(Buffer.concat([header, rest]));
      }),
      { numRuns: 500 },
    );
  });

  it('with a word of all ones at every place open or give a typed error', () => {
    const bytes = samples.get('amd64') ?? assert.fail();
    for (let at = 0; at + 4 <= bytes.length; at += 4) tryDump(Uint8Array.from(bytes).fill(0xff, at, at + 4));
  });
});
