// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Made-up stacks of random words, rules and registers for every processor that is unwound, walked by both. There is no
// real dump for arm and arm64, and no real one holds what this reaches.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { StackFrame, Stackwalk } from '../../src/crash/stackwalk.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { stackwalk } from '../../src/unwind/unwind.ts';
import type { BuilderCpu } from '../builders/context-builder.ts';
import { type BuilderOs, MinidumpBuilder } from '../builders/minidump-builder.ts';
import { makeRandom, SymBuilder } from '../builders/sym-builder.ts';
import { symbolsBelow } from '../conformance/stackwalk/testdata.ts';
import { differencesOf, walkByPeer } from './stackwalk-peer.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'salvage-random-stacks-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const appBase = 0x4000_0000n;
const libBase = 0x5000_0000n;
const stackBase = 0x6000_0000n;
const wordCount = 300;
const functionBytes = 0x100;
const functionCount = 32;
const casesPerProcessor = 150;

interface Shape {
  readonly cpu: BuilderCpu;
  readonly os: BuilderOs;
  readonly wordBytes: 4 | 8;
  readonly pc: string;
  readonly sp: string;
  readonly fp: string;
  readonly others: readonly string[];
  readonly rules: readonly string[];
  readonly hasStackWin?: boolean;
}

const shapes: readonly Shape[] = [
  {
    ...{ cpu: 'amd64', os: 'linux', wordBytes: 8, pc: 'rip', sp: 'rsp', fp: 'rbp', others: ['rbx', 'r12', 'r13'] },
    rules: [
      '.cfa: $rsp 8 + .ra: .cfa -8 + ^',
      '.cfa: $rsp 32 + .ra: .cfa -8 + ^ $rbp: .cfa -16 + ^',
      '.cfa: $rbp 16 + .ra: .cfa -8 + ^ $rbp: .cfa -16 + ^ $rbx: .cfa -24 + ^',
      '.cfa: $rbx 8 + .ra: .cfa -8 + ^ $rbx: .undef',
      '.cfa: $rsp 48 + 16 @ .ra: .cfa ^ $r12: $rbx 8 + $rbp: .cfa 8 - ^',
      '.cfa: $r13 .ra: .cfa ^',
    ],
  },
  {
    ...{ cpu: 'amd64', os: 'windows', wordBytes: 8, pc: 'rip', sp: 'rsp', fp: 'rbp', others: ['rbx', 'r12', 'r13'] },
    rules: ['.cfa: $rsp 40 + .ra: .cfa -8 + ^'],
  },
  {
    ...{ cpu: 'x86', os: 'windows', wordBytes: 4, pc: 'eip', sp: 'esp', fp: 'ebp', others: ['ebx', 'esi', 'edi'] },
    rules: ['.cfa: $esp 12 + .ra: .cfa -4 + ^ $ebp: .cfa -8 + ^', '.cfa: $ebp 8 + .ra: .cfa -4 + ^ $ebp: .cfa -8 + ^'],
    hasStackWin: true,
  },
  {
    ...{ cpu: 'x86', os: 'linux', wordBytes: 4, pc: 'eip', sp: 'esp', fp: 'ebp', others: ['ebx', 'esi', 'edi'] },
    rules: ['.cfa: $esp 4 + .ra: .cfa -4 + ^', '.cfa: $ebx 8 + .ra: .cfa -4 + ^ $ebx: .cfa -8 + ^'],
  },
  {
    ...{ cpu: 'arm', os: 'android', wordBytes: 4, pc: 'pc', sp: 'sp', fp: 'fp', others: ['r4', 'r7', 'lr'] },
    rules: [
      '.cfa: sp 8 + .ra: .cfa -4 + ^ r4: .cfa -8 + ^',
      '.cfa: sp .ra: lr',
      '.cfa: fp 8 + .ra: .cfa -4 + ^ fp: .cfa -8 + ^',
    ],
  },
  {
    ...{ cpu: 'arm64', os: 'mac', wordBytes: 8, pc: 'pc', sp: 'sp', fp: 'fp', others: ['x19', 'x20', 'lr'] },
    rules: [
      '.cfa: sp 16 + .ra: .cfa -8 + ^ x29: .cfa -16 + ^',
      '.cfa: sp 0 + .ra: x30',
      '.cfa: x29 16 + .ra: .cfa -8 + ^ x29: .cfa -16 + ^ x19: .cfa -24 + ^',
    ],
  },
];

const winPrograms = [
  '$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =',
  '$T0 $ebp = $eip $T0 4 + ^ = $ebp $T0 ^ = $esp $T0 8 + =',
  '$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + = $ebp $T0 8 - ^ = $ebx $T0 4 - ^ =',
  '$T1 .raSearch = $T0 $T1 4 - 8 @ = $ebp $T1 4 - ^ = $eip $T1 ^ = $esp $T1 4 + = $20 $T0 8 - ^ =',
];

type Random = () => number;
const below = (random: Random, limit: number) => Math.floor(random() * limit);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)] as T;

