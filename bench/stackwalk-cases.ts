// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// What bench/stackwalk.ts walks: a real crash with small symbols, the same with a browser engine's file in place of the
// program's, and many long stacks.
import fs from 'node:fs';
import path from 'node:path';
import { MinidumpBuilder } from '../test/builders/minidump-builder.ts';
import { browserEngine, largeSym, makeRandom, SymBuilder } from '../test/builders/sym-builder.ts';

export interface StackwalkCase {
  readonly name: string;
  readonly dump: string;
  readonly symbols: string;
  readonly rounds: number;
}

export interface CaseOptions {
  readonly folder: string;
  /** The shared minidumps. */
  readonly testdata: string;
  readonly functions: number;
  readonly rounds: number;
  readonly largeRounds: number;
}

export function makeCases(options: CaseOptions): StackwalkCase[] {
  const { testdata, rounds, largeRounds } = options;
  const real = path.join(testdata, 'real/depot-o2-mt-audit.dmp');
  return [
    { name: 'small', dump: real, symbols: path.join(testdata, 'symbols'), rounds },
    { name: 'threads', ...manyThreads(options.folder), rounds },
    { name: 'large', dump: real, symbols: largeSymbols(options), rounds: largeRounds },
  ];
}

const program = 'depot/142468319F5ECA5530D3F5FF3BE956B60';

/** Copies of the shared symbols, with the program's records at the head of a file of 212 MB. */
function largeSymbols({ folder, testdata, functions }: CaseOptions): string {
  const symbols = path.join(folder, 'large-symbols');
  const shared = path.join(testdata, 'symbols');
  fs.cpSync(shared, symbols, { recursive: true });
  const small = fs.readFileSync(path.join(shared, program, 'depot.sym'), 'utf8');
  const [module = ''] = small.split('\n', 1);
  const [debugFile, debugId] = program.split('/') as [string, string];
  const prefix = small.slice(module.length + 1).replace(/\n*$/, '\n');
  const file = fs.openSync(path.join(symbols, program, 'depot.sym'), 'w');
  const shape = { ...browserEngine, functions, debugFile, debugId, prefix, baseAddress: 0x100_0000 };
  for (const piece of largeSym(shape)) fs.writeSync(file, piece);
  fs.closeSync(file);
  return symbols;
}

const threadCount = 60;
const frameCount = 60;
const frameWords = 6;
const base = 0x40_0000n;
const debugId = '000102030405060708090A0B0C0D0E0F0';

/** 60 threads of 60 frames each, by CFI, with a line and an inlined call a frame. */
function manyThreads(folder: string): { dump: string; symbols: string } {
  const sym = new SymBuilder().module('many', debugId, 'Linux').file(0, '/src/many.cc').origin(0, 'inlined()');
  for (let number = 0; number < frameCount; number += 1) {
    const address = 0x1000 + number * 0x100;
    sym.func(address, 0x100, `level_${number}(int)`).inline(0, number, 0, 0, [address, 0x80]);
    sym.line(address, 0x100, 100 + number, 0);
    sym.cfiInit(address, 0x100, `.cfa: $rsp ${frameWords * 8} + .ra: .cfa -8 + ^ $rbp: .cfa -16 + ^`);
  }
  const directory = path.join(folder, 'many-symbols');
  fs.mkdirSync(path.join(directory, 'many', debugId), { recursive: true });
  fs.writeFileSync(path.join(directory, 'many', debugId, 'many.sym'), sym.text());

  const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo();
  const buildId = Buffer.from('03020100050407060809 0a0b0c0d0e0f'.replace(' ', ''), 'hex');
  builder.module({
    base,
    size: 0x10_0000,
    name: '/opt/many',
    codeView: builder.section().u32(0x4270454c).bytes(buildId),
  });
  for (let thread = 0; thread < threadCount; thread += 1) addThread(builder, thread);
  const dump = path.join(folder, 'many.dmp');
  fs.writeFileSync(dump, builder.build());
  return { dump, symbols: directory };
}

function addThread(builder: MinidumpBuilder, thread: number): void {
  const start = 0x7000_0000n + BigInt(thread) * 0x1_0000n;
  const stack = Buffer.alloc(frameCount * frameWords * 8);
  for (let frame = 1; frame < frameCount; frame += 1)
    stack.writeBigUInt64LE(base + 0x1000n + BigInt(frame) * 0x100n + 0x40n, frame * frameWords * 8 - 8);
  builder.thread({ id: thread + 1, registers: { rip: base + 0x1040n, rsp: start }, stack: { start, bytes: stack } });
}

const largeCount = 10;
const dumpCount = 20;
const framesPerThread = 20;

/** Ten modules with a file of the large size each, and dumps whose threads run through random functions of them. */
export function tenLargeFiles(folder: string, functions: number): { dumps: string[]; symbols: string } {
  const symbols = path.join(folder, 'ten-symbols');
  const random = makeRandom(1);
  for (let number = 0; number < largeCount; number += 1) {
    const debugFile = `libengine${number}.so`;
    const id = engineId(number);
    fs.mkdirSync(path.join(symbols, debugFile, id), { recursive: true });
    const file = fs.openSync(path.join(symbols, debugFile, id, `${debugFile}.sym`), 'w');
    for (const piece of largeSym({ ...browserEngine, functions, debugFile, debugId: id })) fs.writeSync(file, piece);
    fs.closeSync(file);
  }
  const dumps = Array.from({ length: dumpCount }, (_, number) => {
    const dump = path.join(folder, `ten-${number}.dmp`);
    fs.writeFileSync(dump, tenModuleDump(random, functions));
    return dump;
  });
  return { dumps, symbols };
}

const engineId = (number: number) => `0302010005040706080900000000000${number.toString(16).toUpperCase()}0`;

/** A function and its alignment take some 330 bytes on average. */
const bytesPerFunction = 320;

function tenModuleDump(random: () => number, functions: number): Uint8Array {
  const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo();
  const size = functions * 700;
  const baseOf = (number: number) => BigInt(number + 1) * 0x1_0000_0000n;
  for (let number = 0; number < largeCount; number += 1) {
    const buildId = Buffer.from(`000102030405060708090000000000${number.toString(16).padStart(2, '0')}`, 'hex');
    const codeView = builder.section().u32(0x4270454c).bytes(buildId);
    builder.module({ base: baseOf(number), size, name: `/opt/libengine${number}.so`, codeView });
  }
  const address = (number: number) =>
    baseOf(number) + 0x1000n + BigInt(Math.floor(random() * functions * bytesPerFunction));
  for (let thread = 0; thread < largeCount; thread += 1) {
    const start = 0x7000_0000n + BigInt(thread) * 0x1_0000n;
    const stack = Buffer.alloc(framesPerThread * 64);
    for (let at = 0; at < stack.length; at += 8) stack.writeBigUInt64LE(address(Math.floor(random() * largeCount)), at);
    builder.thread({ id: thread + 1, registers: { rip: address(thread), rsp: start }, stack: { start, bytes: stack } });
  }
  return builder.build();
}
