// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { PythonNumber, type PythonValue, pythonJson } from '../crash/python-json.ts';
import { mainDumpName } from '../crash/raw-crash.ts';
import type { FoundDump, ReportReader } from '../crash/report-reader.ts';
import type { ThrottleDecision } from '../crash/throttle.ts';
import { throttleDigits } from '../crash/throttle.ts';

/** All that goes into a raw crash beside the report itself. */
export interface RawCrashParts {
  readonly report: Pick<ReportReader, 'annotations' | 'dumps' | 'payload' | 'remarks'>;
  readonly crashId: string;
  readonly decision: ThrottleDecision;
  readonly isCompressed: boolean;
  /** Bytes on the wire. */
  readonly payloadSizeBytes: number;
  /** Null when the client sent none. */
  readonly userAgent: string | null;
  /** Microseconds since the epoch. */
  readonly receivedUs: number;
  readonly removedAnnotations: readonly string[];
  /** Tag of the crash id's prefix, `bp` (2018 and 2016). */
  readonly typeTag: string;
}

/** `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`; the fraction is left out when it is zero, as Python does. */
export function pythonTimestamp(us: number): string {
  const seconds = Math.floor(us / 1_000_000);
  const fraction = Math.round(us - seconds * 1_000_000);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${text}${fraction ? `.${String(fraction).padStart(6, '0')}` : ''}+00:00`;
}

function checksums(dumps: Iterable<FoundDump>, algorithm: 'sha256' | 'md5'): PythonValue {
  return new Map([...dumps].map((dump) => [dump.name, dump[algorithm]]));
}

/** As Antenna of today: the collector's own data under `metadata`, version 2. */
export function rawCrashJsonToday(parts: RawCrashParts): string {
  const { report, decision } = parts;
  const rawCrash = new Map<string, PythonValue>(report.annotations);
  const notes = report.remarks.map((remark) => remark.text);
  for (const name of parts.removedAnnotations) if (rawCrash.delete(name)) notes.push(`Removed ${name} from raw crash.`);
  rawCrash.set('submitted_timestamp', pythonTimestamp(parts.receivedUs));
  rawCrash.set('uuid', parts.crashId);
  rawCrash.set('version', PythonNumber.ofInteger(2));
  rawCrash.set(
    'metadata',
    new Map<string, PythonValue>([
      ['collector_notes', notes],
      ['dump_checksums', checksums(report.dumps.values(), 'sha256')],
      ['payload', report.payload],
      ['payload_compressed', parts.isCompressed ? '1' : '0'],
      ['payload_size', PythonNumber.ofInteger(parts.payloadSizeBytes)],
      ['throttle_rule', decision.rule],
      // Python's str(None) slipped into the format in Antenna; what reads it expects the word.
      ['user_agent', parts.userAgent || 'None'],
    ]),
  );
  return pythonJson(rawCrash);
}

function rate(decision: ThrottleDecision): PythonValue {
  if (decision.rate === null) return null;
  return new PythonNumber(String(decision.rate), Number.isInteger(decision.rate));
}

/** As Antenna of 2018: everything at the top level. */
export function rawCrashJson2018(parts: RawCrashParts): string {
  const { report, decision } = parts;
  const rawCrash = new Map<string, PythonValue>(report.annotations);
  rawCrash.set('submitted_timestamp', pythonTimestamp(parts.receivedUs));
  rawCrash.set('timestamp', PythonNumber.ofFloat(parts.receivedUs / 1_000_000));
  rawCrash.set('uuid', parts.crashId);
  rawCrash.set('type_tag', parts.typeTag);
  rawCrash.set('legacy_processing', PythonNumber.ofInteger(throttleDigits[decision.result]));
  rawCrash.set('throttle_rate', rate(decision));
  rawCrash.set('dump_checksums', checksums(report.dumps.values(), 'sha256'));
  rawCrash.set('MinidumpSha256Hash', report.dumps.get(mainDumpName)?.sha256 ?? '');
  return pythonJson(rawCrash);
}

/** As Socorro's breakpad collector of 2016: MD5 checksums, keys in order of arrival. */
export function rawCrashJson2016(parts: RawCrashParts): string {
  const { report, decision } = parts;
  const rawCrash = new Map<string, PythonValue>(report.annotations);
  const own: [string, PythonValue][] = [
    ['dump_checksums', checksums(report.dumps.values(), 'md5')],
    ['submitted_timestamp', pythonTimestamp(parts.receivedUs)],
    ['timestamp', PythonNumber.ofFloat(parts.receivedUs / 1_000_000)],
    ['uuid', parts.crashId],
    ['legacy_processing', PythonNumber.ofInteger(throttleDigits[decision.result])],
    ['throttle_rate', rate(decision)],
    ['type_tag', parts.typeTag],
  ];
  for (const [name] of own) rawCrash.delete(name);
  for (const [name, value] of own) rawCrash.set(name, value);
  return pythonJson(rawCrash, { sortsKeys: false });
}
