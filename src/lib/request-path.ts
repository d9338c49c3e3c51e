// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { IncomingMessage } from 'node:http';

/** The path of a request without its query; `POST http://host/path` as well, which every server must take (RFC 9112 §3.2.2). */
export function requestPath(request: IncomingMessage): string {
  const url = (request.url ?? '').replace(/^https?:\/\/[^/?]*/i, '');
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
