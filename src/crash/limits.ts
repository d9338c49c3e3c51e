// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

const mib = 1024 * 1024;

export const reportLimits = declareLimits({
  annotationsSizeBytesMax: {
    value: 20 * mib,
    unit: 'bytes',
    reason:
      'All annotations of a report together, as sent; Antenna takes 20 MiB a field. What exceeds it is dropped and noted, the dumps are kept.',
  },
  annotationCountMax: {
    value: 20_000,
    unit: 'items',
    reason:
      'Firefox sends about 250. Antenna lifted its limit of 64 parts; without any, a body of tiny parts costs more memory than its size.',
  },
  jsonValuesMax: {
    value: 200_000,
    unit: 'items',
    reason:
      'Values of the part with JSON annotations, those within others too. Each costs some microseconds here and in every later stage: a body full of them held up the intake for ten seconds. Firefox sends about 250.',
  },
  attachmentSizeBytesMax: {
    value: 10 * mib,
    unit: 'bytes',
    reason: 'A file that is not a minidump: beyond this it is dropped and noted, the dump is kept.',
  },
  dumpCountMax: {
    value: 1000,
    unit: 'items',
    reason: 'Files of one report; each becomes an object in storage. Clients send fewer than ten.',
  },
  noteCountMax: {
    value: 1000,
    unit: 'items',
    reason: 'Collector notes of one report: a body of 10,000 damaged parts must not become 10,000 log lines.',
  },
  dumpNameCharactersMax: {
    value: 30,
    unit: 'characters',
    reason: 'Antenna’s cut, kept: dump names are part of storage keys.',
  },
});
