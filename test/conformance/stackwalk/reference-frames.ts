// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StackThread, Stackwalk } from '../../../src/crash/stackwalk.ts';
import { hasFile, readJson } from './testdata.ts';

/** A physical or inlined frame; inlined ones come before the function that they are in. */
export interface FlatFrame {
  readonly module: string | null;
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly trust: string;
}

export interface Reference {
  readonly name: string;
  readonly withSymbols: boolean;
  /** By index of the thread; null for one that the tool does not show. */
  readonly threads: readonly (readonly FlatFrame[] | null)[];
}

export function flatFrames(thread: Pick<StackThread, 'frames'>): FlatFrame[] {
  return thread.frames.flatMap((frame) => [
    ...(frame.inlines ?? []).map(({ function: name, file, line }) => ({
      module: frame.module,
      function: name,
      file,
      line,
      trust: 'inline',
    })),
    { module: frame.module, function: frame.function, file: frame.file, line: frame.line, trust: frame.trust },
  ]);
}

interface BreakpadJson {
  readonly exit_code: number;
  readonly threads: readonly { readonly index: number; readonly frames: readonly FlatFrame[] }[];
}

/** rust-minidump's answer where there is one, else Breakpad's; empty for a dump that the tool refuses. */
export function referencesOf(dump: string): Reference[] {
  const stem = dump.replace(/\.dmp$/, '');
  const rust = [
    { name: `${stem}.symbols.rust-minidump.json`, withSymbols: true },
    { name: `${stem}.nosymbols.rust-minidump.json`, withSymbols: false },
  ].filter(({ name }) => hasFile(name));
  const fromRust = rust.map(({ name, withSymbols }) => ({
    name,
    withSymbols,
    threads: (readJson(name) as Stackwalk).threads.map(flatFrames),
  }));
  const breakpad = `${stem}.breakpad.json`;
  return fromRust.some(({ withSymbols }) => withSymbols) ? fromRust : [...fromRust, ...breakpadReference(breakpad)];
}

function breakpadReference(name: string): Reference[] {
  const json = readJson(name) as BreakpadJson;
  if (json.exit_code !== 0) return [];
  const threads: (readonly FlatFrame[] | null)[] = [];
  for (const { index, frames } of json.threads) threads[index] = frames;
  return [{ name, withSymbols: true, threads: Array.from(threads, (frames) => frames ?? null) }];
}
