// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { makeCollector } from '../../../src/collector/collector.ts';
import { makeThrottler } from '../../../src/collector/make-throttler.ts';
import { collectorOptions } from '../../../src/collector/options.ts';
import type { Throttler, ThrottleVerdict } from '../../../src/collector/throttler.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { SalvageError } from '../../../src/lib/errors.ts';
import { makeMemoryLogger } from '../../../src/lib/log.ts';
import { MemoryMetrics } from '../../../src/lib/metrics.ts';
import { defaultsOf } from '../../../src/lib/options.ts';
import { nullErrorReporter } from '../../../src/lib/sentry.ts';
import { spoolErrors } from '../../../src/spool/errors.ts';
import { dumpHashes, MemorySpool, rawCrashText } from '../../collector/memory-spool.ts';
import { exchange } from '../../collector/raw-http.ts';
import { frozenClock } from '../../collector/test-collector.ts';
import { deviations } from './deviations.ts';

interface Vector {
  readonly id: string;
  readonly about: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly random?: readonly number[];
  readonly now?: string;
  readonly request: { method: string; path: string; headers: Record<string, string>; body_base64: string };
  readonly expected: {
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly crashid_digit?: string;
    readonly crashid_date?: string;
    readonly stored: null | { raw_crash_text: string; dumps: Record<string, string>; dump_names: string[] };
    readonly metrics: readonly (readonly string[])[];
    readonly crash_size?: number;
    readonly logs: readonly (readonly [string, string, string])[];
    readonly throttle?: { result: string; rule: string; rate: number };
    readonly draws_used: number;
  };
  readonly compare?: 'status' | 'status+body';
  readonly reference_defect?: string;
}

const path = `${process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata'}/collector/vectors.jsonl`;
const vectors: Vector[] = readFileSync(path, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Vector);

/** All that can be compared of one answered request, in the vocabulary of the vectors. */
interface Seen {
  status: number;
  body: unknown;
  contentType: string | undefined;
  allow: string | undefined;
  stored: null | { rawCrash: string; dumps: Record<string, string> };
  digit: string | undefined;
  date: string | undefined;
  metrics: string[];
  crashSize: number | undefined;
  logs: string[];
  throttle: unknown;
  draws: number;
}

function optionsFor(vector: Vector) {
  const config = vector.config ?? {};
  const text = (name: string, missing: string) => String(config[name] ?? missing);
  return {
    ...defaultsOf(collectorOptions),
    bearerToken: text('BREAKPAD_STAGE_SUBMITTER_BEARER_TOKEN', ''),
    throttler: text('BREAKPAD_THROTTLER_RULES', 'antenna.throttler.MOZILLA_RULES'),
    products: [text('BREAKPAD_THROTTLER_PRODUCTS', 'default')],
  };
}

/** Remembers the last verdict, which is the one that counts. */
function spyOn(throttler: Throttler): { throttler: Throttler; last: () => ThrottleVerdict | undefined } {
  let last: ThrottleVerdict | undefined;
  return {
    throttler: {
      ...throttler,
      decide(annotations, draw, nowUs) {
        last = throttler.decide(annotations, draw, nowUs);
        return last;
      },
    },
    last: () => last,
  };
}

const loggerNames: Readonly<Record<string, string>> = {
  'salvage.collector': 'antenna.breakpad_resource',
  'salvage.throttler': 'antenna.throttler',
  'salvage.app': 'antenna.app',
};

async function answer(vector: Vector): Promise<Seen> {
  const options = optionsFor(vector);
  const spool = new MemorySpool();
  const metrics = new MemoryMetrics();
  const { logger, records } = makeMemoryLogger('salvage.collector');
  const spied = spyOn(await makeThrottler(options));
  let draws = 0;
  const collector = makeCollector({
    spool,
    throttler: spied.throttler,
    options,
    metrics,
    logger,
    clock: vector.now ? frozenClock(vector.now) : systemClock,
    randomUuid: () => 'd00dfeed-1111-4222-8333-444455556666',
    draws() {
      draws = 0;
      return () => vector.random?.[draws++] ?? assert.fail('no draw is due');
    },
    checks: [],
    versionJson: (vector.config?.['version_json'] as string | undefined) ?? null,
    errors: nullErrorReporter,
  });
  const { port } = await collector.start('127.0.0.1', 0);
  try {
    const { method, path, headers } = vector.request;
    const body = Buffer.from(vector.request.body_base64, 'base64');
    const reply =
      (await exchange(port, { method, path, headers: { Host: 'x', ...headers }, body })) ?? assert.fail('no answer');
    const isJson = reply.headers.get('content-type')?.includes('json') && reply.body !== '';
    const report = spool.reports[0];
    const ids = [/d00dfeed-1111-4222-8333-44445\d{7}/g, '<crashid>'] as const;
    const fresh = /d00dfeed-1111-4222-8333-44445(\d)(\d{6})/.exec(JSON.stringify([reply.body, records]));
    const verdict = spied.last();
    const hasPlainTime = vector.expected.stored?.raw_crash_text.includes('"submitted_timestamp": "2') ?? false;
    return {
      status: reply.status,
      body: isJson ? JSON.parse(reply.body) : reply.body.replace(...ids),
      contentType: reply.headers.get('content-type'),
      allow: reply.headers.get('allow'),
      stored: report
        ? {
            rawCrash: rawCrashText(report)
              .replace(/"uuid": "d00dfeed-[^"]*"/, '"uuid": "<uuid>"')
              .replace(/"submitted_timestamp": "[^"]*"/, (text) =>
                hasPlainTime ? text : '"submitted_timestamp": "<timestamp>"',
              ),
            dumps: dumpHashes(report),
          }
        : null,
      digit: fresh?.[1],
      date: fresh?.[2],
      metrics: metrics.records
        .filter(({ kind }) => kind !== 'timing' && kind !== 'gauge')
        .map(({ kind, name, tags }) => [kind, name, ...Object.entries(tags).map((tag) => tag.join(':'))].join(' ')),
      crashSize: metrics.records.find(({ name }) => name.endsWith('.crash_size'))?.value,
      logs: records
        .filter(({ logger }) => logger !== 'salvage.collector.refused')
        .map(({ level, logger, message }) => `${level} ${loggerNames[logger] ?? logger} ${message.replace(...ids)}`),
      throttle: verdict && { result: verdict.result.toUpperCase(), rule: verdict.rule, rate: verdict.rate },
      draws,
    };
  } finally {
    await collector.drain(0);
  }
}

