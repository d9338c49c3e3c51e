// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { SalvageError } from '../lib/errors.ts';
import { symbolErrors } from './errors.ts';
import { symbolLimits } from './limits.ts';
import { addressRefused, isPublicAddress, publicLookup } from './public-address.ts';

export interface HttpGetOptions {
  /** Sent to the first host only, never across a redirect to another. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first host, and redirects that stay on it, may have a private address. */
  readonly allowPrivate: boolean;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  /** Ends everything, the body too. */
  readonly signal: AbortSignal;
}

/**
 * GET with redirects followed by hand, each hop checked against reserved addresses (symbols.md §9.4). The body must be
 * read or destroyed. Throws `symbol_address_refused`, `symbol_source_unreachable`, and what the socket throws.
 */
export async function httpGet(address: URL, options: HttpGetOptions): Promise<http.IncomingMessage> {
  let url = address;
  for (let hops = 0; hops <= symbolLimits.redirectsMax.value; hops++) {
    const isFirstHost = url.origin === address.origin;
    const response = await request(
      url,
      isFirstHost ? options.headers : {},
      isFirstHost && options.allowPrivate,
      options,
    );
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    const next = URL.parse(location, url.href);
    if (!next || (url.protocol === 'https:' && next.protocol !== 'https:'))
      throw new SalvageError(symbolErrors.symbol_address_refused, `a redirect to ${location.slice(0, 200)}`);
    url = next;
  }
  throw new SalvageError(symbolErrors.symbol_source_unreachable, 'too many redirects');
}

function request(
  url: URL,
  headers: Readonly<Record<string, string>>,
  allowPrivate: boolean,
  options: HttpGetOptions,
): Promise<http.IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!/^https?:$/.test(url.protocol)) return Promise.reject(addressRefused(url.protocol));
  // A literal address never reaches the lookup, so it is checked here; the URL parser has made it canonical.
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) return Promise.reject(addressRefused(host));
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const outgoing = (url.protocol === 'https:' ? https : http).get(url, {
    headers: { 'accept-encoding': 'gzip', 'user-agent': 'salvage', ...headers },
    signal: options.signal,
    agent: false,
    ...(allowPrivate ? {} : { lookup: publicLookup }),
  });
  const failAfter = (ms: number, what: string) =>
    setTimeout(() => outgoing.destroy(new Error(`${what} took over ${ms} ms`)), ms);
  let timer = failAfter(options.connectTimeoutMs, 'the connection');
  outgoing.once('socket', (socket) =>
    socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      timer = failAfter(options.firstByteTimeoutMs, 'the answer');
    }),
  );
  outgoing.once('response', (response) => {
    clearTimeout(timer);
    resolve(response);
  });
  outgoing.on('error', (error) => {
    clearTimeout(timer);
    reject(error);
  });
  return promise;
}
