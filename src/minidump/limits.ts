// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

/** Limits for hostile dumps (stackwalker.md §11). What exceeds them is cut with a warning, never an error. */
export const minidumpLimits = declareLimits({
  minidumpStreamsMax: {
    value: 512,
    unit: 'items',
    reason: 'Real dumps hold 10 to 30 streams, Breakpad reads at most 128; the rest of a longer directory is ignored.',
  },
  minidumpThreadsMax: {
    value: 4096,
    unit: 'items',
    reason: 'As in Breakpad; the largest browser processes have some hundred threads.',
  },
  minidumpModulesMax: {
    value: 4096,
    unit: 'items',
    reason: 'Twice what Breakpad reads, because Electron on macOS loads over 900; holds for unloaded modules too.',
  },
  minidumpMemoryRegionsMax: {
    value: 65_536,
    unit: 'items',
    reason: 'A full-memory dump of a large process has some ten thousand regions; also bounds mapped ranges.',
  },
  minidumpStringLengthMax: {
    value: 4096,
    unit: 'characters',
    reason: 'Paths end at 4096 on Linux and names are shorter; Breakpad cuts at 1024, longer text is cut here.',
  },
  minidumpStringsLengthMax: {
    value: 8_388_608,
    unit: 'characters',
    reason: 'All names of one dump together, because any number of records may point at the same long string.',
  },
  minidumpBuildIdSizeBytesMax: {
    value: 256,
    unit: 'bytes',
    reason: 'Linkers write 8 to 64 bytes; without a limit 4096 modules could name the same 32 KiB as theirs.',
  },
  minidumpSoftErrorsDepthMax: {
    value: 64,
    unit: 'items',
    reason: 'Mozilla nests six deep; writing out what is nested some thousand deep overflows the stack.',
  },
  minidumpCodeViewSizeBytesMax: {
    value: 32_768,
    unit: 'bytes',
    reason: "Breakpad's limit for the record that names a module's debug file.",
  },
  minidumpMacCrashRecordsMax: {
    value: 20,
    unit: 'items',
    reason: 'The format itself has room for 20 locations.',
  },
  minidumpMacCrashStringSizeBytesMax: {
    value: 8192,
    unit: 'bytes',
    reason: "The writer's own limit for each text of a macOS crash record.",
  },
  minidumpAnnotationsMax: {
    value: 10_000,
    unit: 'items',
    reason: 'Chromium sets some hundred Crashpad annotations; this bounds work on dumps that claim millions.',
  },
  minidumpAnnotationsSizeBytesMax: {
    value: 1_048_576,
    unit: 'bytes',
    reason: 'All Crashpad annotations of one dump together; many entries may point at the same large text.',
  },
  minidumpTextStreamSizeBytesMax: {
    value: 4_194_304,
    unit: 'bytes',
    reason: '/proc texts and soft errors: the maps of 65536 mappings with ordinary paths need about 4 MiB.',
  },
  minidumpHandlesMax: {
    value: 65_536,
    unit: 'items',
    reason: 'Windows caps a process at 16 million handles, healthy ones hold some thousand.',
  },
  minidumpWarningsMax: {
    value: 200,
    unit: 'items',
    reason: 'A dump in which everything is broken must not answer with more text than it has bytes.',
  },
});
