// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { makeMemoryLogger } from '../../src/lib/log.ts';
import { makeServiceServer, type ServiceParts } from '../../src/processor/services.ts';
import { temporaryFolder } from '../services/temporary-folder.ts';
import { until } from '../services/until.ts';
import { plainSiglists, stackwalkOf, walkerOf } from './fakes.ts';

async function serving(
  extras: Partial<ServiceParts>,
  during: (url: string, tmpDir: string) => Promise<void>,
): Promise<void> {
  const tmpDir = temporaryFolder('services');
  const server = makeServiceServer({
    walker: walkerOf(stackwalkOf(['App::Crash(int)'])),
    siglists: () => plainSiglists,
    tmpDir,
    token: '',
    check: async () => {},
    version: { version: '1' },
    logger: makeMemoryLogger().logger,
    ...extras,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await during(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, tmpDir);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('health endpoints answer without a token', async () => {
  await serving({ token: 'secret' }, async (url) => {
    for (const [path, body] of [
      ['/__lbheartbeat__', {}],
      ['/__heartbeat__', { status: 'ok' }],
      ['/__version__', { version: '1' }],
    ] as const) {
      const response = await fetch(url + path);
      assert.equal(response.status, 200);
      assert.deepEqual(await response.json(), body);
    }
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
  });
});

test('a failing heartbeat is 503', async () => {
  const check = async () => {
    throw new Error('away');
  };
  await serving({ check }, async (url) => {
    const response = await fetch(`${url}/__heartbeat__`);
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as { status: string }).status, 'failing');
  });
});

test('a dump becomes its stackwalk document, a bad one its status, and no file is left', async () => {
  await serving({}, async (url, tmpDir) => {
    const response = await fetch(`${url}/v1/stackwalk`, { method: 'POST', body: 'MDMP' });
    assert.equal(response.status, 200);
    assert.equal(((await response.json()) as { status: string }).status, 'OK');
    assert.deepEqual(await readdir(tmpDir), []);
  });
  const walker = {
    name: 'w',
    version: '1',
    walk: async () => ({ output: null, exitCode: 1, log: 'ERROR BadHeader x\n' }),
  };
  await serving({ walker }, async (url, tmpDir) => {
    const response = await fetch(`${url}/v1/stackwalk`, { method: 'POST', body: 'nonsense' });
    assert.equal(response.status, 422);
    assert.deepEqual(await response.json(), { status: 'BadHeader', exit_code: 1 });
    assert.deepEqual(await readdir(tmpDir), []);
  });
});

test('a dump goes to disk as it comes in; one that is too large is refused, and no file is left', async () => {
  const walked: string[] = [];
  const walker = {
    name: 'w',
    version: '1',
    walk: async ({ dumpPath }: { dumpPath: string }) => {
      walked.push(await readFile(dumpPath, 'utf8'));
      return { output: Buffer.from('{"status": "OK"}'), exitCode: 0, log: '' };
    },
  };
  await serving({ walker }, async (url, tmpDir) => {
    const post = (count: number, chunk: string) => {
      const body = ReadableStream.from(
        (function* () {
          for (let number = 0; number < count; number++) yield Buffer.from(chunk);
        })(),
      );
      return fetch(`${url}/v1/stackwalk`, { method: 'POST', body, duplex: 'half' } as RequestInit);
    };
    assert.equal((await post(3, 'MDMP')).status, 200);
    assert.deepEqual(walked, ['MDMPMDMPMDMP']);
    // A server that answers early may close before the client has sent all: both are refusals.
    const status = await post(260, 'x'.repeat(2 ** 20)).then(
      (response) => response.status,
      () => 413,
    );
    assert.equal(status, 413);
    await until(async () => (await readdir(tmpDir)).length === 0);
    assert.equal(walked.length, 1);
  });
});

test('crash data becomes a signature with its explanation', async () => {
  await serving({}, async (url) => {
    const crashData = {
      crashing_thread: 0,
      threads: [{ frames: [{ function: 'malloc' }, { function: 'Foo::bar(int)' }] }],
    };
    const response = await fetch(`${url}/v1/signature`, { method: 'POST', body: JSON.stringify(crashData) });
    const answer = (await response.json()) as { signature: string; explanation: { frames: unknown[] } };
    assert.equal(answer.signature, 'malloc | Foo::bar');
    assert.equal(answer.explanation.frames.length, 2);
    for (const body of ['{', '[]', '{"x": 1}'])
      assert.equal((await fetch(`${url}/v1/signature`, { method: 'POST', body })).status, 400);
  });
});

test('with a token the services want it', async () => {
  await serving({ token: 'secret' }, async (url) => {
    const post = (headers: Record<string, string>) =>
      fetch(`${url}/v1/signature`, { method: 'POST', body: '{"threads": []}', headers });
    assert.equal((await post({})).status, 403);
    assert.equal((await post({ authorization: 'Bearer wrong' })).status, 403);
    assert.equal((await post({ authorization: 'Bearer secret' })).status, 200);
  });
});
