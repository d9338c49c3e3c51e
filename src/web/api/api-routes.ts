// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { isErrorOf, SalvageError } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/json.ts';
import { searchErrors } from '../../search/errors.ts';
import { type Access, findAccess, refuseForgedRequest, requireClaimed, requirePermissions } from '../access.ts';
import { webErrors } from '../errors.ts';
import { webMetrics } from '../metrics.ts';
import { pageUrl } from '../page-url.ts';
import type { WebParts } from '../web-parts.ts';
import type { ApiAnswer, ApiCall, ApiEndpoint } from './api-endpoint.ts';
import { apiEndpoints } from './endpoints.ts';
import { openApiDocument } from './openapi.ts';
import { validateParameters } from './validate.ts';

/** `/api/<Name>/`: find the endpoint, find the reader, check, answer (web.md §2.1). */
export function addApiRoutes(app: FastifyInstance, parts: WebParts): void {
  const document = JSON.stringify(openApiDocument(parts.version));
  app.get('/api/openapi.json', (_request, reply) => reply.type('application/json; charset=UTF-8').send(document));
  app.route<{ Params: { name: string } }>({
    method: anyMethod,
    url: '/api/:name',
    handler: (request, reply) => {
      const query = request.url.split('?')[1];
      return reply.redirect(`/api/${encodeURIComponent(request.params.name)}/${query ? `?${query}` : ''}`, 301);
    },
  });
  app.route<{ Params: { name: string } }>({
    method: anyMethod,
    url: '/api/:name/',
    handler: (request, reply) => serveEndpoint(request.params.name, request, reply, parts),
  });
  for (const url of ['/api/v1/:name', '/api/v1/:name/'])
    app.route<{ Params: { name: string } }>({
      method: anyMethod,
      url,
      handler: (request, reply) => serveEndpoint(`v1/${request.params.name}`, request, reply, parts),
    });
  for (const { name } of apiEndpoints.values())
    for (const slash of name.split('/').length > 2 ? ['', '/'] : [])
      app.route({
        method: anyMethod,
        url: `/api/${name.replace(/\{(\w+)\}/g, ':$1')}${slash}`,
        handler: (request, reply) => serveEndpoint(name, request, reply, parts),
      });
}

const anyMethod: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

async function serveEndpoint(
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  const endpoint = apiEndpoints.get(name);
  if (!endpoint) throw new SalvageError(webErrors.not_found, `No service called '${name.slice(0, 100)}'`);
  allowOrigins(request, reply, parts);
  if (request.method === 'OPTIONS')
    return reply
      .header('allow', [...endpoint.methods, 'OPTIONS'].join(', '))
      .status(200)
      .send('');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (!endpoint.methods.some((allowed) => allowed === method))
    return sendJson(request, reply, { error: 'Method not allowed', error_slug: 'method_not_allowed' }, 405);
  parts.metrics.incr(webMetrics.apiCall, { endpoint: endpoint.name });
  return answer(endpoint, request, reply, parts);
}

/** Anybody's page may read public answers; only declared origins may send a token. */
function allowOrigins(request: FastifyRequest, reply: FastifyReply, parts: WebParts): void {
  const origin = request.headers.origin;
  if (origin !== undefined && parts.options.corsOrigins.includes(origin)) {
    reply.header('access-control-allow-origin', origin).header('vary', 'Origin');
    reply.header('access-control-allow-headers', 'Auth-Token, Authorization, Content-Type');
    reply.header('access-control-allow-methods', 'GET, POST, OPTIONS');
  } else reply.header('access-control-allow-origin', '*');
}

