// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyseCrash, bytesSource, type CrashAnalysis, openMinidump } from '../../src/minidump/minidump.ts';
import type { BuilderCpu, Registers } from '../builders/context-builder.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';

const readWrite = 0x04;
const noAccess = 0x01;

function analyse(options: {
  readonly cpu?: BuilderCpu;
  readonly address: bigint;
  readonly kind?: bigint;
  readonly registers?: Registers;
  readonly regions?: readonly { base: bigint; size: bigint; protection: number; state?: number }[];
}): CrashAnalysis {
  const builder = new MinidumpBuilder({ cpu: options.cpu ?? 'amd64', os: 'windows' }).systemInfo().thread({ id: 1 });
  builder.memoryInfo(options.regions ?? [{ base: 0x7ff6_0000_0000n, size: 0x10000n, protection: readWrite }]);
  builder.exception({
    threadId: 1,
    code: 0xc0000005,
    address: 0x401000n,
    parameters: [options.kind ?? 0n, options.address],
    registers: options.registers ?? {},
  });
  const analysis = analyseCrash(openMinidump(bytesSource(builder.build())));
  assert.ok(analysis);
  return analysis;
}

describe('bit flips', () => {
  it('finds the mapped address one bit away', () => {
    const { possibleBitFlips } = analyse({ address: 0x7ff6_0010_1234n ^ (1n << 20n) ^ (1n << 40n) });
    assert.deepEqual(
      possibleBitFlips.map((flip) => [flip.address, flip.confidence]),
      [[0x7ff6_0000_1234n, 0.25]],
    );
  });

  it('finds none when the access was allowed, the memory is free, the right is missing, or no bit helps', () => {
    assert.deepEqual(analyse({ address: 0x7ff6_0000_1234n }).possibleBitFlips, []);
    const free = [{ base: 0x7ff6_0000_0000n, size: 0x10000n, protection: readWrite, state: 0x10000 }];
    assert.deepEqual(analyse({ address: 0x7ff6_0010_1234n, regions: free }).possibleBitFlips, []);
    assert.deepEqual(analyse({ address: 0x7ff6_0010_1234n, kind: 8n }).possibleBitFlips, []);
    assert.deepEqual(analyse({ address: 0x1234_5678_9abcn }).possibleBitFlips, []);
  });

  it('trusts a flip more with registers near it, less with poison in a register', () => {
    const address = 0x7ff6_0010_8000n;
    const near = analyse({ address, registers: { rax: 0x7ff6_0000_7000n } }).possibleBitFlips[0];
    assert.deepEqual([near?.nearbyRegisters, near?.confidence], [1, 0.625]);
    const two = analyse({ address, registers: { rax: 0x7ff6_0000_7000n, rbx: 0x7ff6_0000_9000n } }).possibleBitFlips[0];
    assert.deepEqual([two?.nearbyRegisters, two?.confidence], [2, Math.fround(0.6625)]);
    const poisoned = analyse({ address, registers: { rdx: 0xe5e5_e5e5_e5e5_e5e5n } }).possibleBitFlips[0];
    assert.deepEqual([poisoned?.hasPoisonRegisters, poisoned?.confidence], [true, 0.125]);
  });

  it('takes null as what was meant, less so when the address was low', () => {
    const low = analyse({ address: 0x1000n }).possibleBitFlips[0];
    assert.deepEqual([low?.address, low?.isNull, low?.wasLow, low?.confidence], [0n, true, true, 0.4375]);
    const high = analyse({ address: 1n << 40n }).possibleBitFlips[0];
    assert.deepEqual([high?.isNull, high?.wasLow, high?.confidence], [true, false, 0.625]);
  });

  it('is not tried on 32-bit processors and arm64', () => {
    assert.deepEqual(analyse({ cpu: 'x86', address: 0x1000n }).possibleBitFlips, []);
    assert.deepEqual(analyse({ cpu: 'arm64', address: 0x1000n }).possibleBitFlips, []);
  });
});

describe('guard pages', () => {
  const regions = (size: bigint) => [
    { base: 0x10000n, size: 0x1000n, protection: readWrite },
    { base: 0x11000n, size, protection: noAccess },
    { base: 0x90000n, size: 0x1000n, protection: noAccess },
  ];

  it('are small mappings without rights beside one with rights', () => {
    assert.equal(analyse({ address: 0x11008n, regions: regions(0x1000n) }).isLikelyGuardPage, true);
    assert.equal(analyse({ address: 0x11008n, regions: regions(0x8000n) }).isLikelyGuardPage, true);
    assert.equal(analyse({ address: 0x11008n, regions: regions(0x9000n) }).isLikelyGuardPage, false);
    assert.equal(analyse({ address: 0x10008n, regions: regions(0x1000n) }).isLikelyGuardPage, false);
    assert.equal(analyse({ address: 0x90008n, regions: regions(0x1000n) }).isLikelyGuardPage, false);
  });
});
