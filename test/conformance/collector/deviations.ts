// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Where the answer is not Antenna's, on purpose; the reasons are in docs/differences.md. */
export interface Deviation {
  readonly status: number;
  /** Default: a fresh id. JSON bodies as JSON.stringify writes them. */
  readonly body?: string;
  /** Values of the stored raw crash. */
  readonly rawCrash?: Readonly<Record<string, unknown>>;
  readonly notes?: readonly string[];
  readonly dumps?: readonly string[];
}

const mainDump = { status: 200, notes: [], dumps: ['upload_file_minidump'] } satisfies Deviation;
const noDump = (rawCrash: Readonly<Record<string, unknown>>): Deviation => ({
  status: 200,
  rawCrash,
  notes: [],
  dumps: [],
});
const refused = (reason: string): Deviation => ({ status: 400, body: `Discarded=malformed_${reason}` });
const long = 'b'.repeat(30);

export const deviations: Readonly<Record<string, Deviation>> = {
  'headers-011': mainDump,
  'headers-012': mainDump,
  'headers-013': mainDump,
  'headers-031': mainDump,
  'headers-032': mainDump,
  'multipart-016': noDump({ Notes: '' }),
  'multipart-017': mainDump,
  'multipart-018': mainDump,
  'multipart-033': noDump({ 'a\r\nb%': 'v' }),
  'multipart-034': {
    status: 200,
    notes: ['dump name dump is taken, stored as dump_file'],
    dumps: ['dump_file'],
  },
  'multipart-037': noDump({ Notes: 'v' }),
  'multipart-038': noDump({ Notes: 'v' }),
  'multipart-039': noDump({ Notes: 'v' }),
  'gzip-006': mainDump,
  'gzip-008': mainDump,
  'gzip-009': mainDump,
  'gzip-024': mainDump,
  'classify-013': noDump({ Notes: 'body bytes' }),
  'classify-020': noDump({ Notes: 'body bytes' }),
  'classify-021': { status: 200, notes: [], dumps: ['att'] },
  'names-005': noDump({ 'n\ufffd': 'v' }),
  'names-015': noDump({ Notes: 'a\u0081b' }),
  'names-017': {
    status: 200,
    rawCrash: { Notes: undefined },
    notes: ['extract payload text part exception: invalid text or charset: unicode_escape'],
  },
  'nulls-001': noDump({ Notes: 'ab' }),
  'nulls-002': noDump({ Notes: 'v' }),
  'nulls-003': noDump({ ProductName: 'MozillaVPN' }),
  'nulls-005': noDump({ ab: 'c' }),
  'duplicates-006': {
    status: 200,
    notes: [`dump name ${long}2 is taken, stored as ${long.slice(2)}_2`],
    dumps: [long, `${long.slice(2)}_2`],
  },
  'json-005': { status: 200, rawCrash: { a: Number.POSITIVE_INFINITY }, notes: [] },
  'json-006': { status: 200, rawCrash: { a: [null] }, notes: ['extra: NaN or Infinity is stored as null'] },
  'json-015': refused('invalid_json'),
  'json-043': refused('invalid_json'),
  'json-044': { status: 200, notes: [] },
  'throttle-010': noDump({ BuildID: '20200101000000\n' }),
  'throttle-011': noDump({ BuildID: `20200101${'\uff10'.repeat(6)}` }),
  'throttle-049': noDump({ ReleaseChannel: 'esr' }),
  'throttle-055': noDump({ TelemetryEnvironment: '[1]' }),
  'throttle-056': noDump({ TelemetryEnvironment: 'null' }),
  'ids-005': refused('invalid_uuid'),
  'ids-015': { status: 401, body: 'Discarded=unauthorized_uuid' },
  'ids-016': noDump({ ProductName: 'MozillaVPN' }),
  'ids-018': refused('invalid_uuid'),
  'ids-019': refused('invalid_uuid'),
  'ids-031': refused('invalid_uuid'),
  'dumpnames-005': { status: 200, notes: ['dump name (empty) is taken, stored as unnamed'], dumps: ['unnamed'] },
  'dumpnames-006': { status: 200, notes: ['dump name dump is taken, stored as dump_file'], dumps: ['dump_file'] },
  'faults-002': mainDump,
};
