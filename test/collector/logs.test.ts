// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { makeRuleThrottler } from '../../src/collector/throttler.ts';
import { field, file, form, post, startCollector, stopAll } from './test-collector.ts';

afterEach(stopAll);

const good = form(field('A', '1'), file('upload_file_minidump', 'MDMP'));

test('logs: every record of a request has its id, the begin of the crash id', async () => {
  const { send, logs } = await startCollector();
  const odd = form(field('A', '1'), file('log', 'x', 'text/html'));
  const crashId = /bp-(.{36})/.exec((await send(post(odd)))?.body ?? '')?.[1] as string;
  assert.deepEqual(
    logs.map(({ message }) => message),
    ['unknown content type: log text/html', `${crashId}: matched by accept_everything; returned ACCEPT`],
  );
  for (const { fields } of logs) assert.equal(String(fields['request_id']).slice(0, 28), crashId.slice(0, 28));
});

test('logs: the id that a proxy gave is used, unless it is hostile', async () => {
  const { send, logs } = await startCollector();
  await send(post(good, { 'X-Request-Id': '4f2a9c01e6b3' }));
  assert.equal(logs.at(-1)?.fields['request_id'], '4f2a9c01e6b3');
  for (const hostile of ['{"Severity":0}', 'a b', 'x'.repeat(129), '\xff']) {
    await send(post(good, { 'X-Request-Id': hostile }));
    assert.match(String(logs.at(-1)?.fields['request_id']), /^[0-9a-f-]{36}$/, hostile);
  }
});

test('logs: each refusal is one line with its slug and what the client calls itself', async () => {
  const { send, logs, spool } = await startCollector({ bodySizeBytesMax: 1000 });
  const agent = { 'User-Agent': 'Breakpad/1.0 (Windows)' };
  const refusalOf = async (body: Buffer, headers: Record<string, string> = {}) => {
    logs.length = 0;
    await send(post(body, { ...agent, ...headers }));
    const lines = logs.filter(({ logger }) => logger === 'salvage.collector.refused');
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.fields['user_agent'], 'Breakpad/1.0 (Windows)');
    const slug = String(lines[0]?.fields['slug']);
    assert.ok(lines[0]?.message.startsWith(`report refused, ${slug}: `));
    return `${lines[0]?.level} ${slug}`;
  };
  assert.equal(await refusalOf(good, { 'Content-Type': 'text/plain' }), 'info malformed_wrong_content_type');
  assert.equal(await refusalOf(Buffer.from('junk')), 'info malformed_invalid_payload_structure');
  assert.equal(await refusalOf(good, { 'Content-Encoding': 'gzip' }), 'info malformed_bad_gzip');
  assert.equal(await refusalOf(form(field('A', '1'), field('uuid', 'x'))), 'info unauthorized_uuid');
  assert.equal(await refusalOf(form(field('A', 'x'.repeat(2000)))), 'info payload_too_large');
  assert.equal(await refusalOf(good, { 'Content-Type': 'multipart/form-data; boundary=' }), 'info invalid_boundary');
  spool.retryAfterS = 30;
  assert.equal(await refusalOf(good), 'warning spool_full');
});

test('logs: a rule that fails is an error in the log, and the report is judged by the others', async () => {
  const matches = () => (undefined as unknown as string).includes('x');
  const throttler = makeRuleThrottler({
    name: 'own',
    rules: [
      { name: 'buggy', key: '*', matches, result: 'reject' },
      { name: 'rest', key: '*', matches: () => true, result: 'accept' },
    ],
  });
  const { send, logs } = await startCollector({}, { throttler });
  assert.equal((await send(post(good)))?.status, 200);
  const failures = logs.filter(({ level }) => level === 'error');
  assert.equal(failures.length, 1);
  assert.match(failures[0]?.message ?? '', /^a throttle rule failed and counts as not matching: buggy: TypeError: /);
});

test('logs: a report with a thousand odd parts does not flood the log', async () => {
  const { send, logs } = await startCollector();
  const files = Array.from({ length: 500 }, (_, index) => file(`f${index}`, '', 'text/html'));
  assert.equal((await send(post(form(field('A', '1'), ...files))))?.status, 200);
  assert.equal(logs.length, 22);
  assert.equal(logs[20]?.message, '480 more such notes are in the raw crash');
});
