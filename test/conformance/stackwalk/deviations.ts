// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Where the stored answers differ from ours, and why ours is right; told in docs/stackwalk-differences.md. */
export interface Deviation {
  readonly id: string;
  readonly dump: string;
  readonly thread: number;
  readonly frame: number;
  /** The walks part here, so that the frames below cannot be compared. */
  readonly endsComparison: boolean;
}

export const deviations: readonly Deviation[] = [
  // Breakpad pops the word at the stack pointer off a Windows amd64 context frame and calls it `leaf`. Nearly always a
  // scan finds the same word; in these threads the frame pointer, asked first, gives another caller or none.
  { id: 'leaf-step', dump: 'node-minidump/windows.dmp', thread: 0, frame: 1, endsComparison: true },
  { id: 'leaf-step', dump: 'node-minidump/windows.dmp', thread: 4, frame: 1, endsComparison: true },
  // The stored answer was made without kernel32.sym; Breakpad's answer with it has our name.
  { id: 'fewer-symbols', dump: 'rust-minidump/test.dmp', thread: 0, frame: 3, endsComparison: false },
];
