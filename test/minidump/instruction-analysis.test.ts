// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeInstruction } from '../../src/minidump/crash/amd64/decode.ts';
import { instructionText } from '../../src/minidump/crash/amd64/instruction-text.ts';
import { analyseCrash, bytesSource, type CrashAnalysis, openMinidump } from '../../src/minidump/minidump.ts';
import type { Registers } from '../builders/context-builder.ts';
import { type BuilderOs, MinidumpBuilder } from '../builders/minidump-builder.ts';

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** Bytes and what Intel's manual makes of them. */
const texts: [string, string][] = [
  ['8b 76 04', 'mov esi, dword [rsi + 0x4]'],
  ['c7 04 25 45 00 00 00 05 00 00 00', 'mov dword [0x45], 0x5'],
  ['48 89 34 24', 'mov qword [rsp], rsi'],
  ['41 8a 45 80', 'mov al, byte [r13 - 0x80]'],
  ['66 89 08', 'mov word [rax], cx'],
  ['80 39 48', 'cmp byte [rcx], 0x48'],
  ['48 8b 05 10 00 00 00', 'mov rax, qword [rip + 0x10]'],
  ['64 48 8b 04 25 28 00 00 00', 'mov rax, qword fs:[0x28]'],
  ['4a 8b 44 e0 08', 'mov rax, qword [rax + r12 * 8 + 0x8]'],
  ['48 b8 88 77 66 55 44 33 22 11', 'mov rax, 0x1122334455667788'],
  ['48 83 ec 28', 'sub rsp, 0x28'],
  ['48 83 c4 80', 'add rsp, -0x80'],
  ['40 b6 01', 'mov sil, 0x1'],
  ['b4 01', 'mov ah, 0x1'],
  ['48 8d 44 24 08', 'lea rax, qword [rsp + 0x8]'],
  ['ff 50 18', 'call qword [rax + 0x18]'],
  ['ff d0', 'call rax'],
  ['e8 00 00 00 00', 'call $+0x0'],
  ['75 fe', 'jnz $-0x2'],
  ['0f 84 00 01 00 00', 'jz $+0x100'],
  ['c3', 'ret'],
  ['cc', 'int 0x3'],
  ['cd 29', 'int 0x29'],
  ['0f 0b', 'ud2'],
  ['f3 a4', 'rep movs byte es:[rdi], byte ds:[rsi]'],
  ['f3 48 ab', 'rep stos qword es:[rdi], rax'],
  ['f0 0f b1 0f', 'lock cmpxchg dword [rdi], ecx'],
  ['48 f7 f9', 'idiv rcx'],
  ['0f b6 04 0a', 'movzx eax, byte [rdx + rcx * 1]'],
  ['f2 0f 10 00', 'movsd xmm0, qword [rax]'],
  ['66 0f 6f 06', 'movdqa xmm0, xmmword [rsi]'],
  ['f3 44 0f 7f 07', 'movdqu xmmword [rdi], xmm8'],
  ['c5 fe 6f 06', 'vmovdqu ymm0, ymmword [rsi]'],
  ['c5 f8 29 07', 'vmovaps xmmword [rdi], xmm0'],
  ['c4 c1 7a 10 00', 'vmovss xmm0, dword [r8]'],
  ['f3 0f 1e fa', 'endbr64'],
];

describe('decoding amd64 instructions', () => {
  for (const [hex, text] of texts)
    it(text, () => {
      const instruction = decodeInstruction(bytesOf(`${hex} 90 90 90`)) ?? assert.fail('not decoded');
      assert.equal(instructionText(instruction), text);
      assert.equal(instruction.lengthBytes, bytesOf(hex).length);
    });

  it('answers nothing for what is cut short, invalid or beyond its tables', () => {
    for (const hex of ['', '48', '8b', '8b 46', '0f', 'f0 89 c8', '06', 'c4 e1', '62 f1 7c 48 10 00', 'd9 00', 'ff ff'])
      assert.equal(decodeInstruction(bytesOf(hex)), undefined, hex);
  });

  it('never throws, and never reads past fifteen bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        const instruction = decodeInstruction(bytes);
        if (!instruction) return;
        assert.ok(instruction.lengthBytes <= Math.min(15, bytes.length));
        assert.ok(instructionText(instruction).length > 0);
      }),
      { numRuns: 20_000 },
    );
  });
});

