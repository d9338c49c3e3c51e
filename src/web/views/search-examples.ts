// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Searches as written in the bar, and what they find. */
export const searchExamples: readonly (readonly [text: string, meaning: string])[] = [
  ['uptime<60', 'Crashes within the first minute'],
  ['startup_crash:__true__', 'Crashes before the program had started'],
  ['signature~OOM date>=-28d', 'Out of memory in the last four weeks'],
  ['!platform:"Windows NT"', 'Everywhere but on Windows'],
  ['signature@".*::~.*"', 'Destructors'],
  ['missing_symbols:__null__', 'Reports with all symbols'],
  ['report_type:hang process_type:parent', 'Hangs of the main process'],
  ['address=0x0000000000000000', 'Null pointers'],
];
