// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const symbolLimits = declareLimits({
  symLineBytesMax: {
    value: 160 * 1024,
    unit: 'bytes',
    reason: 'C++ names of 82 KB exist in real files; rust-minidump skips lines over 160 KiB, and so do we',
  },
  symSizeBytesMax: {
    value: 8 * 1024 ** 3,
    unit: 'bytes',
    reason: 'largest known .sym files (browser engines with inlines) are below 2 GB; a gzip bomb stops here',
  },
  symRecordsMax: {
    value: 64_000_000,
    unit: 'items',
    reason: 'records of one kind in one file; 64 M line records take 1 GiB of columns, ten times a browser engine',
  },
  symTextBytesMax: {
    value: 1024 ** 3,
    unit: 'bytes',
    reason: 'distinct names and rule texts of one file; offsets into them must stay far below 2^32',
  },
  symProblemsMax: {
    value: 100,
    unit: 'items',
    reason: 'bad lines that are described with their numbers; the rest is only counted',
  },
  symBadLinesTolerated: {
    value: 100,
    unit: 'items',
    reason: 'a file with more bad lines than this and than 1 % of its lines counts as corrupt (stackwalker.md §6)',
  },
  symBadLineRatioMax: { value: 0.01, unit: 'ratio', reason: 'see symBadLinesTolerated' },
  inlineDepthMax: {
    value: 1024,
    unit: 'items',
    reason: 'deepest chains seen in release builds are below 100; bounds the frames one address can give',
  },
  cfiDeltasPerLookupMax: {
    value: 65_536,
    unit: 'items',
    reason: 'STACK CFI lines of one INIT that a lookup returns; hand-written assembly reaches some hundred',
  },
  indexPageBytes: {
    value: 16 * 1024,
    unit: 'bytes',
    reason:
      'unit of reading and of checksums: the lookups of one crash are scattered, so 16 KiB costs 0.6 of the time of 64 KiB',
  },
  pageCacheBytesMax: {
    value: 64 * 1024 ** 2,
    unit: 'bytes',
    reason:
      'pages of all indexes held by one process; a warm pool of two walkers with ten files of 200 MB in use stays below 600 MB',
  },
  openIndexesMax: {
    value: 256,
    unit: 'items',
    reason: 'file handles one process keeps for indexes; 1024 is a usual ulimit',
  },
  nameCacheEntriesMax: {
    value: 4096,
    unit: 'items',
    reason: 'decoded names kept per module; then the table starts anew',
  },
  indexFactsBytesMax: {
    value: 64 * 1024,
    unit: 'bytes',
    reason: 'JSON facts in an index; MODULE and INFO lines are cut to fit',
  },
  pathPartBytesMax: { value: 255, unit: 'bytes', reason: 'longest file name of common file systems' },
  symbolKeyCharactersMax: { value: 300, unit: 'characters', reason: 'Mozilla’s symbol server refuses longer keys' },
  downloadsPerSourceMax: {
    value: 8,
    unit: 'items',
    reason: 'requests in flight to one symbol source (symbols.md §6.2)',
  },
  redirectsMax: { value: 5, unit: 'items', reason: 'a symbol server redirects once to its bucket; more is a loop' },
  negativeEntriesMax: {
    value: 100_000,
    unit: 'items',
    reason: 'answers "not found" held in memory per source, some 10 MB; oldest go first',
  },
  compileLockStaleMs: {
    value: 30_000,
    unit: 'ms',
    reason: 'a compile lock not renewed for this long belongs to a dead process (renewed every 5 s)',
  },
  compileAttemptsMax: {
    value: 3,
    unit: 'items',
    reason: 'processes that one file may kill (memory, time) before it counts as of no use for a day',
  },
  uselessEntriesMax: {
    value: 1000,
    unit: 'items',
    reason: 'files of no use that a process remembers; oldest go first',
  },
  archiveFilesMax: {
    value: 100_000,
    unit: 'items',
    reason: 'entries of one zip; Electron’s symbol zips have some hundred',
  },
  archiveBytesMax: {
    value: 32 * 1024 ** 3,
    unit: 'bytes',
    reason: 'all files of one zip, unpacked: a bomb stops here',
  },
});