interface Crash {
  readonly code: string;
  readonly registers?: Registers;
  readonly os?: BuilderOs;
  readonly exception?: {
    readonly code: number;
    readonly flags?: number;
    readonly address?: bigint;
    readonly parameters?: bigint[];
  };
  readonly regions?: readonly { base: bigint; size: bigint; protection: number }[];
}

function analyse(crash: Crash): CrashAnalysis {
  const registers = { rip: 0x401000n, rsp: 0x7008n, ...crash.registers };
  const stack = { start: 0x7000n, bytes: new Uint8Array(64).fill(0x11) };
  const builder = new MinidumpBuilder({ cpu: 'amd64', os: crash.os ?? 'linux' }).systemInfo();
  builder.thread({ id: 1, registers, stack }).memory(0x401000n, [...bytesOf(crash.code), 0x90, 0x90, 0x90, 0x90]);
  builder.memory(0x9000n, [0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0]);
  if (crash.regions) builder.memoryInfo(crash.regions);
  builder.exception({ threadId: 1, registers, ...(crash.exception ?? { code: 11, flags: 1 }) });
  return analyseCrash(openMinidump(bytesSource(builder.build()))) ?? assert.fail();
}

const accessesOf = (crash: Crash) =>
  analyse(crash).memoryAccesses?.map(({ address, sizeBytes, kind }) => [address, sizeBytes, kind]);

describe('accesses of the crashing instruction', () => {
  it('come from its operands', () => {
    assert.deepEqual(accessesOf({ code: '8b 76 04', registers: { rsi: 0x1000n } }), [[0x1004n, 4, 'read']]);
    assert.deepEqual(accessesOf({ code: '89 08', registers: { rax: 0x1000n } }), [[0x1000n, 4, 'write']]);
    assert.deepEqual(accessesOf({ code: '01 08', registers: { rax: 0x1000n } }), [[0x1000n, 4, 'readwrite']]);
    assert.deepEqual(accessesOf({ code: '4a 8b 44 e0 f8', registers: { rax: 0x1000n, r12: 2n } }), [
      [0x1008n, 8, 'read'],
    ]);
    assert.deepEqual(accessesOf({ code: '31 08', registers: { rax: 0x1000n } }), [[0x1000n, 4, null]]);
  });

  it('count from the next instruction when relative to the pc', () => {
    assert.deepEqual(accessesOf({ code: '48 8b 05 10 00 00 00' }), [[0x401017n, 8, 'read']]);
  });

  it('wrap at the end of the address space', () => {
    assert.deepEqual(accessesOf({ code: '8b 46 04', registers: { rsi: 0xffff_ffff_ffff_fffen } }), [[2n, 4, 'read']]);
  });

  it('include the stack of push, call, pop and ret', () => {
    assert.deepEqual(accessesOf({ code: '50' }), [[0x7000n, 8, 'write']]);
    assert.deepEqual(accessesOf({ code: '58' }), [[0x7008n, 8, 'read']]);
    assert.deepEqual(accessesOf({ code: 'c3' }), [[0x7008n, 8, 'read']]);
    assert.deepEqual(accessesOf({ code: 'ff 10', registers: { rax: 0x9000n } }), [
      [0x9000n, 8, 'read'],
      [0x7000n, 8, 'write'],
    ]);
  });

  it('leave out addresses in segments, whose base no context holds, and those of lea and nop', () => {
    assert.deepEqual(accessesOf({ code: '64 48 8b 04 25 28 00 00 00' }), []);
    assert.deepEqual(accessesOf({ code: '48 8d 44 24 08' }), []);
    assert.deepEqual(accessesOf({ code: '0f 1f 00' }), []);
  });

  it('are unknown without the bytes of the instruction', () => {
    const { instruction, memoryAccesses, adjustedAddress } = analyse({ code: '', registers: { rip: 0x5000n } });
    assert.deepEqual([instruction, memoryAccesses, adjustedAddress], [null, null, null]);
  });

  it('tell where a call, jump or return would have gone', () => {
    const target = (code: string, registers: Registers = {}) =>
      analyse({ code, registers }).instructionPointerUpdate?.address;
    assert.equal(target('ff d0', { rax: 0x1234n }), 0x1234n);
    assert.equal(target('ff 20', { rax: 0x9000n }), 0x12345678n);
    assert.equal(target('c3'), 0x1111111111111111n);
    assert.equal(target('e8 00 00 00 00'), undefined);
    assert.equal(target('75 fe'), undefined);
  });
});

