// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyRequest } from 'fastify';
import type { WebParts } from './web-parts.ts';

/** The absolute address of a page, as people reach it from elsewhere: the configured one, else as this request came. */
export function pageUrl(path: string, request: FastifyRequest, parts: WebParts): string {
  return `${(parts.options.baseUrl || `${request.protocol}://${request.host}`).replace(/\/+$/, '')}${path}`;
}
