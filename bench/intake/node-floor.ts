// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// What node:http itself costs: reads bodies and discards them, or streams each to a file of its own without fsync.
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [kind, port, directory] = process.argv.slice(2) as [string, string, string];
const text = 'CrashID=bp-0bba929f-8721-460c-8dea-000000261120\n';
let count = 0;

createServer((request, response) => {
  const answer = () =>
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(text.length) }).end(text);
  if (kind === 'discard' || request.method !== 'POST') request.resume().on('end', answer);
  else request.pipe(createWriteStream(join(directory, String(count++)))).on('finish', answer);
}).listen(Number(port), '127.0.0.1');
