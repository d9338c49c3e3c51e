// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type ErrorKind, SalvageError } from '../lib/errors.ts';
import { GunzipError } from '../lib/gunzip.ts';
import { parseMultipartType } from '../lib/multipart/content-type.ts';
import { reportErrors } from './errors.ts';
import {
  isPythonList,
  isPythonObject,
  PythonNumber,
  type PythonObject,
  type PythonValue,
  pythonJson,
} from './python-json.ts';
import { readPythonJson } from './python-json-reader.ts';
import { defaultReportReaderOptions, type FoundDump, ReportReader, type ReportReaderOptions } from './report-reader.ts';

/** What a body that was accepted by its head turns out to hold. */
export interface FoundDumps {
  /** Ranges of the decoded body. With damage the last one may be cut off. */
  readonly dumps: readonly (FoundDump & { readonly sha256: string })[];
  /** Collector notes of the file parts, then the damage, if any. */
  readonly notes: readonly string[];
  /** Why the body is not whole, or null. The report is kept all the same: its client was told so. */
  readonly damage: string | null;
}

/**
 * Finds the dumps in a decoded body, for reports that were answered after their head (`SpoolHead.dumps` = null). A
 * GunzipError of the source is damage like any other; what else it throws is thrown on. Memory does not grow with the
 * body.
 */
export async function findDumps(
  decodedBody: AsyncIterable<Uint8Array>,
  contentType: string,
  options: ReportReaderOptions = defaultReportReaderOptions,
): Promise<FoundDumps> {
  const reader = new ReportReader(parseMultipartType(contentType).boundary ?? '', options);
  let damage: string | null = null;
  try {
    for await (const { buffer, byteOffset, byteLength } of decodedBody)
      reader.push(Buffer.from(buffer, byteOffset, byteLength));
    reader.end();
  } catch (error) {
    if (error instanceof SalvageError && Object.values<ErrorKind>(reportErrors).includes(error.kind))
      damage = error.slug;
    else if (error instanceof GunzipError) damage = 'malformed_bad_gzip';
    else throw error;
  }
  const unfinished = damage === null ? null : reader.unfinishedDump;
  const dumps = new Map(reader.dumps);
  if (unfinished) dumps.set(unfinished.name, unfinished);
  const notes = reader.remarks.map((remark) => remark.text);
  if (damage !== null) notes.push(`kept although the body is damaged: ${damage}`);
  return { dumps: [...dumps.values()] as FoundDumps['dumps'], notes, damage };
}

/**
 * Writes what was found into a raw crash that was made from the head alone: checksums and notes of the dumps. Keeps
 * every other value digit by digit. `rawCrashJson` as the collector wrote it, in any of its layouts.
 */
export function completeRawCrashJson(rawCrashJson: Uint8Array, found: FoundDumps): Buffer {
  const rawCrash = new Map(readPythonJson(Buffer.from(rawCrashJson)) as PythonObject);
  const checksums: PythonValue = new Map(found.dumps.map((dump) => [dump.name, dump.md5 ?? dump.sha256]));
  const metadata = rawCrash.get('metadata');
  const hasMetadata = isPythonObject(metadata) && rawCrash.get('version') instanceof PythonNumber;
  if (!hasMetadata) {
    rawCrash.set('dump_checksums', checksums);
    const main = found.dumps.find((dump) => dump.name === 'upload_file_minidump');
    if (rawCrash.has('MinidumpSha256Hash')) rawCrash.set('MinidumpSha256Hash', main?.sha256 ?? '');
    return Buffer.from(pythonJson(rawCrash));
  }
  const notes = metadata.get('collector_notes') ?? [];
  const completed = new Map(metadata);
  completed.set('dump_checksums', checksums);
  // A note that the head already has comes again when the whole body is read.
  const known = isPythonList(notes) ? notes : [];
  completed.set('collector_notes', [...known, ...found.notes.filter((note) => !known.includes(note))]);
  rawCrash.set('metadata', completed);
  return Buffer.from(pythonJson(rawCrash));
}
