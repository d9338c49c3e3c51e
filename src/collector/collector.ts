// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { requestPath } from '../lib/request-path.ts';
import type { ErrorReporter } from '../lib/sentry.ts';
import type { StatusSource } from '../lib/status.ts';
import { Health, type HealthCheck } from './health.ts';
import { type IntakeParts, ReportIntake } from './intake.ts';
import { Lanes } from './lanes.ts';
import { collectorLimits } from './limits.ts';
import { type Profile, profiles } from './profiles.ts';
import { json, jsonUtf8, type Reply, sendReply, titleReply } from './replies.ts';

export interface CollectorParts extends IntakeParts {
  /** Asked by the heartbeat: spool, storage, queue. */
  readonly checks: readonly HealthCheck[];
  /** Text of version.json, or null when there is none. */
  readonly versionJson: string | null;
  /** What `/__status__` tells. */
  readonly status?: StatusSource;
  /** Gets what should never happen. */
  readonly errors: ErrorReporter;
}

export interface Collector {
  /** True for the paths that are the collector's, whatever the method; in `serve` all others are the web's. */
  handles(path: string): boolean;
  /** Answers any request; what it does not know is 404. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** For servers that are made elsewhere: limits for `http.createServer`. */
  readonly serverOptions: ServerOptions;
  /** Adds what a server needs beside the listener: `Expect: 100-continue`, broken requests, and the watch on slow clients. */
  attach(server: Server): void;
  /** Opens intake on a server of its own; resolves to its address. */
  start(host: string, port: number): Promise<AddressInfo>;
  /**
   * Takes no more connections on its own server, lets what is under way end within the deadline, then cuts it. On
   * servers made elsewhere, waits for the reports under way; the server is its owner's to close.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Reports being received. */
  inFlightCount(): number;
}

export const bareSubmitPath = '/submit/bare';

type Route = 'submit' | 'bare' | 'version' | 'lbheartbeat' | 'heartbeat' | 'status' | 'broken';

function routesOf(extraPaths: readonly string[]): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ...extraPaths.map((path): [string, Route] => [path, 'submit']),
    ['/submit', 'submit'],
    [bareSubmitPath, 'bare'],
    ['/__version__', 'version'],
    ['/__lbheartbeat__', 'lbheartbeat'],
    ['/__heartbeat__', 'heartbeat'],
    ['/__status__', 'status'],
    ['/__broken__', 'broken'],
  ]);
}

const sweepMs = 1000;
const drainPollMs = 10;

const serverOptions: ServerOptions = {
  headersTimeout: collectorLimits.headersMsMax.value,
  // The collector's own sweep is stricter, and tells idle from slow.
  requestTimeout: 0,
  keepAliveTimeout: collectorLimits.keepAliveMs.value,
  maxHeaderSize: collectorLimits.headerBytesMax.value,
  // Crashpad's socket transport speaks HTTP/1.0 without Host; a crash report is not refused for a missing header.
  requireHostHeader: false,
  noDelay: true,
};

/** The collector on node:http itself (docs/adr/intake-on-node-http.md). */
export function makeCollector(parts: CollectorParts): Collector {
  const profile = profiles[parts.options.profile];
  const intake = new ReportIntake(parts);
  const health = new Health({ ...parts, profile });
  const routes = routesOf(parts.options.submitPaths);
  const lanes = new Lanes();
  const servers: Server[] = [];
  const timers: NodeJS.Timeout[] = [];
  let isDraining = false;

  const answer = async (request: IncomingMessage, route: Route): Promise<Reply> => {
    switch (route) {
      case 'version':
        return health.version();
      case 'lbheartbeat':
        return health.lbheartbeat();
      case 'heartbeat':
        return await health.heartbeat();
      case 'status':
        return (await health.status(request)) ?? notFoundReply;
      case 'broken':
        return health.mayBreak(request) ? health.break() : notFoundReply;
      default:
        return await intake.receive(request, route === 'bare');
    }
  };

  const finish = (request: IncomingMessage, response: ServerResponse, reply: Reply): void => {
    const closes = reply.closes || isDraining;
    if (closes) lanes.closeAfter(request);
    // Ended at once, the server would cut a connection whose client still sends, and the answer with it.
    const isEarly = closes && !request.complete;
    sendReply(response, request.method === 'HEAD' ? { ...reply, body: '' } : { ...reply, closes }, isEarly);
    if (!request.complete) readOnUnread(request, isEarly ? () => response.end() : () => {});
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const route = routes.get(requestPath(request));
    const early = route === undefined ? notFoundReply : methodReply(request.method ?? '', route);
    if (early) {
      finish(request, response, early);
      return;
    }
    answer(request, route as Route)
      .catch((error: unknown) => bugReply(parts, profile, error, request))
      .then((reply) => finish(request, response, reply));
  };

  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    lanes.enter(request, response, () => handle(request, response));

  const onExpect = (server: Server, request: IncomingMessage, response: ServerResponse): void => {
    const route = routes.get(requestPath(request));
    const isReport = request.method === 'POST' && (route === 'submit' || route === 'bare');
    const refusal = isReport ? intake.refusal(request, route === 'bare') : null;
    if (refusal) {
      finish(request, response, { ...refusal, closes: true });
      return;
    }
    response.writeContinue();
    server.emit('request', request, response);
  };

  const collector: Collector = {
    handles: (path) => routes.has(path),
    listener,
    serverOptions,
    attach(server) {
      server.on('checkContinue', (request, response) => onExpect(server, request, response));
      // Any other expectation is nobody's: the request is taken all the same.
      server.on('checkExpectation', (request, response) => server.emit('request', request, response));
      server.on('clientError', (error: NodeJS.ErrnoException, socket) => onClientError(error, socket, lanes, routes));
      server.maxConnections = collectorLimits.connectionsMax.value;
      timers.push(setInterval(() => intake.sweep(), sweepMs).unref());
    },
    async start(host, port) {
      const server = createServer(serverOptions, listener);
      collector.attach(server);
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, backlog: 1024 }, resolve);
      });
      return server.address() as AddressInfo;
    },
    async drain(deadlineMs) {
      isDraining = true;
      await Promise.all(servers.map((server) => closeServer(server, deadlineMs)));
      const endMs = parts.clock.monotonicMs() + deadlineMs;
      while (intake.inFlightCount > 0 && parts.clock.monotonicMs() < endMs) await parts.clock.sleep(drainPollMs);
      for (const timer of timers) clearInterval(timer);
    },
    inFlightCount: () => intake.inFlightCount,
  };
  return collector;
}

