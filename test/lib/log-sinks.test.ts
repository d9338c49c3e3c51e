// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { SalvageError } from '../../src/lib/errors.ts';
import { makeUdpSyslogSink, mozlogLine, passesLevel, readableLine } from '../../src/lib/log-sinks.ts';
import { storageErrors } from '../../src/storage/errors.ts';

const origin = { hostname: 'node1', pid: 7, processName: 'collector' };
const now = new Date('2026-01-02T03:04:05.006Z');
const record = { level: 'info', logger: 'salvage.mover', message: 'ID saved', fields: {} } as const;

test('a mozlog line has the envelope that log pipelines expect', () => {
  assert.deepEqual(JSON.parse(mozlogLine(record, origin, now)), {
    Timestamp: 1767323045006000000,
    Type: 'salvage.mover',
    Logger: 'salvage',
    Hostname: 'node1',
    EnvVersion: '2.0',
    Severity: 6,
    Pid: 7,
    Fields: { host_id: 'node1', processname: 'collector', msg: 'ID saved' },
  });
  assert.match(mozlogLine(record, origin, now), /"Timestamp":1767323045006000000,/);
});

test('an error in the fields becomes slug, text and traceback', () => {
  const error = new SalvageError(storageErrors.storage_outage, 'no answer');
  const fields = JSON.parse(mozlogLine({ ...record, fields: { error } }, origin, now)).Fields;
  assert.equal(fields.slug, 'storage_outage');
  assert.equal(fields.error, 'no answer');
  assert.match(fields.traceback, /log-sinks\.test/);
});

test('nothing in the fields can stop a line: cycles, bigint, throwing getters', () => {
  const cycle: Record<string, unknown> = { n: 1n };
  cycle['self'] = cycle;
  assert.match(mozlogLine({ ...record, fields: { cycle } }, origin, now), /"n":"1"/);
  const thrower = Object.defineProperty({}, 'x', { enumerable: true, get: () => assert.fail('boom') });
  assert.match(mozlogLine({ ...record, fields: { thrower } }, origin, now), /unwritable log line/);
});

test('readable lines show level and time and disarm control characters', () => {
  const line = readableLine({ ...record, level: 'error', message: 'bad \x1b[2J name' }, now, false);
  assert.equal(line, '03:04:05 error: bad \ufffd[2J name');
});

test('levels', () => {
  assert.equal(passesLevel('error', 'info'), true);
  assert.equal(passesLevel('debug', 'info'), false);
});

test('the syslog sink sends one datagram a record with facility local0', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const { sink, close } = makeUdpSyslogSink({ host: '127.0.0.1', port: server.address().port }, (r) => r.message);
  sink({ ...record, level: 'warning' });
  const [message] = (await once(server, 'message')) as [Buffer];
  assert.equal(message.toString(), '<132>salvage: ID saved');
  close();
  server.close();
});
