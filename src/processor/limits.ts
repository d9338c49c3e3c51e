// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const processorLimits = declareLimits({
  notesMax: {
    value: 500,
    unit: 'items',
    reason: 'A stackwalk with 1,000 redacted symbol URLs would otherwise fill the page; 500 lines still fit one.',
  },
  noteCharactersMax: {
    value: 2_000,
    unit: 'characters',
    reason: 'Notes quote annotation names and module names, which may be megabytes long in a hostile report.',
  },
  historyMax: {
    value: 20,
    unit: 'items',
    reason: 'A crash reprocessed daily for years must not grow; twenty passes show what changed.',
  },
  historyCharactersMax: {
    value: 100_000,
    unit: 'characters',
    reason: 'The whole history of notes stays small beside a stackwalk document (about 300 kB).',
  },
  dumpsMax: {
    value: 30,
    unit: 'items',
    reason: 'Firefox sends at most four minidumps with a report; beyond thirty the rest is left unread with a note.',
  },
  dumpBytesMax: {
    value: 4 * 1024 ** 3,
    unit: 'bytes',
    reason: 'A full-memory dump of a game is some GiB; larger files would fill the folder of temporary files.',
  },
  walkOutputBytesMax: {
    value: 64 * 1024 ** 2,
    unit: 'bytes',
    reason: 'A walk of 1,024 frames in 2,000 threads is about 60 MB of JSON; more is a walker gone wrong.',
  },
  walkLogBytesMax: {
    value: 64 * 1024,
    unit: 'bytes',
    reason: 'Ten lines of the log are kept; one line may be long.',
  },
  stackFramesMax: {
    value: 500,
    unit: 'items',
    reason: "Socorro's TruncateStacksRule: search and pages handle 500 frames a thread (bug 1717218).",
  },
  reportKeyCharactersMax: {
    value: 100,
    unit: 'characters',
    reason: "Socorro's CrashReportKeysRule cuts annotation names here.",
  },
  softErrorsCharactersMax: { value: 4_096, unit: 'characters', reason: "Socorro's SoftErrorsRule." },
  memoryReportBytesMax: {
    value: 20 * 1024 ** 2,
    unit: 'bytes',
    reason: "Socorro's max_size_uncompressed; inflating stops there, so a gzip bomb costs 20 MiB.",
  },
  crashTimeMs: {
    value: 300_000,
    unit: 'ms',
    reason: 'Five minutes a crash: a 60 s walk with 120 s of symbol downloads for several dumps.',
  },
  carefulMs: {
    value: 120_000,
    unit: 'ms',
    reason: 'After a processor was killed: twice the lease, so that all crashes it had have come again, one at a time.',
  },
  leftoverFolderMs: {
    value: 3_600_000,
    unit: 'ms',
    reason:
      'No crash is in work for an hour, so a folder untouched for that long belongs to a processor that was killed.',
  },
  leaseRenewalMs: { value: 20_000, unit: 'ms', reason: 'A third of the 60 s lease: two renewals may fail.' },
  attemptsMax: {
    value: 3,
    unit: 'items',
    reason: 'A crash that ended its processor three times is poison; a deploy or a reboot explains one or two.',
  },
  outageWaitMs: {
    value: 300_000,
    unit: 'ms',
    reason: 'While a store is away its crashes wait in place and use up no attempts; then others get their turn.',
  },
  drainMs: {
    value: 30_000,
    unit: 'ms',
    reason: 'Process managers send SIGKILL 30 s after SIGTERM; crashes still open then go back to the queue.',
  },
  versionsCachedMax: { value: 5_000, unit: 'items', reason: "Socorro's cache of version answers." },
  serviceDumpBytesMax: {
    value: 256 * 1024 ** 2,
    unit: 'bytes',
    reason: 'The stackwalk service takes one dump per request, to disk; larger ones go through intake.',
  },
  serviceJsonBytesMax: {
    value: 64 * 1024 ** 2,
    unit: 'bytes',
    reason: 'The signature service reads its input into memory; no stackwalk document is larger.',
  },
  addonsMax: {
    value: 5_000,
    unit: 'items',
    reason: 'Add-ons, or utility actors, of one report; Firefox users with 200 add-ons exist.',
  },
  jsonAnnotationCharactersMax: {
    value: 512 * 1024,
    unit: 'characters',
    reason:
      'Of an annotation that holds JSON: telemetry with 300 add-ons has 150 KB; five megabytes of short keys took four seconds to read, copy and reduce.',
  },
  jsonDepthMax: {
    value: 64,
    unit: 'items',
    reason: 'Lists and objects within each other in an annotation or a memory report; the deepest known has ten.',
  },
  jitOutputBytesMax: { value: 4_096, unit: 'bytes', reason: 'The categoriser prints one word.' },
});
