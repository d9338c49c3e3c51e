// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { RawCrash } from '../crash/raw-crash.ts';
import type { CrashFolder } from './dump-files.ts';

/** One dump to walk. */
export interface WalkRequest {
  /** For logs and file names; not trusted to be anything else. */
  readonly crashId: string;
  readonly dumpName: string;
  readonly dumpPath: string;
  /** Walkers read `ModuleSignatureInfo` and `CPUMicrocodeVersion` from it. */
  readonly rawCrash: RawCrash;
  /** Folder that the walker may write into. */
  readonly folder: CrashFolder;
  /** The crash was processed before: symbols may have arrived since, so that missing ones are to be looked for anew. */
  readonly isReprocessing: boolean;
}

/**
 * How a walk ended, in the words of a process, so that the built-in walker and an external program look alike. A bad
 * dump, a crash of the walker and a timeout are outcomes; only a walker that cannot be run at all throws
 * (`walk_failed`).
 */
export interface WalkOutcome {
  /** Bytes of the stackwalk document (stackwalker.md §9); null when there is none. */
  readonly output: Uint8Array | null;
  /** 0 = done; above, the walker's own code; below, the signal that ended it (-9 also for our own timeout). */
  readonly exitCode: number;
  /** What it logged, at most `walkLogBytesMax`. A line `ERROR Word …` names what is wrong with the dump. */
  readonly log: string;
}

/** Walks dumps. */
export interface Walker {
  /** Public name for notes, e.g. `salvage-stackwalk`; never a path. */
  readonly name: string;
  readonly version: string;
  walk(request: WalkRequest, signal: AbortSignal): Promise<WalkOutcome>;
}