describe('adjusted address', () => {
  it('is a null pointer with its offset when a base register was zero', () => {
    assert.deepEqual(analyse({ code: '8b 76 04' }).adjustedAddress, { kind: 'null-pointer', offset: 4n });
    assert.equal(analyse({ code: '8b 04 25 04 00 00 00' }).adjustedAddress, null);
    assert.deepEqual(analyse({ code: '8b 76 04' }).possibleBitFlips, []);
  });

  const poison = { rax: 0xe5e5_e5e5_e5e5_e5e5n };
  const adjusted = { kind: 'non-canonical', address: 0xe5e5_e5e5_e5e5_e5e5n };

  it('is the non-canonical one when the system reports a general protection fault', () => {
    const of = (os: BuilderOs, exception: Crash['exception'] & object) =>
      analyse({ code: '8b 00', registers: poison, os, exception }).adjustedAddress;
    assert.deepEqual(of('linux', { code: 11, flags: 0x80, address: 0n }), adjusted);
    assert.deepEqual(of('linux', { code: 7, flags: 0x80, address: 0n }), adjusted);
    assert.deepEqual(of('mac', { code: 1, flags: 13, address: 0n }), adjusted);
    assert.deepEqual(of('windows', { code: 0xc0000005, parameters: [0n, 0xffff_ffff_ffff_ffffn] }), adjusted);
    assert.equal(of('linux', { code: 11, flags: 1, address: 0n }), null);
    assert.equal(of('windows', { code: 0xc0000005, parameters: [1n, 0xffff_ffff_ffff_ffffn] }), null);
  });

  it('makes bit flips of the upper bits only', () => {
    const regions = [{ base: 0x5000_0000n, size: 0x1000n, protection: 4 }];
    const flips = analyse({
      code: '8b 00',
      registers: { rax: 0x0100_0000_5000_0010n },
      os: 'windows',
      exception: { code: 0xc0000005, parameters: [0n, 0xffff_ffff_ffff_ffffn] },
      regions,
    }).possibleBitFlips;
    assert.deepEqual(
      flips.map((flip) => [flip.address, flip.sourceRegister, flip.wasNonCanonical]),
      [
        [0x5000_0010n, null, true],
        [0x5000_0010n, 'rax', true],
      ],
    );
  });
});

describe('inconsistencies', () => {
  const windows = (
    code: string,
    exception: Crash['exception'] & object,
    registers: Registers = {},
    regions?: Crash['regions'],
  ) => analyse({ code, os: 'windows', exception, registers, ...(regions && { regions }) }).inconsistencies;

  it('are none for an honest crash', () => {
    assert.deepEqual(windows('8b 00', { code: 0xc0000005, parameters: [0n, 0x10n] }, { rax: 0x10n }), []);
    assert.deepEqual(windows('48 f7 f9', { code: 0xc0000094 }), []);
  });

  it('are told by name', () => {
    assert.deepEqual(windows('8b 00', { code: 0xc0000094 }), ['int_div_by_zero_not_possible']);
    assert.deepEqual(windows('01 c8', { code: 0xc0000096 }), ['priv_instruction_crash_without_priv_instruction']);
    assert.deepEqual(windows('8b 00', { code: 0xc0000005, parameters: [0n, 0x5000n] }, { rax: 0x10n }), [
      'crashing_access_not_found_in_memory_accesses',
    ]);
    assert.deepEqual(windows('8b 00', { code: 0xc0000005, parameters: [0n, 0xffff_ffff_ffff_ffffn] }, { rax: 0x10n }), [
      'non_canonical_address_falsely_reported',
    ]);
    const readable = [{ base: 0x5000n, size: 0x1000n, protection: 2 }];
    assert.deepEqual(windows('8b 00', { code: 0xc0000005, parameters: [0n, 0x5010n] }, { rax: 0x5010n }, readable), [
      'access_violation_when_access_allowed',
    ]);
  });

  it('are not claimed of instructions whose accesses are not fully known', () => {
    assert.deepEqual(windows('31 08', { code: 0xc0000005, parameters: [1n, 0x5000n] }, { rax: 0x10n }), []);
    assert.deepEqual(windows('65 8b 00', { code: 0xc0000005, parameters: [0n, 0x5000n] }, { rax: 0x10n }), []);
  });
});
