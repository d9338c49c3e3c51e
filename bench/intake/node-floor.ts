// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// What node:http itself costs: reads bodies and discards them, or streams each to a file of its own without fsync; and
// what fastify adds to it when it discards them.
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import fastify from 'fastify';

const [kind, port, directory] = process.argv.slice(2) as [string, string, string];
const text = 'CrashID=bp-0bba929f-8721-460c-8dea-000000261120\n';
let count = 0;

function discardWithFastify(): void {
  const app = fastify({ bodyLimit: 100_000_000 });
  app.addContentTypeParser('*', (_request, body, done) => {
    body.resume().on('end', () => done(null));
  });
  app.all('/*', (_request, reply) => {
    reply.type('text/plain').send(text);
  });
  void app.listen({ host: '127.0.0.1', port: Number(port) });
}

function serveWithNode(): void {
  createServer((request, response) => {
    const answer = () =>
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(text.length) }).end(text);
    if (kind === 'discard' || request.method !== 'POST') request.resume().on('end', answer);
    else request.pipe(createWriteStream(join(directory, String(count++)))).on('finish', answer);
  }).listen(Number(port), '127.0.0.1');
}

if (kind === 'fastify') discardWithFastify();
else serveWithNode();
