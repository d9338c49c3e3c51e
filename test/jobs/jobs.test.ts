// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { makeJobs } from '../../src/jobs/all-jobs.ts';
import type { Job } from '../../src/jobs/job.ts';
import { JobStore } from '../../src/jobs/job-store.ts';
import { jobOptions } from '../../src/jobs/options.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { defaultsOf } from '../../src/lib/options.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import { PostgresMissingSymbols } from '../../src/search/postgres-missing-symbols.ts';
import { PostgresSearch } from '../../src/search/postgres-search.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { inventReport, randomUuid, seededRandom } from '../builders/report-builder.ts';
import { testDatabase } from '../services/postgres.ts';

describe('scheduled jobs', async () => {
  const { pool } = await testDatabase();
  let nowMs = Date.parse('2026-11-10T12:00:00Z');
  const clock = { ...systemClock, now: () => new Date(nowMs) };
  const metrics = new MemoryMetrics();
  const store = new JobStore({ pool, clock, metrics });
  const signal = new AbortController().signal;
  const run = (job: Job, isForced = false) => store.run(job, { isForced, signal });
  const counting = (name: string, action: () => Promise<string>): Job => ({
    name,
    description: '',
    everyMs: 3_600_000,
    run: action,
  });

  test('a job runs when due, then not until its time, or when forced', async () => {
    let runs = 0;
    const job = counting('hourly', async () => `run ${++runs}`);
    assert.deepEqual(await run(job), { kind: 'done', result: 'run 1' });
    assert.deepEqual(await run(job), { kind: 'not due' });
    assert.deepEqual(await run(job, true), { kind: 'done', result: 'run 2' });
    nowMs += 3_600_001;
    assert.deepEqual(await run(job), { kind: 'done', result: 'run 3' });
    assert.equal((await store.records()).find(({ name }) => name === 'hourly')?.lastResult, 'run 3');
  });

  test('one process at a time', async () => {
    const running = Promise.withResolvers<string>();
    const started = Promise.withResolvers<void>();
    const job = counting('slow', () => {
      started.resolve();
      return running.promise;
    });
    const first = run(job);
    await started.promise;
    assert.deepEqual(await run(job, true), { kind: 'busy' });
    running.resolve('ok');
    assert.equal((await first).kind, 'done');
  });

  test('a failure is counted, kept and tried again after ten minutes', async () => {
    const job = { ...counting('failing', () => Promise.reject(new Error('no disk'))), everyMs: 86_400_000 };
    assert.equal((await run(job)).kind, 'failed');
    nowMs += 600_001;
    assert.equal((await run(job)).kind, 'failed');
    const record = (await store.records()).find(({ name }) => name === 'failing');
    assert.deepEqual(
      [record?.consecutiveErrors, record?.lastError, record?.lastSuccessAt],
      [2, 'Error: no disk', null],
    );
  });

  test('the jobs of a site: partitions, retention, audit, missing symbols, clean-up', async () => {
    const storage = new MemoryStorage();
    const queue = new MemoryQueue({ clock, logger: nullLogger });
    const search = new PostgresSearch({ pool });
    const files = new Map<string, string>();
    const random = seededRandom(9);
    const options = defaultsOf(jobOptions);
    const jobs = new Map(
      makeJobs({
        pool,
        partitions: search.partitions,
        storage,
        queue,
        options,
        retention: { rule: { daysMax: null, bytesMax: null }, disk: null },
        clock,
        logger: nullLogger,
        metrics,
        writeExport: async (name, text) => void files.set(name, text),
      }).map((job) => [job.name, job]),
    );
    const result = async (name: string) => (jobs.get(name) as Job).run(signal);

    const old = {
      random,
      from: new Date('2026-01-05T00:00:00Z'),
      to: new Date('2026-01-06T00:00:00Z'),
      signatureCount: 1,
    };
    await search.indexReports([inventReport(old)]);
    assert.equal(await result('partitions'), 'five weeks ready');
    assert.equal(await result('search-retention'), 'dropped reports_p20260105');

    const yesterday = new Date(nowMs - 86_400_000);
    const save = (digit: number, submittedAt: Date) => {
      const crashId = makeCrashId(randomUuid(random), digit, submittedAt);
      const rawCrash = { submitted_timestamp: submittedAt.toISOString() };
      return storage
        .saveRawCrash({ crashId, rawCrash, rawCrashJson: Buffer.from(JSON.stringify(rawCrash)), dumps: [] })
        .then(() => crashId);
    };
    const lost = await save(0, yesterday);
    await save(1, yesterday);
    await save(0, new Date(nowMs - 60_000));
    const processed = await save(0, yesterday);
    await storage.saveProcessedCrash(processed, {});
    assert.equal(await result('audit'), '1 of 4 crashes lacked a processed crash');
    assert.deepEqual((await queue.depths()).find((depth) => depth.queue === 'reprocessing')?.waiting, 1);
    for await (const message of queue.consume({ prefetch: 1, signal: AbortSignal.timeout(5000) })) {
      assert.equal(message.crashId, lost);
      await message.ack();
      break;
    }

    const poison = await save(0, yesterday);
    await queue.publish('standard', { crashId: poison });
    for await (const message of queue.consume({ prefetch: 1, signal: AbortSignal.timeout(5000) })) {
      await message.bury('poison');
      break;
    }
    await storage.saveProcessedCrash(lost, {});
    assert.equal(await result('audit'), '0 of 5 crashes lacked a processed crash; 1 more are set aside');
    assert.deepEqual((await queue.depths()).find((depth) => depth.queue === 'reprocessing')?.waiting, 0);

    const missing = new PostgresMissingSymbols(pool);
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const module = { debugFile: 'a "b".pdb', debugId: 'AB1', codeFile: 'a.dll', codeId: '5f' };
    await missing.record(lost, today, [module, { ...module, debugFile: 'z\0.so' }]);
    await missing.record(lost, today, [module]);
    await missing.record(processed, today, [module]);
    assert.equal(await result('missing-symbols'), '2 modules lack symbols');
    assert.equal(
      files.get('missing-symbols.csv'),
      'debug_file,debug_id,code_file,code_id\n"a ""b"".pdb",AB1,a.dll,5f\nz.so,AB1,a.dll,5f\n',
    );

    assert.match(await result('clean-up'), /^removed 0 sessions, 0 links, 0 audit rows$/);
  });
});
