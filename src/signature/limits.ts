// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const signatureLimits = declareLimits({
  signatureCharactersMax: {
    value: 255,
    unit: 'characters',
    reason: 'code points of a signature; Socorro cuts at 252 and adds three dots (processor.md §4.7)',
  },
  signatureFramesMax: {
    value: 40,
    unit: 'items',
    reason: 'frames and inlined calls considered from the top of the thread (processor.md §4.4)',
  },
  functionCharactersMax: {
    value: 128 * 1024,
    unit: 'characters',
    reason: 'UTF-16 units of a function or file name that are read; C++ names of 82 KB exist in real symbols',
  },
  frameTextCharactersMax: {
    value: 8192,
    unit: 'characters',
    reason: 'UTF-16 units of one normalised frame; 40 of them make the proto signature, so it stays below 330 KB',
  },
  paramTraitsDepthMax: {
    value: 32,
    unit: 'items',
    reason: 'IPC::ParamTraits nested in itself, which is kept readable; real names nest once or twice',
  },
  jsonTextCharactersMax: {
    value: 256 * 1024,
    unit: 'characters',
    reason:
      'AsyncShutdownTimeout and Java stack traces; real ones are below 100 KB, and JSON.parse takes memory tenfold',
  },
  valueCharactersMax: {
    value: 4096,
    unit: 'characters',
    reason: 'an annotation within a signature, or an earlier signature within a note; far above the 255 that are kept',
  },
  siglistCharactersMax: {
    value: 1024 * 1024,
    unit: 'characters',
    reason: 'text of one signature list; the largest known has 10 KB',
  },
  siglistEntriesMax: { value: 5000, unit: 'items', reason: 'entries of one list; the largest known has about 300' },
  siglistProblemsMax: {
    value: 20,
    unit: 'items',
    reason: 'bad entries that one error names; enough to mend a file in one go',
  },
  patternCharactersMax: { value: 1000, unit: 'characters', reason: 'one entry; the longest known has 80' },
  patternNodesMax: {
    value: 2000,
    unit: 'items',
    reason: 'steps of one entry once its repeats are written out, so `(a{99}){99}` is refused and not compiled',
  },
  listNodesMax: {
    value: 100_000,
    unit: 'items',
    reason: 'steps of a whole list; Socorro has 6,000. Bounds the work per character of a frame in the worst case',
  },
  patternDepthMax: { value: 50, unit: 'items', reason: 'groups within groups; the deepest known is two' },
  matcherStatesMax: {
    value: 4096,
    unit: 'items',
    reason: 'states a matcher remembers before it starts afresh: about 4 MB a list; ordinary stacks use below 2,000',
  },
});