const notFoundReply = titleReply(404, '404 Not Found');

function allowedMethod(route: Route): string {
  return route === 'submit' || route === 'bare' ? 'POST' : 'GET';
}

/** What the method alone decides; HEAD is not derived from GET, as in Antenna (collector.md §1.1). */
function methodReply(method: string, route: Route): Reply | null {
  const allowed = allowedMethod(route);
  if (method === allowed) return null;
  if (method === 'OPTIONS') return { status: 200, contentType: json, body: '', headers: { Allow: allowed } };
  return titleReply(405, '405 Method Not Allowed', { headers: { Allow: `${allowed}, OPTIONS` } });
}

/** What should never happen: told to whoever watches, and answered like it. */
function bugReply(
  { errors, logger }: CollectorParts,
  profile: Profile,
  error: unknown,
  request: IncomingMessage,
): Reply {
  const path = requestPath(request);
  const headers = request.headers as Record<string, string>;
  errors.capture(error, { transaction: path, request: { method: request.method ?? '', headers } });
  logger.named('salvage.app').error('Unhandled exception', { error, path });
  return brokenReply(profile);
}

function brokenReply(profile: Profile): Reply {
  return profile.health === '2018'
    ? { status: 500, contentType: jsonUtf8, body: JSON.stringify({ msg: 'COUGH! Internal Server Error' }) }
    : titleReply(500, '500 Internal Server Error');
}

/** Reads on what was answered early, so that a client that is still sending gets to see the answer; up to a limit. */
function readOnUnread(request: IncomingMessage, done: () => void): void {
  let unreadBytes = 0;
  const timer = setTimeout(done, collectorLimits.unreadMsMax.value).unref();
  request.once('close', () => clearTimeout(timer)).once('end', done);
  request.on('error', () => {});
  request.on('data', (chunk: Buffer) => {
    unreadBytes += chunk.length;
    if (unreadBytes > collectorLimits.unreadBytesMax.value) request.socket.destroy();
  });
  request.resume();
}

/** Bytes that are no request. An answer that is on its way on the same connection goes first. */
function onClientError(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  socket: Duplex,
  lanes: Lanes,
  routes: ReadonlyMap<string, Route>,
): void {
  const active = lanes.activeOn(socket);
  if (active?.request.complete && socket.writable) {
    lanes.closeAfter(active.request);
    return;
  }
  const mayAnswer = socket.writable && error.code !== 'ECONNRESET' && !active?.response.headersSent;
  if (!mayAnswer) {
    socket.destroy();
    return;
  }
  const reply = brokenRequestReply(error, routes);
  socket.end(
    `HTTP/1.1 ${reply.status} ${statusTexts[reply.status] ?? 'Error'}\r\nContent-Type: ${reply.contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(reply.body)}\r\nConnection: close\r\n\r\n${reply.body}`,
    () => socket.destroy(),
  );
}

const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

function brokenRequestReply(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  routes: ReadonlyMap<string, Route>,
): Reply {
  if (error.code === 'HPE_HEADER_OVERFLOW') return titleReply(431, '431 Request Header Fields Too Large');
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return titleReply(408, '408 Request Timeout');
  if (error.code === 'HPE_INVALID_METHOD') {
    const line = error.rawPacket?.subarray(0, 1024).toString('latin1') ?? '';
    const path = /^[A-Z]+ ([^ ?]*)[^ ]* HTTP\/1\.[01]\r\n/.exec(line)?.[1];
    if (path !== undefined && !routes.has(path)) return notFoundReply;
    return {
      status: 400,
      contentType: json,
      body: JSON.stringify({ title: 'Bad request', description: 'Invalid HTTP method' }),
    };
  }
  return titleReply(400, '400 Bad Request');
}

async function closeServer(server: Server, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearTimeout(deadline);
}
