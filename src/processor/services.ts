// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Dump } from '../crash/dump.ts';
import { mainDumpName } from '../crash/raw-crash.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Logger } from '../lib/log.ts';
import { generateSignature, recogniseCrashData, type Siglists } from '../signature/signature.ts';
import { CrashFolder, openDumpFile, serviceFolderName } from './dump-files.ts';
import { processorErrors } from './errors.ts';
import { processorLimits } from './limits.ts';
import type { Walker } from './walker.ts';

export interface ServiceParts {
  readonly walker: Walker;
  readonly siglists: () => Siglists;
  /** Folder for dumps under way; must exist. */
  readonly tmpDir: string;
  /** Empty = only this machine may use the services. */
  readonly token: string;
  /** Throws when the processor cannot work at present: storage or queue away. */
  readonly check: () => Promise<void>;
  readonly version: JsonObject;
  readonly logger: Logger;
}

interface Reply {
  readonly status: number;
  readonly body: Uint8Array | string;
}

type Handler = (request: IncomingMessage, parts: ServiceParts) => Promise<Reply>;

const json = (value: unknown, status = 200): Reply => ({ status, body: JSON.stringify(value) });

/** Health needs no token: load balancers have none, and it tells nothing. */
const open: Readonly<Record<string, Handler>> = {
  'GET /__lbheartbeat__': async () => json({}),
  'GET /__heartbeat__': heartbeat,
  'GET /__version__': async (_request, { version }) => json(version),
};

const guarded: Readonly<Record<string, Handler>> = {
  'POST /v1/stackwalk': stackwalkService,
  'POST /v1/signature': signatureService,
};

/**
 * The HTTP side of the processor role: health, and walker and signature generator as services. The caller listens and
 * closes.
 */
export function makeServiceServer(parts: ServiceParts): Server {
  return createServer((request, response) => {
    void answer(request, parts).then(
      (reply) => send(response, reply),
      (error: unknown) => {
        if (!(error instanceof SalvageError)) parts.logger.error(`service failed: ${errorText(error)}`, { error });
        send(response, errorReply(error));
      },
    );
  });
}

async function answer(request: IncomingMessage, parts: ServiceParts): Promise<Reply> {
  const path = (request.url ?? '/').split('?')[0] as string;
  const route = `${request.method === 'HEAD' ? 'GET' : request.method} ${path}`;
  if (Object.hasOwn(open, route)) return (open[route] as Handler)(request, parts);
  if (!Object.hasOwn(guarded, route)) throw new SalvageError(processorErrors.service_not_found);
  if (!mayUse(request, parts.token)) throw new SalvageError(processorErrors.service_forbidden);
  return (guarded[route] as Handler)(request, parts);
}

function mayUse(request: IncomingMessage, token: string): boolean {
  if (token === '') return /^(?:::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '');
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

async function heartbeat(_request: IncomingMessage, { check, logger }: ServiceParts): Promise<Reply> {
  try {
    await check();
    return json({ status: 'ok' });
  } catch (error) {
    logger.error(`heartbeat: ${errorText(error)}`, { error });
    return json({ status: 'failing', error: error instanceof SalvageError ? error.slug : 'error' }, 503);
  }
}

/** A minidump in, its stackwalk document out. */
async function stackwalkService(request: IncomingMessage, { walker, tmpDir }: ServiceParts): Promise<Reply> {
  // To disk as it comes in: a dump may be larger than what memory should hold.
  const max = processorLimits.serviceDumpBytesMax.value;
  const dump: Dump = { name: mainDumpName, sizeBytes: 0, sha256: null, open: () => bodyOf(request, max) };
  const folder = new CrashFolder(tmpDir, serviceFolderName);
  const gone = new AbortController();
  request.on('close', () => {
    if (!request.complete) gone.abort();
  });
  try {
    const { path } = await openDumpFile(dump, folder, gone.signal);
    const outcome = await walker.walk(
      {
        crashId: serviceFolderName,
        dumpName: mainDumpName,
        dumpPath: path,
        rawCrash: {},
        folder,
        isReprocessing: false,
      },
      gone.signal,
    );
    if (outcome.exitCode === 0 && outcome.output) return { status: 200, body: outcome.output };
    const status = /^ERROR\s+(\S+)/.exec(outcome.log)?.[1] ?? 'unknown error';
    return json({ status, exit_code: outcome.exitCode }, 422);
  } finally {
    await folder.remove();
  }
}

/** Crash data, a processed crash or a stackwalk document in; signature and explanation out. */
async function signatureService(request: IncomingMessage, { siglists }: ServiceParts): Promise<Reply> {
  let input: unknown;
  try {
    const chunks = await Array.fromAsync(bodyOf(request, processorLimits.serviceJsonBytesMax.value));
    input = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    if (error instanceof SalvageError) throw error;
    throw new SalvageError(processorErrors.bad_service_request, 'the body is no JSON');
  }
  const recognised = recogniseCrashData(input);
  if (!recognised)
    throw new SalvageError(
      processorErrors.bad_service_request,
      'the body is neither crash data nor a processed crash nor a stackwalk document',
    );
  const provisional = new URL(request.url ?? '/', 'http://local').searchParams.get('provisional') === '1';
  return json(generateSignature(recognised.crashData, { lists: siglists(), era: 'today', provisional }));
}

/** The body as it comes in; more than the limit is `service_body_too_large`. */
async function* bodyOf(request: IncomingMessage, sizeBytesMax: number): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > sizeBytesMax) throw new SalvageError(processorErrors.service_body_too_large);
    yield chunk;
  }
}

function errorReply(error: unknown): Reply {
  if (!(error instanceof SalvageError)) return json({ error: 'internal_error' }, 500);
  return json({ error: error.slug, message: error.message }, error.kind.status ?? 500);
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(body);
}