async function answer(
  endpoint: ApiEndpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  await requireClaimed(parts.people);
  const access = await findAccess(request, parts);
  requirePermissions(access.reader, endpoint.needs);
  const { parameters, body } = readInput(endpoint, request);
  if (request.method === 'POST') refuseForgedRequest(request, access, parameters.get('csrf')?.[0] ?? null);
  const checked = validateParameters(endpoint, parameters);
  if ('errors' in checked) {
    const error = Object.entries(checked.errors)
      .map(([name, texts]) => `${name}: ${texts.join(' ')}`)
      .join('; ');
    return sendJson(request, reply, { errors: checked.errors, error, error_slug: webErrors.bad_request.slug }, 400);
  }
  const result = await handle(endpoint, {
    parts,
    access,
    reader: access.reader,
    values: checked.values,
    parameters,
    body,
    pageUrl: (path) => pageUrl(path, request, parts),
    signal: leavingSignal(reply),
  });
  return sendAnswer(request, reply, result, access);
}

/** Errors of a search as crash-stats words them, where crash-stats has the endpoint (web.md §2.1). */
async function handle(endpoint: ApiEndpoint, call: ApiCall): Promise<ApiAnswer> {
  try {
    return await endpoint.handle(call);
  } catch (error) {
    const isBadArgument =
      isErrorOf(error, searchErrors.search_bad_argument) || isErrorOf(error, searchErrors.search_timeout);
    if (!isBadArgument || endpoint.name.startsWith('v1/')) throw error;
    throw new SalvageError(error.kind, `Bad request: BadArgumentError: ${error.message}`, { cause: error });
  }
}

function readInput(
  endpoint: ApiEndpoint,
  request: FastifyRequest,
): { parameters: Map<string, string[]>; body: JsonValue } {
  const parameters = toMap(request.query as URLSearchParams);
  for (const { name, isPath } of endpoint.parameters)
    if (isPath) parameters.set(name, [(request.params as Record<string, string>)[name] ?? '']);
  if (request.method !== 'POST') return { parameters, body: null };
  if (endpoint.takesJson) {
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
      throw new SalvageError({ ...webErrors.bad_request, status: 415 }, 'the body must be application/json');
    return { parameters, body: request.body as JsonValue };
  }
  // Clients send lists in the query of a POST as well as in its form.
  for (const [name, values] of request.body instanceof URLSearchParams ? toMap(request.body) : [])
    parameters.set(name, [...(parameters.get(name) ?? []), ...values]);
  return { parameters, body: null };
}

export function toMap(search: URLSearchParams): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const [name, value] of search) {
    const values = map.get(name);
    if (values) values.push(value);
    else map.set(name, [value]);
  }
  return map;
}

const leavingByReply = new WeakMap<FastifyReply, AbortSignal>();

/** Aborted when the client closes its connection before the answer. */
export function leavingSignal(reply: FastifyReply): AbortSignal {
  const known = leavingByReply.get(reply);
  if (known) return known;
  const leaving = new AbortController();
  leavingByReply.set(reply, leaving.signal);
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) leaving.abort(new Error('the client has left'));
  });
  return leaving.signal;
}

function sendAnswer(request: FastifyRequest, reply: FastifyReply, result: ApiAnswer, access: Access): FastifyReply {
  if ('text' in result) return reply.headers(result.headers).send(result.text);
  if ('bytes' in result) return reply.headers(result.headers).send(Readable.from(result.bytes, { objectMode: false }));
  const isPublic = access.reader.via === 'anonymous' && request.method !== 'POST';
  reply.header('cache-control', isPublic ? 'private, max-age=60' : 'private, no-cache');
  if (result.headers) reply.headers(result.headers);
  return sendJson(request, reply, result.json, result.status ?? 200);
}

/** JSON that is harmless inside a page, indented when asked. */
export function sendJson(request: FastifyRequest, reply: FastifyReply, value: unknown, status: number): FastifyReply {
  const isPretty = (request.query as URLSearchParams).get('pretty') === 'print';
  const text = JSON.stringify(value, null, isPretty ? 2 : undefined).replaceAll('</', '<\\/');
  return reply.status(status).type('application/json; charset=UTF-8').send(text);
}
