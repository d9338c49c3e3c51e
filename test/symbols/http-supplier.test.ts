// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { nullMetrics } from '../../src/lib/metrics.ts';
import { serverOf as presetOf } from '../../src/symbols/http-supplier.ts';
import { isPublicAddress } from '../../src/symbols/public-address.ts';
import {
  ChainedSymbols,
  DirectorySupplier,
  IndexCache,
  makeBucketSupplier,
  makeHttpSupplier,
  type SymbolModule,
  symbolKeyOf,
} from '../../src/symbols/symbols.ts';
import { SymBuilder } from '../builders/sym-builder.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const module: SymbolModule = {
  codeFile: 'C:\\app\\app.exe',
  codeId: '5ab380779000',
  debugFile: 'app.pdb',
  debugId: '3249D99D0C4049318610F4E4FB0B69361',
};
const key = symbolKeyOf(module)!;
const sym = new SymBuilder().module().func(0x10, 0x10, 'main').bytes();
const symPath = `/symbols/app.pdb/${module.debugId}/app.sym`;

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

async function serverOf(t: TestContext, answer: Answer): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/symbols`, requests };
}

function movableClock(): Clock & { offsetMs: number } {
  const clock = {
    offsetMs: 0,
    now: () => new Date(Date.now() + clock.offsetMs),
    monotonicMs: systemClock.monotonicMs,
    sleep: async () => {},
  };
  return clock;
}

function supplierOf(url: string, cacheDirectory: string, extra: Partial<Parameters<typeof makeHttpSupplier>[0]> = {}) {
  return makeHttpSupplier({
    url,
    cacheDirectory,
    clock: movableClock(),
    metrics: nullMetrics,
    allowPrivate: true,
    sizeBytesMax: 1024 * 1024,
    connectTimeoutMs: 2000,
    firstByteTimeoutMs: 300,
    downloadTimeoutMs: 800,
    attemptsMax: 1,
    ...extra,
  });
}

/** Every file below a directory that could be taken for a download. */
function downloads(directory: string): string[] {
  return fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.startsWith('downloads') && fs.statSync(path.join(directory, name)).isFile());
}

test('a download is kept whole with its url as last line, and asked for once', async (t) => {
  const directory = temporaryDirectory(t);
  const { url, requests } = await serverOf(t, (_request, response) => response.end(sym));
  const supplier = supplierOf(url.replace('http://', 'http://user:secret@'), directory);
  const answers = await Promise.all([1, 2, 3].map(() => supplier.find(key, module)));
  assert.deepEqual(new Set(answers.map(({ kind }) => kind)), new Set(['found']));
  assert.deepEqual(requests, [`${symPath}?code_file=C%3A%5Capp%5Capp.exe&code_id=5ab380779000`]);
  const [answer] = answers;
  assert.ok(answer?.kind === 'found');
  assert.equal(fs.readFileSync(answer.file.path, 'utf8'), `${sym}INFO URL ${url}/app.pdb/${module.debugId}/app.sym\n`);
  assert.equal(
    (await supplierOf(url.replace('http://', 'http://user:secret@'), directory).find(key, module)).kind,
    'found',
  );
  assert.equal(requests.length, 1, 'the next process finds the file');
});

test('credentials in the url are sent as basic authorization, never shown', async (t) => {
  const directory = temporaryDirectory(t);
  let authorization: string | undefined;
  const { url } = await serverOf(t, (request, response) => {
    authorization = request.headers.authorization;
    response.end(sym);
  });
  const supplier = supplierOf(url.replace('http://', 'http://user:s%40cret@'), directory);
  await supplier.find(key, module);
  assert.equal(authorization, `Basic ${Buffer.from('user:s@cret').toString('base64')}`);
  assert.doesNotMatch(supplier.id, /cret/);
});

test('gzip is unpacked, announced or not', async (t) => {
  for (const headers of [{ 'content-encoding': 'gzip' }, {}]) {
    const directory = temporaryDirectory(t);
    const { url } = await serverOf(t, (_request, response) => response.writeHead(200, headers).end(gzipSync(sym)));
    const answer = await supplierOf(url, directory).find(key, module);
    assert.ok(answer.kind === 'found');
    assert.match(fs.readFileSync(answer.file.path, 'utf8'), /^MODULE windows/);
  }
});

const bomb = gzipSync(Buffer.concat([sym, Buffer.alloc(8 * 1024 * 1024, 0x41)]));
const faults: readonly (readonly [name: string, kind: string, detail: RegExp | null, Answer])[] = [
  ['404', 'not_found', null, (_q, r) => r.writeHead(404).end('no')],
  ['410', 'not_found', null, (_q, r) => r.writeHead(410).end()],
  ['403', 'denied', /HTTP 403/, (_q, r) => r.writeHead(403).end()],
  ['401', 'denied', /HTTP 401/, (_q, r) => r.writeHead(401).end()],
  ['a web page', 'denied', /web page/, (_q, r) => r.end('<!DOCTYPE html><html>log in</html>\n')],
  ['429', 'unreachable', /HTTP 429/, (_q, r) => r.writeHead(429).end()],
  ['500', 'unreachable', /HTTP 500/, (_q, r) => r.writeHead(500).end()],
  ['no answer', 'unreachable', /took over 300 ms/, () => {}],
  [
    'a body that stops',
    'unreachable',
    /abort|timeout/i,
    (_q, r) => {
      r.writeHead(200, { 'content-length': '100000' });
      r.write(sym);
    },
  ],
  [
    'a reset connection',
    'unreachable',
    /aborted|hang up|ECONNRESET/,
    (_q, r) => {
      r.writeHead(200, { 'content-length': '100000' });
      r.write(sym, () => setTimeout(() => r.destroy(), 20));
    },
  ],
  ['gzip cut short', 'unreachable', /unexpected end/, (_q, r) => r.end(gzipSync(sym).subarray(0, -12))],
  [
    'an announced size over the limit',
    'too_large',
    /announces/,
    (_q, r) => r.writeHead(200, { 'content-length': '9999999' }).end(),
  ],
  ['a gzip bomb', 'too_large', /more than/, (_q, r) => r.end(bomb)],
  ['something else', 'malformed', /MODULE/, (_q, r) => r.end('hello\n')],
  ['an empty body', 'malformed', /MODULE/, (_q, r) => r.end()],
  [
    'another module',
    'malformed',
    /another module: id FFFF/,
    (_q, r) => r.end('MODULE windows x86 FFFFFFFFFF app.pdb\n'),
  ],
  ['a redirect loop', 'unreachable', /redirects/, (q, r) => r.writeHead(302, { location: q.url ?? '' }).end()],
  [
    'a redirect to a private address',
    'denied',
    /private/,
    (_q, r) => r.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
  ],
  [
    'a redirect to a mapped loopback',
    'denied',
    /private/,
    (_q, r) => r.writeHead(302, { location: 'http://[::ffff:127.0.0.1]:1/' }).end(),
  ],
  [
    'a redirect to a decimal host',
    'denied',
    /private/,
    (_q, r) => r.writeHead(302, { location: 'http://2130706433/' }).end(),
  ],
  [
    'a redirect to a name of the loopback',
    'denied',
    /private/,
    (_q, r) => r.writeHead(302, { location: 'http://localhost:1/' }).end(),
  ],
  ['a redirect to a file', 'denied', /private/, (_q, r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end()],
];

for (const [name, kind, detail, answer] of faults)
  test(`${name}: ${kind}, and nothing is left behind`, async (t) => {
    const directory = temporaryDirectory(t);
    const { url } = await serverOf(t, answer);
    const found = await supplierOf(url, directory).find(key, module);
    assert.equal(found.kind, kind);
    if (detail) assert.match((found as { detail: string }).detail, detail);
    assert.deepEqual(downloads(directory), []);
  });

test('a refused connection is unreachable', async (t) => {
  const found = await supplierOf('http://127.0.0.1:9/', temporaryDirectory(t)).find(key, module);
  assert.equal(found.kind, 'unreachable');
});

test('without leave for private addresses no connection is made, by number or by name', async (t) => {
  const { url, requests } = await serverOf(t, (_request, response) => response.end(sym));
  for (const address of [url, url.replace('127.0.0.1', 'localhost'), url.replace('127.0.0.1', '[::ffff:7f00:1]')]) {
    const found = await supplierOf(address, temporaryDirectory(t), { allowPrivate: false }).find(key, module);
    assert.equal(found.kind, 'denied', address);
  }
  assert.deepEqual(requests, []);
});

test('headers and credentials do not follow a redirect to another host', async (t) => {
  const seen: (string | undefined)[] = [];
  const target = await serverOf(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.end(sym);
  });
  const { url } = await serverOf(t, (_request, response) => response.writeHead(302, { location: target.url }).end());
  const found = await supplierOf(url, temporaryDirectory(t), { headers: { authorization: 'Bearer x' } }).find(
    key,
    module,
  );
  // Another port is another origin, and a private one: refused before a header could leak.
  assert.equal(found.kind, 'denied');
  assert.deepEqual(seen, []);
});

test('not found is believed for its time, by the next process too; an outage for 30 s, then doubling', async (t) => {
  const directory = temporaryDirectory(t);
  let status = 404;
  const { url, requests } = await serverOf(t, (_request, response) => response.writeHead(status).end());
  const clock = movableClock();
  const ask = () => supplierOf(url, directory, { clock }).find(key, module);
  await ask();
  clock.offsetMs += 23 * 3_600_000;
  assert.equal((await ask()).kind, 'not_found');
  assert.equal(requests.length, 1);
  clock.offsetMs += 2 * 3_600_000;
  status = 500;
  assert.equal((await ask()).kind, 'unreachable');
  assert.equal(requests.length, 2);
  for (const [waitMs, asked] of [
    [29_000, 2],
    [2_000, 3],
    [59_000, 3],
    [2_000, 4],
  ] as const) {
    clock.offsetMs += waitMs;
    await ask();
    assert.equal(requests.length, asked);
  }
  supplierOf(url, directory, { clock }).forget(key);
  await ask();
  assert.equal(requests.length, 5, 'forgotten on arrival');
});

test('an outage is tried three times; ten outages in a row give the source a rest', async (t) => {
  const directory = temporaryDirectory(t);
  const { url, requests } = await serverOf(t, (_request, response) => response.writeHead(503).end());
  const supplier = supplierOf(url, directory, { attemptsMax: 3 });
  const keyOf = (n: number) => symbolKeyOf({ ...module, debugId: `${n}`.padStart(33, '0') })!;
  await supplier.find(keyOf(0), module);
  assert.equal(requests.length, 3);
  for (let n = 1; n < 20; n++) await supplier.find(keyOf(n), module);
  assert.equal(requests.length, 30);
  assert.match(JSON.stringify(await supplier.find(keyOf(99), module)), /rests/);
});

test('an age of ten and more is asked in both cases of its letters', async (t) => {
  const directory = temporaryDirectory(t);
  const debugId = '3249D99D0C4049318610F4E4FB0B6936A';
  const body = new SymBuilder().module('app.pdb', debugId).bytes();
  const { url, requests } = await serverOf(t, (request, response) =>
    request.url?.includes('6936a') ? response.end(body) : response.writeHead(404).end(),
  );
  const found = await supplierOf(url, directory).find(symbolKeyOf({ ...module, debugId })!, module);
  assert.equal(found.kind, 'found');
  assert.equal(requests.length, 2);
});

test('a server with every path in lower case is asked so; presets are named', async (t) => {
  const { url, requests } = await serverOf(t, (_request, response) => response.end(sym));
  const found = await supplierOf(url, temporaryDirectory(t), { casing: 'lower' }).find(key, {
    ...module,
    codeFile: '',
    codeId: null,
  });
  assert.equal(found.kind, 'found');
  assert.deepEqual(requests, [symPath.toLowerCase()]);
  assert.deepEqual(presetOf('electron'), { url: 'https://symbols.electronjs.org/', casing: 'lower' });
  assert.deepEqual(presetOf('https://x.example/'), { url: 'https://x.example/' });
});

test('who stops waiting gets unknown at once; the search goes on for the others', async (t) => {
  const directory = temporaryDirectory(t);
  const { url, requests } = await serverOf(t, (_request, response) => setTimeout(() => response.end(sym), 100));
  const symbols = chain(directory, [supplierOf(url, directory)]);
  const [impatient, patient] = await Promise.all([
    symbols.symbolsFor(module, AbortSignal.timeout(10)),
    symbols.symbolsFor(module),
  ]);
  assert.equal(impatient.state, 'unknown');
  assert.equal(patient.state, 'loaded');
  assert.equal(requests.length, 1);
  symbols.close();
});

function chain(directory: string, suppliers: ConstructorParameters<typeof ChainedSymbols>[0]['suppliers']) {
  const indexes = new IndexCache({ directory, clock: systemClock, logger: nullLogger, metrics: nullMetrics });
  return new ChainedSymbols({ suppliers, indexes, logger: nullLogger, metrics: nullMetrics });
}

test('the chain: missing, unknown and corrupt are three answers; a good file later in the chain wins', async (t) => {
  const directory = temporaryDirectory(t);
  const emptyDirectory = new DirectorySupplier(path.join(directory, 'nothing'));
  const dead = supplierOf('http://127.0.0.1:9/', path.join(directory, 'dead'));
  const states = async (suppliers: Parameters<typeof chain>[1]) => {
    const symbols = chain(directory, suppliers);
    const found = await symbols.symbolsFor(module);
    symbols.close();
    return found;
  };
  assert.deepEqual(await states([emptyDirectory]), { state: 'missing' });
  assert.equal((await states([emptyDirectory, dead])).state, 'unknown');
  const foreign = path.join(directory, 'foreign', 'app.pdb', module.debugId!);
  fs.mkdirSync(foreign, { recursive: true });
  fs.writeFileSync(path.join(foreign, 'app.sym'), 'MODULE windows x86 FFFFFFFFFF app.pdb\nFUNC 0 10 0 wrong\n');
  const corrupt = new DirectorySupplier(path.join(directory, 'foreign'));
  const found = await states([corrupt, dead]);
  assert.equal(found.state, 'corrupt');
  assert.match((found as { detail: string }).detail, /another module/);
  const bucket = makeBucketSupplier(
    {
      open: async (name) => (name === `v1${symPath.replace('/symbols', '')}` ? streamOf(sym) : null),
    },
    {
      id: 'bucket',
      prefix: 'v1/',
      cacheDirectory: directory,
      clock: systemClock,
      metrics: nullMetrics,
      sizeBytesMax: 1e6,
      downloadTimeoutMs: 1000,
    },
  );
  const good = await states([corrupt, dead, bucket]);
  assert.equal(good.state, 'loaded');
});

test('a compiled index outlives its download; modules asked at once share one search', async (t) => {
  const directory = temporaryDirectory(t);
  const { url, requests } = await serverOf(t, (_request, response) => response.end(sym));
  const first = chain(directory, [supplierOf(url, directory)]);
  const found = await Promise.all([first.symbolsFor(module), first.symbolsFor(module)]);
  assert.equal(found[0], found[1]);
  first.close();
  fs.rmSync(path.join(directory, 'downloads'), { recursive: true });
  const second = chain(directory, [supplierOf(url, directory)]);
  const again = await second.symbolsFor(module);
  assert.ok(again.state === 'loaded');
  assert.equal(again.symbols.findFunction(0x10)?.name, 'main');
  assert.match(again.url ?? '', /app\.sym$/);
  assert.equal(requests.length, 1);
  second.close();
});

test('a module without a debug id, or with a hostile name, is missing without asking anybody', async (t) => {
  const directory = temporaryDirectory(t);
  const { url, requests } = await serverOf(t, (_request, response) => response.end(sym));
  const symbols = chain(directory, [supplierOf(url, directory)]);
  for (const change of [{ debugId: null }, { debugFile: '..' }, { debugId: '../../x' }])
    assert.deepEqual(await symbols.symbolsFor({ ...module, ...change }), { state: 'missing' });
  assert.deepEqual(requests, []);
});

test('addresses that are not public', () => {
  for (const address of [
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.169.254',
      '172.31.0.1',
      '192.168.1.1',
      '198.19.0.1',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:a00:1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      'fc00::1',
      'fe80::1%eth0',
      'ff02::1',
      '::7f00:1',
      'nonsense',
    ],
  ])
    assert.equal(isPublicAddress(address), false, address);
  for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])
    assert.equal(isPublicAddress(address), true, address);
});

async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
