// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { isProven, shownCredential } from './access.ts';
import { addApiRoutes } from './api/api-routes.ts';
import { webLimits } from './limits.ts';
import { webMetrics } from './metrics.ts';
import { addDocumentationPages } from './pages/documentation-pages.ts';
import { addOverviewPages } from './pages/overview-pages.ts';
import { addPageRoutes } from './pages/page-routes.ts';
import { addPeoplePages } from './pages/people-pages.ts';
import { addQuickSearch } from './pages/quick-search.ts';
import { addReportPages } from './pages/report-pages.ts';
import { addSearchPages } from './pages/search-pages.ts';
import { addSignaturePages } from './pages/signature-pages.ts';
import { addStatusPages } from './pages/status-pages.ts';
import { addTopCrashersPages } from './pages/top-crashers-pages.ts';
import { sendError } from './send-error.ts';
import type { WebParts } from './web-parts.ts';

/** Body of any request to the web part: forms and crash data, never dumps. */
const bodySizeBytesMax = 4 * 1024 * 1024;

export interface WebApp {
  /** Answers one request; the caller owns the server and its port. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** Pages and API of crash-stats, as a request listener. */
export async function makeWebApp(parts: WebParts): Promise<WebApp> {
  const app = fastify({
    bodyLimit: bodySizeBytesMax,
    trustProxy: parts.options.trustedProxies.length > 0 ? [...parts.options.trustedProxies] : false,
    genReqId: () => randomUUID(),
    // Every value of every parameter in order: searches repeat names.
    routerOptions: { querystringParser: (text) => new URLSearchParams(text) as never, maxParamLength: 2000 },
    exposeHeadRoutes: true,
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(body as string)),
  );
  await addProtection(app, parts);
  app.addHook('onResponse', async (request, reply) => {
    parts.metrics.timing(webMetrics.request, reply.elapsedTime, {
      route: request.routeOptions.url ?? 'unknown',
      status: String(reply.statusCode),
    });
  });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, parts));
  addApiRoutes(app, parts);
  addPageRoutes(app, parts, [
    addReportPages,
    addSignaturePages,
    addQuickSearch,
    addOverviewPages,
    addTopCrashersPages,
    addSearchPages,
    addStatusPages,
    addDocumentationPages,
    addPeoplePages,
  ]);
  await app.ready();
  return { listener: (request, response) => app.routing(request, response), close: () => app.close() };
}

async function addProtection(app: FastifyInstance, parts: WebParts): Promise<void> {
  await app.register(cookie);
  // Level 3 takes a quarter of the time of 6 and makes a page of 2.6 MB 66 kB instead of 51.
  await app.register(compress, { threshold: 2048, zlibOptions: { level: 3 } });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: false,
  });
  const proven = new LRUCache<string, true>({ max: webLimits.provenCredentialsMax.value });
  await app.register(rateLimit, {
    timeWindow: 60_000,
    max: (_request: FastifyRequest, key: string) =>
      key.startsWith('known ') ? parts.options.knownRequestsPerMinute : parts.options.anonymousRequestsPerMinute,
    keyGenerator: (request: FastifyRequest) => rateLimitKey(request, proven),
    errorResponseBuilder: () =>
      Object.assign(new Error('Too Many Requests'), { statusCode: 429, code: 'too_many_requests' }),
  });
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    const credential = shownCredential(request);
    if (credential !== null && isProven(request)) proven.set(credential, true);
  });
}

/**
 * A credential has its own, higher limit once it was found to be good. Until then its address has the limit of visitors,
 * apart from theirs, so that neither guesses nor visitors can keep a person out.
 */
function rateLimitKey(request: FastifyRequest, proven: LRUCache<string, true>): string {
  const credential = shownCredential(request);
  if (credential === null) return `anonymous ${request.ip}`;
  return proven.get(credential) ? `known ${credential}` : `unproven ${request.ip}`;
}