/** Antenna saves and publishes within the request; here that is the mover's, which has its own tests. */
const isMovers = (text: string) => /crashmover|no-op|^info antenna\.ext/.test(text);

function wanted(vector: Vector): Seen {
  const { expected } = vector;
  const isJson = expected.headers['content-type']?.includes('json') && expected.body !== '';
  const isFreshShown = expected.crashid_digit !== undefined;
  return {
    status: expected.status,
    body: isJson ? JSON.parse(expected.body) : expected.body,
    contentType: expected.headers['content-type'],
    allow: expected.headers['allow'],
    stored: expected.stored && { rawCrash: expected.stored.raw_crash_text, dumps: expected.stored.dumps },
    digit: isFreshShown ? expected.crashid_digit : undefined,
    date: expected.crashid_date,
    metrics: expected.metrics
      .filter(([kind]) => kind !== 'timing')
      .map((metric) => metric.join(' '))
      .filter((text) => !isMovers(text)),
    crashSize: expected.crash_size,
    logs: expected.logs.map((line) => line.join(' ')).filter((text) => !isMovers(text)),
    throttle: expected.throttle,
    draws: expected.draws_used,
  };
}

/** Leaves out what a vector says does not count, or what the seen has more of than a vector shows. */
function comparable(seen: Seen, vector: Vector): Partial<Seen> {
  if (vector.compare === 'status') return { status: seen.status };
  const { contentType, allow, ...rest } = seen;
  const shown: Partial<Seen> = vector.compare === 'status+body' ? rest : { ...rest, contentType, allow };
  if (vector.expected.crashid_digit === undefined) delete shown.digit;
  if (vector.expected.crashid_date === undefined) delete shown.date;
  if (vector.expected.throttle === undefined) delete shown.throttle;
  return shown;
}

for (const vector of vectors)
  test(`vector ${vector.id}: ${vector.about}`, async () => {
    const seen = await answer(vector);
    const expected = comparable(wanted(vector), vector);
    const deviation = deviations[vector.id];
    if (!deviation) {
      assert.deepEqual(comparable(seen, vector), expected);
      return;
    }
    assert.notDeepEqual(comparable(seen, vector), expected, 'no deviation any more: take it out of the list');
    const { status, body, stored } = seen;
    const rawCrash = stored && JSON.parse(stored.rawCrash);
    assert.equal(status, deviation.status);
    assert.equal(typeof body === 'string' ? body : JSON.stringify(body), deviation.body ?? 'CrashID=bp-<crashid>\n');
    for (const [key, value] of Object.entries(deviation.rawCrash ?? {})) assert.deepEqual(rawCrash?.[key], value, key);
    if (deviation.notes) assert.deepEqual(rawCrash?.metadata.collector_notes, deviation.notes);
    if (deviation.dumps) assert.deepEqual(Object.keys(stored?.dumps ?? {}), deviation.dumps);
    if (stored) assert.deepEqual(rawCrash.metadata.dump_checksums, stored.dumps);
  });

test('every deviation has its vector, and its reason in docs/differences.md', () => {
  const ids = new Set(vectors.map((vector) => vector.id));
  const page = readFileSync('docs/differences.md', 'utf8');
  for (const id of Object.keys(deviations)) {
    assert.ok(ids.has(id), `${id}: no such vector`);
    assert.ok(page.includes(`\`${id}\``), `${id}: not in docs/differences.md`);
  }
});

test('a spool that fails is answered as a storage that fails: 500, empty, nothing stored', async () => {
  const spool = new MemorySpool();
  spool.commitError = new SalvageError(spoolErrors.spool_failed);
  const { logger } = makeMemoryLogger();
  const options = { ...defaultsOf(collectorOptions), throttler: 'accept-all' };
  const collector = makeCollector({
    spool,
    throttler: await makeThrottler(options),
    options,
    metrics: new MemoryMetrics(),
    logger,
    clock: systemClock,
    randomUuid: () => 'd00dfeed-1111-4222-8333-444455556666',
    checks: [],
    versionJson: null,
    errors: nullErrorReporter,
  });
  const { port } = await collector.start('127.0.0.1', 0);
  after(() => collector.drain(0));
  const vector = vectors.find(({ id }) => id === 'faults-002') as Vector;
  const reply = await exchange(port, {
    headers: { Host: 'x', ...vector.request.headers },
    body: Buffer.from(vector.request.body_base64, 'base64'),
  });
  assert.deepEqual(
    [reply?.status, reply?.body, reply?.headers.get('content-type')],
    [vector.expected.status, vector.expected.body, 'text/plain'],
  );
});
