// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Stackwalk } from '../crash/stackwalk.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import {
  type CpuContext,
  crashingThreadIndex,
  type MemoryRegion,
  type Minidump,
  registerLayouts,
  type Thread,
} from '../minidump/minidump.ts';
import type { SymbolProvider } from '../symbols/symbols.ts';
import { arm64AddressMask } from './arm64.ts';
import type { ClientFacts } from './client-facts.ts';
import { stackwalkDocument } from './document.ts';
import { unwindLimits } from './limits.ts';
import { ModuleCode } from './module-code.ts';
import { stackMemoryOf } from './stack-memory.ts';
import { ThreadWalk, type WalkInput } from './walk-thread.ts';

export interface StackwalkOptions {
  /** Version of the product, for `salvage.walker`. */
  readonly version?: string;
  readonly clock?: Clock;
  /** For signers of modules and the like; without it these keys are null. */
  readonly client?: ClientFacts;
  /** Time for the walk, symbols apart. What is not walked by then is left out, with a warning. */
  readonly walkMs?: number;
  /** Time for finding symbols. What is not here by then counts as unknown. */
  readonly symbolsMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Walks all threads of a dump and gives the stackwalk document. Symbols that are missing or broken make a poorer
 * document, never an error; rejects only when `signal` is aborted.
 */
export async function stackwalk(
  dump: Minidump,
  symbols: SymbolProvider,
  options: StackwalkOptions = {},
): Promise<Stackwalk> {
  const code = new ModuleCode(dump, symbols);
  const input: WalkInput = {
    os: dump.systemInfo.os,
    code,
    framesMax: framesMaxOf(dump.threads.length),
    addressMask: arm64AddressMask(code.highestModuleEnd, dump.crashpad?.addressMask ?? null),
  };
  const requesting = requestingThreadOf(dump);
  const walks = dump.threads.map((thread) => makeThreadWalk(dump, thread, thread === requesting, input));
  const warnings = await walkAll(walks, code, options);
  const { version = null, client = {} } = options;
  return stackwalkDocument({ dump, code, walks, requesting, warnings, version, client });
}

/** A small dump can have thousands of threads that share one stack: then each keeps its share of what a document holds. */
function framesMaxOf(threadCount: number): number {
  const share = unwindLimits.framesOfAllThreadsMax.value / Math.max(1, threadCount);
  return Math.min(unwindLimits.framesMax.value, 2 * Math.floor(share / 2));
}

/** The thread that crashed, else the one that asked for the dump. */
function requestingThreadOf(dump: Minidump): Thread | null {
  const index = crashingThreadIndex(dump);
  const thread = index === null ? undefined : dump.threads[index];
  return thread === undefined || isDumpThread(dump, thread) ? null : thread;
}

/** The thread that wrote the dump shows only the crash reporter's own work. */
function isDumpThread(dump: Minidump, thread: Thread): boolean {
  return dump.breakpadInfo?.dumpThreadId === thread.id;
}

function makeThreadWalk(dump: Minidump, thread: Thread, isRequesting: boolean, input: WalkInput): ThreadWalk {
  const own = isDumpThread(dump, thread) ? null : thread.context;
  const context = isRequesting ? (dump.exception?.context ?? own) : own;
  const layout = context && registerLayouts[context.cpu];
  if (!context || !layout) return new ThreadWalk(null, undefined, null, input);
  const sp = context.registers.get(layout.stackPointer);
  const region = sp === undefined ? undefined : stackRegionOf(dump, thread, sp);
  const stack =
    region && sp !== undefined
      ? stackMemoryOf(region, {
          pointerSizeBytes: layout.pointerSizeBytes,
          isBigEndian: dump.header.isBigEndian,
          stackPointer: sp,
        })
      : null;
  return new ThreadWalk(context, pcOf(context), stack, input);
}

function pcOf(context: CpuContext): bigint | undefined {
  return context.registers.get(registerLayouts[context.cpu]?.instructionPointer ?? '');
}

/** The thread's own stack if the stack pointer lies in it, else the region where it does: the exception's context may be of an alternative stack. */
function stackRegionOf(dump: Minidump, thread: Thread, stackPointer: bigint): MemoryRegion | undefined {
  const own = thread.stack ?? dump.memory.regionAt(thread.stackStart);
  if (own && own.readUint(stackPointer, 8) !== undefined) return own;
  return dump.memory.regionAt(stackPointer) ?? own;
}

/**
 * All threads as far as they come without new symbols, then what they all want at once, until nobody wants more: so
 * downloads run side by side. Returns what was left out.
 */
async function walkAll(
  walks: readonly ThreadWalk[],
  code: ModuleCode,
  options: StackwalkOptions,
): Promise<readonly string[]> {
  const clock = options.clock ?? systemClock;
  const walkMs = options.walkMs ?? unwindLimits.walkMs.value;
  const symbols = abortAfter(options.symbolsMs ?? unwindLimits.symbolsMs.value, options.signal);
  let deadline = clock.monotonicMs() + walkMs;
  let wasOverdue = false;
  const isOverdue = () => {
    if (!wasOverdue && clock.monotonicMs() > deadline) wasOverdue = true;
    return wasOverdue;
  };
  try {
    do {
      for (const walk of walks) walk.advance(isOverdue);
      const start = clock.monotonicMs();
      await code.loadWanted(symbols.signal);
      options.signal?.throwIfAborted();
      deadline += clock.monotonicMs() - start;
    } while (walks.some((walk) => !walk.isDone));
    for (const { frames } of walks) for (const { instruction } of frames) code.wantSymbolsAt(instruction);
    await code.loadWanted(symbols.signal);
    return wasOverdue ? [`the walk was ended after ${walkMs} ms: stacks are incomplete`] : [];
  } finally {
    symbols.stop();
  }
}

/** A signal that follows `parent` and is aborted after `ms`. */
function abortAfter(ms: number, parent: AbortSignal | undefined): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`symbols took longer than ${ms} ms`)), ms);
  timer.unref();
  return {
    signal: parent ? AbortSignal.any([controller.signal, parent]) : controller.signal,
    stop: () => clearTimeout(timer),
  };
}
