// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type CrashId, isCrashId, throttleDigitOf } from '../crash/crash-id.ts';
import type { PythonValue } from '../crash/python-json.ts';
import type { FoundDump } from '../crash/report-reader.ts';
import type { ErrorKind } from '../lib/errors.ts';
import { parseMultipartType } from '../lib/multipart/content-type.ts';
import { boundaryCharactersMax } from '../lib/multipart/multipart-reader.ts';
import { collectorErrors } from './errors.ts';

/** What the request head says of the body. */
export interface BodyHead {
  readonly contentType: string;
  /** Null when it is empty or too long; the body is then only received. */
  readonly boundary: string | null;
  readonly isGzip: boolean;
  /** Null for chunked bodies. */
  readonly lengthBytes: number | null;
}

/** Checks the head in Antenna's order (collector.md §1.3); the kind of error of the first thing that is wrong. */
export function checkBodyHead(request: IncomingMessage): BodyHead | ErrorKind {
  const contentType = (request.headers['content-type'] ?? '').trim();
  if (contentType === '') return collectorErrors.malformed_no_content_type;
  const { mediaType, boundary } = parseMultipartType(contentType);
  if (mediaType !== 'multipart/form-data' && mediaType !== 'multipart/mixed')
    return collectorErrors.malformed_wrong_content_type;
  if (boundary === null) return collectorErrors.malformed_no_boundary;
  const length = request.headers['content-length'];
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  if (!isChunked && (length === undefined || Number(length) === 0)) return collectorErrors.malformed_no_content_length;
  const isUsable = boundary.length > 0 && boundary.length <= boundaryCharactersMax;
  return {
    contentType,
    boundary: isUsable ? boundary : null,
    isGzip: request.headers['content-encoding']?.toLowerCase() === 'gzip',
    lengthBytes: isChunked ? null : Number(length),
  };
}

/** What a proxy may call a request: no blanks, no control characters, no novels. */
const givenRequestId = /^[\w.:=+/@-]{1,128}$/;

/** The id under which a proxy in front logs the request (`X-Request-Id`), so that its log and ours can be joined; else our own. */
export function requestIdOf(request: IncomingMessage, own: string): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && givenRequestId.test(given) ? given : own;
}

/** True when the Authorization header carries the token; compared in constant time. An empty token allows nobody. */
export function hasBearerToken(request: IncomingMessage, token: string): boolean {
  const sent = request.headers.authorization ?? '';
  if (token === '' || !sent.startsWith('Bearer ')) return false;
  return timingSafeEqual(digest(sent.slice('Bearer '.length)), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The crash id that a report brings along, if it may be used: well-formed, throttle digit 0 or 1, a real date. */
export function suppliedCrashId(value: PythonValue | undefined): CrashId | null {
  return typeof value === 'string' && isCrashId(value) && throttleDigitOf(value) <= 1 ? value : null;
}

const crashpadFileName = /(?:^|[\\/])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.dmp$/i;

/**
 * What tells a client's retry from a new report: Crashpad names the dump after the id of the report, which with equal
 * bytes is the same report. Undefined where a client gives no such thing.
 */
export function crashpadReportKey(dump: FoundDump | undefined): string | undefined {
  const reportId = crashpadFileName.exec(dump?.fileName ?? '')?.[1];
  return reportId && dump?.sha256 ? `crashpad:${reportId.toLowerCase()}:${dump.sha256}` : undefined;
}
