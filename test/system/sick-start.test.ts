// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `salvage collector` whose storage or queue is away, or silent, from the start: intake opens all the same.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { launchCollector, startCollector, submitReport } from './collector-command.ts';

const silentSockets = new Set<Socket>();
/** Takes connections and never answers: the worst kind of outage. */
const silent = createServer((socket) => {
  silentSockets.add(socket);
  socket.on('error', () => {}).resume();
}).listen(0, '127.0.0.1');
await once(silent, 'listening');
const silentAddress = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
after(() => {
  silent.close();
  for (const socket of silentSockets) socket.destroy();
});

const s3 = {
  SALVAGE_STORAGE_CLASS: 's3',
  SALVAGE_STORAGE_S3_BUCKET: 'crashes',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
};

const sickBackEnds: Readonly<Record<string, Record<string, string>>> = {
  'a storage that never answers': { ...s3, SALVAGE_STORAGE_S3_ENDPOINT: `http://${silentAddress}` },
  'a database that refuses connections': {
    SALVAGE_QUEUE_CLASS: 'postgres',
    DATABASE_URL: 'postgres://user:word@127.0.0.1:1/salvage',
  },
  'a database that never answers': {
    SALVAGE_QUEUE_CLASS: 'postgres',
    DATABASE_URL: `postgres://user:word@${silentAddress}/salvage`,
  },
  'a broker that refuses connections': { SALVAGE_QUEUE_CLASS: 'rabbitmq', SALVAGE_RABBITMQ_URL: 'amqp://127.0.0.1:1' },
  'a broker that never answers': {
    SALVAGE_QUEUE_CLASS: 'rabbitmq',
    SALVAGE_RABBITMQ_URL: `amqp://${silentAddress}`,
  },
};

for (const [name, settings] of Object.entries(sickBackEnds))
  test(`intake opens and spools beside ${name}`, async () => {
    const node = await startCollector(settings);
    const crashId = await submitReport(node.port);
    const heartbeat = await fetch(`http://127.0.0.1:${node.port}/__heartbeat__`);
    assert.equal(heartbeat.status, 503);
    assert.equal((await fetch(`http://127.0.0.1:${node.port}/__lbheartbeat__`)).status, 200);
    assert.match(node.text(), /crashes wait in the spool/);
    assert.equal(await node.stop(), 0);
    assert.ok(!node.text().includes('word@'), 'the password is a secret');

    // The next start has a storage and a queue: what waited goes there.
    const later = await startCollector({ SALVAGE_STORAGE_CLASS: 'fs', SALVAGE_QUEUE_CLASS: 'file' }, node.dataDir);
    await later.waitFor(new RegExp(`${crashId} published`));
    assert.equal(await later.stop(), 0);
  });

test('a storage that refuses for good stops the start, with the remedy', async () => {
  const node = launchCollector({ SALVAGE_STORAGE_CLASS: 's3' });
  assert.deepEqual(await node.ended, [1, null]);
  assert.match(node.text(), /Unhandled startup exception: .*the S3 storage needs a bucket/);
});
