// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorText, SalvageError } from '../lib/errors.ts';
import { postgresErrors } from '../lib/postgres/errors.ts';
import { isDatabaseOutage } from '../lib/postgres/pool.ts';
import type { WebParts } from './web-parts.ts';

/** What a failure answers: status, text for the reader and slug. Anything unexpected is 500 without particulars. */
export interface ShownError {
  readonly status: number;
  readonly message: string;
  readonly remedy: string;
  readonly slug: string;
}

/** Errors of the server's own parts whose text may name hosts or paths: readers get the general sentence. */
const innerSlugs = /^(storage|queue|database|schema|postgres)_/;

export function shownError(error: unknown): ShownError {
  if (error instanceof SalvageError && error.kind.status !== undefined) {
    const { kind } = error;
    const status = kind.status as number;
    const message = status >= 500 || innerSlugs.test(kind.slug) ? kind.meaning : error.message;
    return { status, message, remedy: kind.remedy, slug: kind.slug };
  }
  const { statusCode, code, message } = (error ?? {}) as { statusCode?: unknown; code?: unknown; message?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return {
      status: statusCode,
      message: String(message),
      remedy: '',
      slug: String(code ?? 'bad_request').toLowerCase(),
    };
  if (isDatabaseOutage(error)) return shownError(new SalvageError(postgresErrors.database_outage));
  return {
    status: 500,
    message: 'Internal error',
    remedy: 'It was logged with the request id of this answer.',
    slug: 'internal_error',
  };
}

/** Logs what is our fault, and answers JSON under /api/ and to programs. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, parts: WebParts): FastifyReply {
  const shown = shownError(error);
  if (shown.status >= 500)
    parts.logger
      .named('salvage.web')
      .error(`${request.method} ${request.routeOptions.url ?? request.url.split('?')[0]}: ${errorText(error)}`, {
        error,
        request_id: request.id,
      });
  if (shown.status === 503) reply.header('retry-after', '10');
  const text = JSON.stringify({ error: shown.message, error_slug: shown.slug }).replaceAll('</', '<\\/');
  return reply.status(shown.status).type('application/json; charset=UTF-8').send(text);
}
