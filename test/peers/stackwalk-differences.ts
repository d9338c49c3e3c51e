// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Stackwalk } from '../../src/crash/stackwalk.ts';
import type { Difference } from './stackwalk-peer.ts';

/** One explained difference between minidump-stackwalk's document and ours; told in docs/stackwalk-differences.md. */
export interface ExplainedDifference {
  readonly id: string;
  explains(difference: Difference, ours: Stackwalk, theirs: Stackwalk): boolean;
}

const at = (pattern: RegExp) => (difference: Difference) => pattern.test(difference.path);

/** Modules whose symbols it gives up on one bad line; frames in and below them differ. */
const refusedSymbols = (ours: Stackwalk, theirs: Stackwalk): boolean =>
  theirs.modules.some((module, index) => module.corrupt_symbols && ours.modules[index]?.corrupt_symbols === false);

const moduleAt = (walk: Stackwalk, path: string) => walk.modules[Number(/\[(\d+)\]/.exec(path)?.[1])];

export const explainedDifferences: readonly ExplainedDifference[] = [
  { id: 'additions', explains: at(/^salvage$/) },
  { id: 'null-for-absent', explains: ({ ours, theirs }) => ours === null && theirs === undefined },
  {
    id: 'symbols-with-bad-lines',
    explains: (difference, ours, theirs) =>
      refusedSymbols(ours, theirs) && /^(threads|crashing_thread|modules)/.test(difference.path),
  },
  { id: 'line-zero', explains: ({ path, ours, theirs }) => path.endsWith('.line') && ours === null && theirs === 0 },
  {
    id: 'modules-of-one-name',
    explains: ({ path }, ours) =>
      /^modules\[\d+\]\.(missing_symbols|loaded_symbols|corrupt_symbols|symbol_url)$/.test(path) &&
      ours.modules.filter(({ filename }) => filename === moduleAt(ours, path)?.filename).length > 1,
  },
  {
    id: 'rip-relative-operand',
    explains: ({ path, ours, theirs }, walk) => {
      if (!/^crash_info\.memory_accesses\[\d+\]\.address$/.test(path)) return false;
      const distance = BigInt(String(ours)) - BigInt(String(theirs));
      return distance > 0n && distance <= 15n && /\brip\b/.test(String(walk.crash_info['instruction']));
    },
  },
  {
    id: 'last-error-is-windows-only',
    explains: ({ path, ours }, walk) =>
      path.endsWith('.last_error_value') && ours === null && walk.system_info['os'] !== 'Windows NT',
  },
  {
    id: 'assertion-from-its-stream',
    explains: ({ path, theirs }) => path === 'crash_info.assertion' && theirs === null,
  },
  {
    id: 'crashpad-simulated-codes',
    explains: ({ path, theirs }) => path === 'crash_info.type' && /^unknown 0x43/.test(String(theirs)),
  },
  {
    id: 'frames-truncated',
    explains: ({ path }, ours) => {
      // What was not walked asked for no symbols.
      if (/^modules\[\d+\]\.(missing|loaded)_symbols$/.test(path))
        return ours.threads.some((thread) => thread.frames_truncated);
      const thread = ours.threads[Number(/^threads\[(\d+)\]/.exec(path)?.[1] ?? ours.crash_info.crashing_thread ?? -1)];
      return thread?.frames_truncated === true && /\.(frames|frame_count|frames_truncated|total_frames)$/.test(path);
    },
  },
];

/** Explanations that were needed so far. */
export const usedExplanations = new Set<string>();

/** What nothing explains. */
export function unexplained(differences: readonly Difference[], ours: Stackwalk, theirs: Stackwalk): Difference[] {
  return differences.filter((difference) => {
    const explanation = explainedDifferences.find(({ explains }) => explains(difference, ours, theirs));
    if (explanation) usedExplanations.add(explanation.id);
    return explanation === undefined;
  });
}
