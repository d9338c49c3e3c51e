// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StackFrame, Stackwalk } from '../../src/crash/stackwalk.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { moduleSymbolsFromSym, type SymbolProvider } from '../../src/symbols/symbols.ts';
import { type StackwalkOptions, stackwalk } from '../../src/unwind/unwind.ts';
import type { BuilderCpu, Registers } from '../builders/context-builder.ts';
import { type BuilderModule, type BuilderOs, MinidumpBuilder } from '../builders/minidump-builder.ts';
import type { SymBuilder } from '../builders/sym-builder.ts';

/** Modules of the synthetic process: `app` has symbols where a test gives some, `lib` never has. */
export const appBase = 0x4000_0000n;
export const libBase = 0x5000_0000n;
export const stackBase = 0x8000_0000n;

const modules: readonly BuilderModule[] = [
  { base: appBase, size: 0x10000, name: '/opt/app' },
  { base: libBase, size: 0x10000, name: '/opt/lib' },
];

export interface SyntheticStack {
  readonly cpu: BuilderCpu;
  readonly os?: BuilderOs;
  readonly registers: Registers;
  /** Native words from `stackBase` upwards. */
  readonly words: readonly (bigint | number)[];
  readonly appSymbols?: SymBuilder;
  readonly options?: StackwalkOptions;
  readonly change?: (builder: MinidumpBuilder) => void;
}

/** Walks one thread over a made-up stack. */
export async function walkSynthetic(stack: SyntheticStack): Promise<Stackwalk> {
  const builder = new MinidumpBuilder({ cpu: stack.cpu, os: stack.os ?? 'linux' }).systemInfo();
  for (const module of modules) builder.module(module);
  builder.thread({
    id: 7,
    registers: stack.registers,
    stack: { start: stackBase, bytes: bytesOf(stack.words, wordBytesOf(stack.cpu)) },
  });
  stack.change?.(builder);
  return stackwalk(openMinidump(bytesSource(builder.build())), providerOf(stack.appSymbols), stack.options);
}

export async function framesOf(stack: SyntheticStack): Promise<readonly StackFrame[]> {
  return (await walkSynthetic(stack)).threads[0]?.frames ?? [];
}

/** `trust module+offset`, the short form that tests compare. */
export async function traceOf(stack: SyntheticStack): Promise<string[]> {
  return (await framesOf(stack)).map(
    ({ trust, module, module_offset: offset, offset: address }) =>
      `${trust} ${module ?? 'none'}+${BigInt(offset ?? address).toString(16)}`,
  );
}

export function providerOf(app: SymBuilder | undefined): SymbolProvider {
  const symbols = app && moduleSymbolsFromSym(app.text());
  return {
    symbolsFor: async ({ codeFile }) =>
      symbols && codeFile === '/opt/app' ? { state: 'loaded', symbols, url: null } : { state: 'missing' },
  };
}

const wordBytesOf = (cpu: BuilderCpu): 4 | 8 => (['x86', 'arm', 'mips', 'ppc'].includes(cpu) ? 4 : 8);

function bytesOf(words: readonly (bigint | number)[], wordBytes: 4 | 8): Uint8Array {
  const bytes = Buffer.alloc(words.length * wordBytes);
  for (const [index, word] of words.entries())
    if (wordBytes === 8) bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(word)), index * 8);
    else bytes.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(word))), index * 4);
  return bytes;
}

/** Address of the word with that index. */
export const slot = (index: number, wordBytes: 4 | 8): bigint => stackBase + BigInt(index * wordBytes);
