// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { makeRuleThrottler } from '../../src/collector/throttler.ts';
import { rawCrashText } from './memory-spool.ts';
import { field, file, form, formType, frozenClock, post, startCollector } from './test-collector.ts';

const uuid = 'd00dfeed-1111-4222-8333-444455556666';
const supplied = '0c3f9a11-7b52-4e0d-9f64-a1b2c0240229';

/** Rules that give every verdict on demand. */
const throttler = makeRuleThrottler({
  name: 'test',
  rules: (['defer', 'reject', 'fakeaccept'] as const).map((result) => ({
    name: `by_${result}`,
    key: 'Verdict',
    matches: (value: string) => value === result,
    result,
  })),
});
const accepting = makeRuleThrottler({
  name: 'test',
  rules: [
    ...(['defer', 'reject', 'fakeaccept'] as const).map((result) => ({
      name: `by_${result}`,
      key: 'Verdict',
      matches: (value: string) => value === result,
      result,
    })),
    { name: 'by_default', key: '*', matches: () => true, result: 'accept' as const },
  ],
});

const clock = frozenClock('2011-09-06T00:00:00Z');
const idOf = (digit: number) => `${uuid.slice(0, 29)}${digit}110906`;

type ProfileName = 'today' | 'antenna-2018' | 'socorro-2016';
const profileNames: ProfileName[] = ['today', 'antenna-2018', 'socorro-2016'];

async function answered(profile: ProfileName, body: Buffer, headers = {}, path = '/submit', options = {}) {
  const collector = await startCollector(
    { profile, ...options },
    { throttler: accepting, clock, randomUuid: () => uuid },
  );
  try {
    const reply = await collector.send(post(body, headers, path));
    return { reply: [reply?.status, reply?.body, reply?.headers.get('content-type')], collector };
  } finally {
    await collector.stop();
  }
}

const verdictBody = (verdict: string) => form(field('ProductName', 'P'), field('Verdict', verdict));

// collector.md §1.9, one row an outcome, one column a profile.
const replies: [
  about: string,
  body: Buffer,
  headers: Record<string, string>,
  byProfile: Record<ProfileName, [number, string]>,
][] = [
  [
    'accepted',
    verdictBody('accept'),
    {},
    {
      today: [200, `CrashID=bp-${idOf(0)}\n`],
      'antenna-2018': [200, `CrashID=bp-${idOf(0)}\n`],
      'socorro-2016': [200, `CrashID=bp-${idOf(0)}\n`],
    },
  ],
  [
    'deferred',
    verdictBody('defer'),
    {},
    {
      today: [200, `CrashID=bp-${idOf(1)}\n`],
      'antenna-2018': [200, `CrashID=bp-${idOf(1)}\n`],
      'socorro-2016': [200, `CrashID=bp-${idOf(1)}\n`],
    },
  ],
  [
    'rejected',
    verdictBody('reject'),
    {},
    {
      today: [200, 'Discarded=rule_by_reject'],
      'antenna-2018': [200, 'Discarded=1'],
      'socorro-2016': [200, 'Discarded=1\n'],
    },
  ],
  [
    'fake accepted',
    verdictBody('fakeaccept'),
    {},
    {
      today: [200, `CrashID=bp-${idOf(3)}\n`],
      'antenna-2018': [200, `CrashID=bp-${idOf(3)}\n`],
      'socorro-2016': [200, 'Unsupported=1\n'],
    },
  ],
  [
    'no annotations',
    form(file('d', 'x')),
    {},
    {
      today: [400, 'Discarded=malformed_no_annotations'],
      'antenna-2018': [200, 'Discarded=1'],
      'socorro-2016': [400, 'Discarded=1\n'],
    },
  ],
  [
    'wrong type',
    form(field('A', '1')),
    { 'Content-Type': 'application/json' },
    {
      today: [400, 'Discarded=malformed_wrong_content_type'],
      'antenna-2018': [200, 'Discarded=1'],
      'socorro-2016': [400, 'Discarded=1\n'],
    },
  ],
  [
    'bad gzip',
    form(field('A', '1')),
    { 'Content-Encoding': 'gzip' },
    {
      today: [400, 'Discarded=malformed_bad_gzip'],
      'antenna-2018': [200, 'Discarded=1'],
      'socorro-2016': [400, 'Discarded=1\n'],
    },
  ],
  [
    'an id of its own without the token',
    form(field('A', '1'), field('uuid', supplied)),
    {},
    {
      today: [401, 'Discarded=unauthorized_uuid'],
      'antenna-2018': [200, `CrashID=bp-${idOf(0)}\n`],
      'socorro-2016': [200, `CrashID=bp-${idOf(0)}\n`],
    },
  ],
  [
    'an id of its own with the token',
    form(field('A', '1'), field('uuid', supplied)),
    { Authorization: 'Bearer t' },
    {
      today: [200, `CrashID=bp-${supplied}\n`],
      'antenna-2018': [200, `CrashID=bp-${supplied}\n`],
      'socorro-2016': [200, `CrashID=bp-${supplied}\n`],
    },
  ],
  [
    'a bad id of its own with the token',
    form(field('A', '1'), field('uuid', 'nope')),
    { Authorization: 'Bearer t' },
    {
      today: [400, 'Discarded=malformed_invalid_uuid'],
      'antenna-2018': [200, `CrashID=bp-${idOf(0)}\n`],
      'socorro-2016': [200, `CrashID=bp-${idOf(0)}\n`],
    },
  ],
];