function randomSymbols(shape: Shape, random: Random, debugId: string): SymBuilder {
  const sym = new SymBuilder().module('app', debugId, 'Linux').file(0, '/src/app.cc');
  for (let number = 0; number < functionCount; number += 1) {
    const address = 0x1000 + number * functionBytes;
    if (random() < 0.2) continue;
    if (random() < 0.1) sym.public(address, `exported_${number}`, 4 * below(random, 3));
    else
      sym
        .func(address, functionBytes, `function_${number}()`, 4 * below(random, 3))
        .line(address, functionBytes, number + 1, 0);
    if (random() < 0.6) {
      sym.cfiInit(address, functionBytes, pick(random, shape.rules));
      if (random() < 0.3) sym.cfi(address + 0x40, pick(random, shape.rules));
    }
    if (!shape.hasStackWin || random() < 0.4) continue;
    const sizes = [0, 0, 4 * below(random, 3), 8 * below(random, 2), 4 * below(random, 4), 0];
    if (random() < 0.5) sym.win(4, address, functionBytes, sizes, pick(random, winPrograms));
    else sym.win(0, address, functionBytes, [0, 0, sizes[2]!, 8, sizes[4]!, 0], pick(random, ['0', '1']));
  }
  return sym;
}

function randomWord(shape: Shape, random: Random, index: number): bigint {
  const kind = random();
  if (kind < 0.3) return appBase + 0x1000n + BigInt(below(random, functionCount * functionBytes));
  if (kind < 0.4) return libBase + BigInt(below(random, 0x10000));
  if (kind < 0.75) return stackBase + BigInt(shape.wordBytes * Math.min(wordCount + 10, index + below(random, 30) - 3));
  if (kind < 0.8) return BigInt(below(random, 0x7fffffff));
  return BigInt(below(random, 100) + 1);
}

function randomDump(shape: Shape, random: Random, debugIdBytes: Uint8Array): Uint8Array {
  const builder = new MinidumpBuilder({ cpu: shape.cpu, os: shape.os }).systemInfo();
  const codeView = builder.section().u32(0x4270454c).bytes(debugIdBytes);
  builder.module({ base: appBase, size: 0x10000, name: '/opt/app', codeView });
  builder.module({ base: libBase, size: 0x10000, name: '/opt/lib' });
  const stack = Buffer.alloc(wordCount * shape.wordBytes);
  for (let index = 0; index < wordCount; index += 1) {
    const word = randomWord(shape, random, index);
    if (shape.wordBytes === 8) stack.writeBigUInt64LE(word, index * 8);
    else stack.writeUInt32LE(Number(word & 0xffff_ffffn), index * 4);
  }
  const registers: Record<string, bigint> = {
    [shape.pc]:
      random() < 0.8 ? appBase + 0x1000n + BigInt(below(random, functionCount * functionBytes)) : libBase + 0x10n,
    [shape.sp]: stackBase + BigInt(shape.wordBytes * below(random, 20)),
    [shape.fp]: stackBase + BigInt(shape.wordBytes * (20 + below(random, 20))),
  };
  for (const name of shape.others) registers[name] = randomWord(shape, random, 20);
  return builder.thread({ id: 1, registers, stack: { start: stackBase, bytes: stack } }).build();
}

const framesOf = (walk: Stackwalk): readonly StackFrame[] => walk.threads[0]?.frames ?? [];

/** We end at a frame pointer of zero, which marks the outermost frame; the reference scans on (docs/stackwalk-differences.md). */
function endsEarlier(ours: readonly StackFrame[], theirs: readonly StackFrame[]): boolean {
  return ours.length < theirs.length && theirs[ours.length]?.trust === 'scan';
}

const debugIdBytes = Uint8Array.from({ length: 16 }, (_, index) => index);
const debugId = '03020100050407060809' + '0A0B0C0D0E0F0';

for (const shape of shapes)
  test(`random stacks on ${shape.cpu} ${shape.os} are walked as by minidump-stackwalk`, {
    timeout: 600_000,
  }, async (context) => {
    const random = makeRandom(20261121);
    let frames = 0;
    for (let number = 0; number < casesPerProcessor; number += 1) {
      const symbols = path.join(folder, `${shape.cpu}-${shape.os}-${number}`);
      mkdirSync(path.join(symbols, 'app', debugId), { recursive: true });
      writeFileSync(path.join(symbols, 'app', debugId, 'app.sym'), randomSymbols(shape, random, debugId).text());
      const bytes = randomDump(shape, random, debugIdBytes);
      const dump = path.join(symbols, 'random.dmp');
      writeFileSync(dump, bytes);
      const ours = framesOf(
        JSON.parse(JSON.stringify(await stackwalk(openMinidump(bytesSource(bytes)), symbolsBelow(symbols)))),
      );
      const theirs = framesOf(walkByPeer(dump, symbols) as Stackwalk);
      frames += theirs.length;
      const compared = shape.cpu === 'arm64' && endsEarlier(ours, theirs) ? theirs.slice(0, ours.length) : theirs;
      assert.deepEqual(differencesOf(ours, compared), [], `case ${number}`);
    }
    context.diagnostic(`${frames} frames`);
    assert.ok(frames > casesPerProcessor * 2);
  });
