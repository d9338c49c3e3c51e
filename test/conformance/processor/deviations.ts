// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject, JsonValue } from '../../../src/lib/json.ts';
import { isJsonObject } from '../../../src/lib/json.ts';

/** Where we answer better than the reference; docs/processing.md lists the same ids. */
export interface Deviation {
  readonly reason: string;
  /** Fields that differ from the vector's expected processed crash. */
  readonly change?: JsonObject;
  /** For long documents: our processed crash from the vector's. */
  readonly rewrite?: (expected: JsonObject) => JsonObject;
  readonly notes?: readonly string[];
}

const raises = 'the reference throws here and loses what the rule had still to do';

/** The mark of a cut stack says how many frames are really gone: one more than the reference says. */
function countLostFrames(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(countLostFrames);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    const lost = key === 'msg' && typeof item === 'string' ? /^(\d+) frames truncated$/.exec(item) : null;
    return [key, lost ? `${Number(lost[1]) + 1} frames truncated` : countLostFrames(item)];
  });
  return Object.fromEntries(entries) as JsonObject;
}

const rewrite = (expected: JsonObject) => countLostFrames(expected) as JsonObject;

const frames = [
  { module: 'lantern.Tank', function: 'pour', filename: 'Tank.kt', lineno: 3, in_app: true },
  { module: 'lantern.Main', function: 'main', filename: 'Main.kt', lineno: 4, in_app: true },
];
const defaults = { marionette: false, remote_agent: false };
const dates = {
  submitted_timestamp: '2026-11-20T06:30:15.250000+00:00',
  date_processed: '2026-11-20T06:30:15.250000+00:00',
  crash_time: 1795155000,
  client_crash_date: '2026-11-20T06:10:00+00:00',
  last_crash: 120,
};

export const deviations: ReadonlyMap<string, Deviation> = new Map<string, Deviation>([
  [
    'copy-from-raw-crash-rule-011',
    { reason: raises, change: { ...defaults, product: 'Lantern' }, notes: ['OOMAllocationSize has a non-int value'] },
  ],
  ['copy-from-raw-crash-rule-012', { reason: raises, change: { ...defaults, abort_message: '5', version: '1' } }],
  ['copy-from-raw-crash-rule-013', { reason: raises, change: defaults, notes: ['AbortMessage has a non-text value'] }],
  [
    'copy-from-raw-crash-rule-021',
    {
      reason: raises,
      change: { ...defaults, java_exception: { exception: { values: [{ stacktrace: { type: 'E', frames } }] } } },
    },
  ],
  [
    'copy-from-raw-crash-rule-022',
    {
      reason: 'the reference copies the value of another annotation',
      change: { telemetry_environment: { build: { version: '4' } } },
    },
  ],
  [
    'fenix-version-rewrite-rule-002',
    {
      reason: 'the reference looks for a key that no rule writes, so that the rule never runs',
      change: { version: '0.0a1' },
      notes: ["Changed version from 'Nightly 261120 06:00' to 0.0a1"],
    },
  ],
  ['major-version-rule-011', { reason: raises, change: { major_version: 0 } }],
  ['minidump-sha256hash-rule-004', { reason: raises, change: { minidump_sha256_hash: '' } }],
  [
    'minidump-stackwalk-rule-004',
    {
      reason: raises,
      change: {
        json_dump: {},
        mdsw_return_code: 0,
        mdsw_status_string: 'unknown error',
        success: false,
        stackwalk_version: 'stub-walker 1.2.3',
        mdsw_stderr: '',
      },
      notes: [
        'MinidumpStackwalkRule: minidump-stackwalk produced unexpected output: []',
        'MinidumpStackwalkRule: minidump-stackwalk: failed: 0: unknown error',
      ],
    },
  ],
  [
    'minidump-stackwalk-rule-009',
    {
      reason: 'the mark of a cut log hides the error word from the reference',
      change: { mdsw_status_string: 'line4' },
      notes: [
        'MinidumpStackwalkRule: minidump-stackwalk: failed: 4: unknown error',
        'MinidumpStackwalkRule: processing upload_file_minidump had error; stomped on mdsw_status_string',
      ],
    },
  ],
  [
    'crashing-thread-info-rule-005',
    {
      reason: raises,
      change: { crashing_thread: null, crashing_thread_name: null, reason: '', address: null },
      notes: ['mdsw did not identify the crashing thread'],
    },
  ],
  ['truncate-stacks-rule-001', { reason: 'the mark counts one frame too few', rewrite }],
  ['truncate-stacks-rule-002', { reason: 'the mark counts one frame too few', rewrite }],
  ['addons-rule-013', { reason: raises, change: { addons_checked: true, addons: [] } }],
  ['dates-and-times-rule-014', { reason: raises, notes: ['submitted_timestamp missing, and no date in the crash id'] }],
  [
    'dates-and-times-rule-018',
    {
      reason: raises,
      change: { ...dates, install_age: 1795155000, uptime: 0 },
      notes: ['non-integer value of "InstallTime"'],
    },
  ],
  [
    'dates-and-times-rule-019',
    {
      reason: raises,
      change: { ...dates, install_age: 155000, uptime: 1795155000 },
      notes: ['non-integer value of "startup_time"'],
    },
  ],
  ['breadcrumbs-rule-012', { reason: raises, change: { breadcrumbs: [{ message: 'lit' }] } }],
  [
    'java-stack-trace-rule-015',
    {
      reason: raises,
      change: { java_stack_trace_raw: ['x'], java_stack_trace: 'malformed' },
      notes: ['JavaStackTrace: malformed JavaStackTrace'],
    },
  ],
  ['report-type-rule-008', { reason: raises, change: { report_type: 'crash' } }],
  ['osinfo-rule-003', { reason: raises, change: { os_name: 'Unknown', os_version: '' } }],
  [
    'ospretty-version-rule-005',
    {
      reason: 'the reference compares build numbers as text, so that 9600 is above 21996',
      change: { os_pretty_version: 'Windows 10' },
    },
  ],
  ['distribution-id-rule-008', { reason: raises, change: { distribution_id: 'x' } }],
  [
    'missing-symbols-rule-003',
    { reason: raises, change: { missing_symbols: 'a.so/None/000000000000000000000000000000000' } },
  ],
  [
    'signature-generator-rule-002',
    {
      reason: 'the signature rule of the reference fails on this frame',
      change: {
        signature: '&',
        proto_signature: '&',
        signature_debug: [
          'SignatureGenerationRule: using CSignatureTool',
          'SignatureGenerationRule: using included signature lists',
          'SignatureGenerationRule: not a prefix; stop: "&"',
          'SignatureGenerationRule: change signature: "" -> "&"',
        ].join('\n'),
      },
      notes: [],
    },
  ],
  [
    'ruleset-default-without-stackwalk-003',
    {
      reason: 'the copy rule of the reference fails half-way, and later rules find nothing',
      change: {
        ...defaults,
        product: 'Firefox',
        version: '151.0b3',
        release_channel: 'beta',
        startup_time: 1795150000,
        uptime: 5000,
        telemetry_environment: { partner: { distributionId: 'lamp-tel' } },
      },
      notes: ['JavaException value is malformed java_exception', 'Redacting symbol url for module lantern.dll'],
    },
  ],
  [
    'ruleset-default-without-stackwalk-005',
    {
      reason: 'the date rule of the reference fails without a timestamp',
      notes: [
        'submitted_timestamp missing, and no date in the crash id',
        'SignatureGenerationRule: CSignatureTool: no frame data for crashing thread (0)',
      ],
    },
  ],
]);