for (const [about, body, headers, byProfile] of replies)
  for (const profile of profileNames)
    test(`reply: ${profile}: ${about}`, async () => {
      const { reply } = await answered(profile, body, headers, '/submit', { bearerToken: 't' });
      assert.deepEqual(reply, [...byProfile[profile], 'text/plain']);
    });

test('reply: the bare dialect gives 32 hex digits to whoever is sampled out, too', async () => {
  const bare = (digit: number) => idOf(digit).replaceAll('-', '');
  for (const [verdict, digit] of [
    ['accept', 0],
    ['defer', 1],
    ['reject', 2],
    ['fakeaccept', 3],
  ] as const) {
    const { reply, collector } = await answered('today', verdictBody(verdict), {}, '/submit/bare');
    assert.deepEqual(reply, [200, bare(digit), 'text/plain']);
    assert.equal(collector.spool.reports.length, digit < 2 ? 1 : 0);
  }
  const { reply } = await answered('today', form(), {}, '/submit/bare');
  assert.deepEqual(reply, [400, 'malformed_no_annotations', 'text/plain']);
  assert.match(bare(0), /^[0-9a-f]{32}$/);
});

test('reply: nothing decides: NO_MATCH is rejected', async () => {
  const collector = await startCollector({}, { throttler });
  const reply = await collector.send(post(form(field('A', '1'))));
  assert.equal(reply?.body, 'Discarded=rule_NO_MATCH');
  await collector.stop();
});

const reportBody = form(
  field('Version', '1'),
  field('ProductName', 'P'),
  field('Email', 'e@x'),
  field('timestamp', 'mine'),
  field('type_tag', 'mine'),
  field('dump_checksums', 'mine'),
  field('metadata', 'mine'),
  file('upload_file_minidump', 'abcd1234'),
);
const sha256 = 'e9cee71ab932fde863338d08be4de9dfe39ea049bdafb342ce659ec5450b69ae';

test('raw crash: the reference of collector.md §3', async () => {
  const body = form(field('ProductName', 'P'), field('Version', '1'), file('upload_file_minidump', 'abcd1234'));
  const { collector } = await answered('today', body);
  assert.equal(
    rawCrashText(collector.spool.reports[0]),
    `{"ProductName": "P", "Version": "1", "metadata": {"collector_notes": [], "dump_checksums": {"upload_file_minidump": "${sha256}"}, "payload": "multipart", "payload_compressed": "0", "payload_size": ${body.length}, "throttle_rule": "by_default", "user_agent": "None"}, "submitted_timestamp": "2011-09-06T00:00:00+00:00", "uuid": "${idOf(0)}", "version": 2}`,
  );
});

test('raw crash: today: removals are noted, other keys of the client pass', async () => {
  const { collector } = await answered('today', reportBody, { 'User-Agent': 'x/1' });
  const { metadata, ...rest } = JSON.parse(rawCrashText(collector.spool.reports[0]));
  assert.deepEqual(rest, {
    ProductName: 'P',
    Version: '1',
    dump_checksums: 'mine',
    submitted_timestamp: '2011-09-06T00:00:00+00:00',
    timestamp: 'mine',
    type_tag: 'mine',
    uuid: idOf(0),
    version: 2,
  });
  assert.deepEqual(metadata.collector_notes, ['Removed Email from raw crash.']);
  assert.equal(metadata.user_agent, 'x/1');
});

