// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { SalvageError } from '../lib/errors.ts';
import type { WrittenRequest } from './client-kinds.ts';
import { clientErrors } from './errors.ts';

/** `auto` sends as the client family does. */
export type Transfer = 'auto' | 'plain' | 'gzip' | 'chunked' | 'gzip-chunked';

export interface SubmitOptions {
  /** Address of the intake, e.g. `http://127.0.0.1:8000/submit`. */
  readonly url: string;
  readonly transfer: Transfer;
  /** Added last; `authorization` for a supplied uuid. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface SubmitAnswer {
  readonly status: number;
  /** The text of the answer, without the line end. */
  readonly text: string;
  /** The crash id without its prefix, where the answer carries one in either dialect. */
  readonly crashId: string | null;
  readonly durationMs: number;
}

/** Any answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  /** Without the line end. */
  readonly text: string;
  /** What the server asks to wait; null when it asks nothing. */
  readonly retryAfterS: number | null;
}

/** Sends one report and reads the answer. Throws `submit_unreachable`; any HTTP status is an answer. */
export async function submit(written: WrittenRequest, options: SubmitOptions): Promise<SubmitAnswer> {
  const isGzip = options.transfer === 'auto' ? written.sendsGzip : options.transfer.startsWith('gzip');
  const isChunked = options.transfer === 'auto' ? written.sendsChunked : options.transfer.endsWith('chunked');
  const chunks = isGzip ? [gzipSync(Buffer.concat(written.chunks))] : written.chunks;
  const headers: Record<string, string> = { ...written.headers, ...options.headers };
  if (isGzip) headers['content-encoding'] = 'gzip';
  if (isChunked) headers['transfer-encoding'] = 'chunked';
  else headers['content-length'] = String(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  const startedMs = performance.now();
  const { status, text } = await postBody(new URL(options.url + written.query), headers, chunks, options.timeoutMs);
  return { status, text, crashId: crashIdIn(text), durationMs: performance.now() - startedMs };
}

/** Posts a body and reads the answer; throws `submit_unreachable`. The body may come from streams. */
export function postBody(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  timeoutMs: number,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new SalvageError(clientErrors.submit_unreachable, `${url.origin}: ${cause.message}`, { cause }));
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, { method: 'POST', headers, timeout: timeoutMs }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', fail);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(parts).toString().trimEnd(),
          retryAfterS: Number(response.headers['retry-after']) || null,
        }),
      );
    });
    request.on('error', fail);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    pipeline(body, request).catch(fail);
  });
}

/** `CrashID=bp-UUID` of the Firefox dialect, or the 32 hex digits of the bare one. */
export function crashIdIn(text: string): string | null {
  const named = /^CrashID=(?:[a-z]+-)?([0-9a-f-]{36})$/m.exec(text);
  if (named) return named[1] as string;
  const bare = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(text);
  return bare ? bare.slice(1).join('-') : null;
}
