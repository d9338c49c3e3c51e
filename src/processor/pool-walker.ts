// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { RawCrash } from '../crash/raw-crash.ts';
import { Semaphore } from '../lib/semaphore.ts';
import { type ClientFacts, unwindErrors, type WalkRequest, type WalkResult } from '../unwind/unwind.ts';
import type { Walker, WalkOutcome } from './walker.ts';

/** What is needed of the pool of walker processes. */
export interface DumpWalkPool {
  walk(request: WalkRequest, signal?: AbortSignal): Promise<WalkResult>;
}

/**
 * The built-in walker: the pool of child processes, with its results in the words of a process. A walk whose process
 * died is done once more: something else may have killed it (the kernel, short of memory, picks any process), and that
 * must not cost the stack. A dump that kills its walker does so twice.
 */
export function makePoolWalker(pool: DumpWalkPool, version: string): Walker {
  return {
    name: 'salvage-stackwalk',
    version,
    async walk({ dumpPath, isReprocessing, rawCrash }, signal) {
      const request = { dumpPath, hasNewSymbols: isReprocessing, client: clientFactsOf(rawCrash) };
      const result = await pool.walk(request, signal);
      const hasDied = result.status === 'failed' && result.slug === unwindErrors.walk_died.slug;
      return outcomeOf(hasDied && !signal.aborted ? await pool.walk(request, signal) : result);
    },
  };
}

function clientFactsOf({ ModuleSignatureInfo: signatures, CPUMicrocodeVersion: microcode }: RawCrash): ClientFacts {
  return {
    ...(signatures === undefined ? {} : { moduleSignatureInfo: signatures }),
    ...(microcode === undefined ? {} : { cpuMicrocodeVersion: microcode }),
  };
}

function outcomeOf(result: WalkResult): WalkOutcome {
  if (result.status === 'ok') return { output: result.json, exitCode: 0, log: '' };
  const isTimeout = result.slug === 'walk_timeout';
  return { output: null, exitCode: isTimeout ? -9 : 1, log: `ERROR ${result.slug} ${result.detail}\n` };
}

/** The CPU cap: at most `walksMax` dumps are walked at a time, of whichever crashes. */
export function capWalks(walker: Walker, walksMax: number): Walker {
  const semaphore = new Semaphore(walksMax);
  return {
    name: walker.name,
    version: walker.version,
    walk: (request, signal) => semaphore.run(() => walker.walk(request, signal)),
  };
}
