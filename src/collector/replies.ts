// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ServerResponse } from 'node:http';

/** One whole answer. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection ends with this answer: what follows on it cannot be trusted, or will not be read. */
  readonly closes?: boolean;
}

export const plainText = 'text/plain';
export const json = 'application/json';
export const jsonUtf8 = 'application/json; charset=utf-8';

export function textReply(status: number, body: string, extras: Partial<Reply> = {}): Reply {
  return { status, contentType: plainText, body, ...extras };
}

/** Falcon's error bodies, as Antenna's clients and probes know them. */
export function titleReply(status: number, title: string, extras: Partial<Reply> = {}): Reply {
  return { status, contentType: json, body: JSON.stringify({ title }), ...extras };
}

/**
 * Writes the answer with its length, so that clients that speak HTTP/1.0 or cannot read chunks understand it.
 * `holdsOpen`: everything is written, but the response is ended by the caller.
 */
export function sendReply(response: ServerResponse, reply: Reply, holdsOpen = false): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = reply.status;
  response.setHeader('Content-Type', reply.contentType);
  response.setHeader('Content-Length', Buffer.byteLength(reply.body));
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (reply.closes) response.setHeader('Connection', 'close');
  if (!holdsOpen) {
    response.end(reply.body);
    return;
  }
  response.flushHeaders();
  if (reply.body !== '') response.write(reply.body);
}
