// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Dump } from '../crash/dump.ts';
import { isPythonObject, PythonNumber, type PythonObject, type PythonValue, pythonJson } from '../crash/python-json.ts';
import { readPythonJson } from '../crash/python-json-reader.ts';
import { mainDumpName } from '../crash/raw-crash.ts';
import { clientLimits } from './limits.ts';
import { closingDelimiter, partHead } from './multipart-writer.ts';

/** A stored crash as it can be sent again. */
export interface StoredReport {
  /** The exact stored bytes of the raw crash. */
  readonly rawCrashJson: Uint8Array;
  readonly dumps: readonly Dump[];
}

export interface ReplayRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
  /** The id of the stored crash; null when its raw crash has none. */
  readonly uuid: string | null;
}

export interface ReplayOptions {
  /** Sends the crash id along; the collector accepts it only with its bearer token. */
  readonly keepsId: boolean;
  readonly boundary: string;
}

/**
 * Keys that collectors of 2016 and 2018 added at the top level; today's add the first three (collector.md §3). Sent
 * again they would look like annotations of the client.
 */
const collectorKeys = ['submitted_timestamp', 'version', 'metadata'] as const;
const olderCollectorKeys = [
  'submitted_timestamp',
  'timestamp',
  'type_tag',
  'legacy_processing',
  'throttle_rate',
  'dump_checksums',
  'MinidumpSha256Hash',
] as const;

/**
 * Writes a stored crash as its client sent it: same annotations with their own types, same payload type, same
 * compression, same User-Agent. Dumps are streamed; the stored crash is not changed.
 */
export async function replayRequest(report: StoredReport, options: ReplayOptions): Promise<ReplayRequest> {
  const rawCrash = readPythonJson(Buffer.from(report.rawCrashJson));
  if (!isPythonObject(rawCrash)) throw new Error('the raw crash is no JSON object');
  const metadata = rawCrash.get('metadata');
  const known = isPythonObject(metadata) ? metadata : null;
  const uuid = rawCrash.get('uuid');
  const annotations = annotationsOf(rawCrash, known !== null, options.keepsId);
  const isJson = known?.get('payload') === 'json';
  const isGzip = known?.get('payload_compressed') === '1';
  const userAgent = known?.get('user_agent');
  const plain = form(isJson ? [jsonPart(annotations)] : fieldParts(annotations), report.dumps, options.boundary);
  const { body, lengthBytes } = await withLength(isGzip ? gzipped(plain) : plain);
  return {
    uuid: typeof uuid === 'string' ? uuid : null,
    body,
    headers: {
      'content-type': `multipart/form-data; boundary=${options.boundary}`,
      // Python wrote its None where the client sent nothing.
      'user-agent':
        typeof userAgent === 'string' && userAgent !== 'None'
          ? userAgent.replace(/[^\x20-\x7e]/g, '?')
          : 'salvage-submitter',
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
      ...(lengthBytes === null ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(lengthBytes) }),
    },
  };
}

function annotationsOf(rawCrash: PythonObject, isToday: boolean, keepsId: boolean): PythonObject {
  const annotations = new Map(rawCrash);
  for (const name of isToday ? collectorKeys : olderCollectorKeys) annotations.delete(name);
  if (!keepsId) annotations.delete('uuid');
  return annotations;
}

interface Part {
  readonly name: string;
  readonly filename?: string;
  readonly contentType?: string;
  readonly content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

function jsonPart(annotations: PythonObject): Part {
  const content = [Buffer.from(pythonJson(annotations))];
  return { name: 'extra', filename: 'extra.json', contentType: 'application/json', content };
}

function fieldParts(annotations: PythonObject): Part[] {
  return [...annotations].map(([name, value]) => ({ name, content: [Buffer.from(fieldText(value))] }));
}

function fieldText(value: PythonValue): string {
  if (typeof value === 'string') return value;
  return value instanceof PythonNumber ? value.text : pythonJson(value);
}

async function* form(fields: readonly Part[], dumps: readonly Dump[], boundary: string): AsyncGenerator<Uint8Array> {
  const files = dumps.map((dump) => ({
    name: dump.name,
    filename: dump.name === mainDumpName ? 'minidump.dmp' : dump.name,
    contentType: 'application/octet-stream',
    content: dump.open(),
  }));
  const style = { boundary, omitsCrlfAfterFiles: false, percentEncodesNames: true };
  let needsCrlf = false;
  for (const part of [...fields, ...files]) {
    yield Buffer.from(partHead(part, style, needsCrlf));
    yield* part.content;
    needsCrlf = true;
  }
  yield Buffer.from(closingDelimiter(style, needsCrlf));
}

function gzipped(plain: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // A failing dump ends the gzip stream with its error, and so the request.
  return pipeline(Readable.from(plain), createGzip(), () => {});
}

/**
 * Collectors of the field want a length. A body is held up to a limit to know it; a larger one goes in chunks as it
 * comes, which ours take.
 */
async function withLength(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ body: AsyncIterable<Uint8Array>; lengthBytes: number | null }> {
  const iterator = stream[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let isOver = false;
  while (!isOver && heldBytes <= clientLimits.heldBodyBytesMax.value) {
    const next = await iterator.next();
    if (next.done) isOver = true;
    else {
      held.push(next.value);
      heldBytes += next.value.length;
    }
  }
  async function* body() {
    yield* held;
    for (let next = isOver ? null : await iterator.next(); next && !next.done; next = await iterator.next())
      yield next.value;
  }
  return { body: body(), lengthBytes: isOver ? heldBytes : null };
}