test('raw crash: antenna-2018: everything at the top, nothing removed', async () => {
  const { collector } = await answered('antenna-2018', reportBody);
  assert.equal(
    rawCrashText(collector.spool.reports[0]),
    `{"Email": "e@x", "MinidumpSha256Hash": "${sha256}", "ProductName": "P", "Version": "1", "dump_checksums": {"upload_file_minidump": "${sha256}"}, "legacy_processing": 0, "metadata": "mine", "submitted_timestamp": "2011-09-06T00:00:00+00:00", "throttle_rate": 100, "timestamp": 1315267200.0, "type_tag": "bp", "uuid": "${idOf(0)}"}`,
  );
});

test('raw crash: antenna-2018: without a minidump the hash is empty; deferred is legacy_processing 1', async () => {
  const { collector } = await answered('antenna-2018', verdictBody('defer'));
  const rawCrash = JSON.parse(rawCrashText(collector.spool.reports[0]));
  assert.deepEqual([rawCrash.MinidumpSha256Hash, rawCrash.legacy_processing, rawCrash.dump_checksums], ['', 1, {}]);
});

test('raw crash: socorro-2016: order of arrival, MD5', async () => {
  const { collector } = await answered('socorro-2016', reportBody);
  const md5 = createHash('md5').update('abcd1234').digest('hex');
  assert.equal(
    rawCrashText(collector.spool.reports[0]),
    `{"Version": "1", "ProductName": "P", "Email": "e@x", "metadata": "mine", "dump_checksums": {"upload_file_minidump": "${md5}"}, "submitted_timestamp": "2011-09-06T00:00:00+00:00", "timestamp": 1315267200.0, "uuid": "${idOf(0)}", "legacy_processing": 0, "throttle_rate": 100, "type_tag": "bp"}`,
  );
  assert.equal(collector.spool.reports[0]?.head.dumps?.[0]?.sha256, sha256, 'the spool always has SHA-256');
});

test('metrics: each profile has its names', async () => {
  const names = async (profile: ProfileName, verdict: string) => {
    const { collector } = await answered(profile, verdictBody(verdict));
    return collector.metrics.records.map(({ kind, name }) => `${kind} ${name}`);
  };
  const resource = 'socorro.collector.breakpad_resource';
  assert.deepEqual(await names('today', 'accept'), [
    `histogram ${resource}.crash_size`,
    `incr ${resource}.incoming_crash`,
    `incr ${resource}.throttle_rule`,
    `incr ${resource}.throttle`,
    `timing ${resource}.on_post.time`,
  ]);
  assert.deepEqual(await names('antenna-2018', 'reject'), [
    'histogram breakpad_resource.crash_size',
    'incr breakpad_resource.incoming_crash',
    'incr breakpad_resource.throttle_rule',
    'incr breakpad_resource.throttle',
    'timing breakpad_resource.on_post.time',
  ]);
  assert.deepEqual(await names('socorro-2016', 'reject'), [
    'histogram save_processed.crash_report_size_rejected_uncompressed',
  ]);
  const bad = await answered('antenna-2018', form(field('A', '1')), { 'Content-Encoding': 'gzip' });
  assert.ok(bad.collector.metrics.records.some(({ name }) => name === 'breakpad_resource.bad_gzipped_crash'));
});

test('body limit: 25 MiB today and 20 MiB before, exactly', async () => {
  const mib = 1024 * 1024;
  for (const [profile, limitBytes] of [
    ['today', 25 * mib],
    ['antenna-2018', 20 * mib],
  ] as const) {
    const head = Buffer.from(field('A', '1') + file('upload_file_minidump', '').slice(0, -2), 'latin1');
    const tail = Buffer.from(`\r\n${form().toString()}`);
    const body = (sizeBytes: number) =>
      Buffer.concat([head, Buffer.alloc(sizeBytes - head.length - tail.length, 'x'), tail]);
    assert.equal((await answered(profile, body(limitBytes))).reply[0], 200);
    assert.deepEqual((await answered(profile, body(limitBytes + 1))).reply.slice(0, 2), [
      413,
      'Discarded=payload_too_large',
    ]);
  }
});

test('types: multipart/mixed is taken as well', async () => {
  const { reply } = await answered('today', form(field('A', '1')), {
    'Content-Type': formType.replace('form-data', 'mixed'),
  });
  assert.equal(reply[0], 200);
});
