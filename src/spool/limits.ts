// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

const kib = 1024;
const mib = 1024 * kib;

export const spoolLimits = declareLimits({
  segmentSizeBytesMax: {
    value: 64 * mib,
    unit: 'bytes',
    reason:
      'A segment is deleted as a whole: large enough that creating one is rare (300 usual crashes), small enough that one crash that will not move keeps little disk.',
  },
  spareLogsMax: {
    value: 2,
    unit: 'items',
    reason:
      'Full logs kept for writing over while the spool is open, 64 MiB each: one is filled while the mover is done with another.',
  },
  segmentEntriesMax: {
    value: 4096,
    unit: 'items',
    reason: 'Bounds what is remembered of a segment (which entries are removed) when crashes are tiny.',
  },
  inlineBodyBytesMax: {
    value: 1536 * kib,
    unit: 'bytes',
    reason:
      'Bodies up to here are appended to the log from memory; 128 connections of 25 MB took 610 MB of memory with a threshold of 4 MB.',
  },
  batchBytesMax: {
    value: 16 * mib,
    unit: 'bytes',
    reason: 'One group commit writes at most this much, so that the first of it does not wait long for the last.',
  },
  freshBytesMax: {
    value: 16 * mib,
    unit: 'bytes',
    reason:
      'Durable entries that stay in memory for the mover, so that it need not read them back: thirty usual reports. A mover that is further behind reads the log.',
  },
  stageChunkBytesMax: {
    value: 256 * kib,
    unit: 'bytes',
    reason: 'A large body goes to its own file in writes of this size: larger ones did not get faster.',
  },
  metaBytesMax: {
    value: 4 * mib,
    unit: 'bytes',
    reason: 'Head of a record without the raw crash: crash id, content type, at most a few thousand dumps.',
  },
  decodedBodyBytesMax: {
    value: 4 * mib,
    unit: 'bytes',
    reason:
      'A gzip body that inflates to no more than this is inflated once, in memory, for all its dumps; larger ones are streamed.',
  },
  inflateAtOnceBytesMax: {
    value: 256 * kib,
    unit: 'bytes',
    reason:
      'Compressed bytes inflated in one call on the main thread: half the CPU of the piecewise way, about 3 ms at this size.',
  },
  rawCrashBytesMax: {
    value: 256 * mib,
    unit: 'bytes',
    reason:
      'A 25 MiB body of control characters becomes 150 MiB of escaped JSON; a length beyond this in a record is damage.',
  },
  bodyBytesMax: {
    value: 1024 * 1024 * mib,
    unit: 'bytes',
    reason: 'One TiB: a length beyond this in a record is damage.',
  },
  releasedEntriesMax: {
    value: 10_000,
    unit: 'items',
    reason:
      'Entries that wait for another try are remembered by position (about 100 bytes each); beyond this no new entry is handed out until one of them is due.',
  },
  lockAgeMaxMs: {
    value: 60_000,
    unit: 'ms',
    reason: 'An owner on another host touches its lock every 10 s; after six missed touches it counts as dead.',
  },
  slotsMax: {
    value: 256,
    unit: 'items',
    reason: 'Numbered spool directories, one an intake process; WEB_CONCURRENCY allows 64.',
  },
  knownReportsMax: {
    value: 50_000,
    unit: 'items',
    reason: 'Reports whose client may retry (24 h); 50,000 take about 12 MB of memory.',
  },
  knownReportKeyCharactersMax: {
    value: 256,
    unit: 'characters',
    reason: 'A report id and a SHA-256 need 110; a longer key is hostile and not remembered.',
  },
  knownReportsAgeMaxMs: {
    value: 86_400_000,
    unit: 'ms',
    reason: 'Clients retry within a day (decisions: same id within 24 h).',
  },
  noteCharactersMax: {
    value: 200,
    unit: 'characters',
    reason: 'A note names a step that is done, such as `saved` or the path of a child store.',
  },
  resyncWindowBytes: {
    value: mib,
    unit: 'bytes',
    reason: 'After damage the next record is looked for in windows of this size.',
  },
  retryAfterS: {
    value: 30,
    unit: 'items',
    reason:
      'Seconds of Retry-After while the disk cannot take a report; long enough for an operator’s clean-up, short against a client’s own retry.',
  },
  sickMs: {
    value: 5000,
    unit: 'ms',
    reason: 'After a failed write a directory is left alone this long before one report tries it again.',
  },
});
