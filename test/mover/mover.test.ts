// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { CrashReport } from '../../src/crash/raw-crash.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { makeMemoryLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { checkAtStart } from '../../src/mover/check-at-start.ts';
import { type Mover, makeMover } from '../../src/mover/mover.ts';
import { queueErrors } from '../../src/queue/errors.ts';
import { NullQueue } from '../../src/queue/null-queue.ts';
import type { Spool } from '../../src/spool/spool.ts';
import { storageErrors } from '../../src/storage/errors.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { until } from '../services/until.ts';
import { MemoryDisk } from '../spool/memory-disk.ts';
import { bytesOf, commitReport, makeReport, openSpool, type TestReport } from '../spool/spool-kit.ts';

const { logger, records } = makeMemoryLogger();

/** A storage that can be broken, for all crashes or for one. */
class FaultyStorage extends MemoryStorage {
  fault: ((crashId: string) => unknown) | null = null;
  saves: string[] = [];

  override async check(): Promise<void> {
    const error = this.fault?.('check');
    if (error) throw error;
  }

  override async saveRawCrash(report: CrashReport): Promise<void> {
    this.saves.push(report.crashId);
    const error = this.fault?.(report.crashId);
    if (error) throw error;
    await super.saveRawCrash(report);
  }
}

class FaultyQueue extends NullQueue {
  fault: unknown = null;
  published: string[] = [];

  override async check(): Promise<void> {
    if (this.fault) throw this.fault;
  }

  override async publish(...args: Parameters<NullQueue['publish']>): Promise<void> {
    if (this.fault) throw this.fault;
    this.published.push(`${args[0]} ${args[1].crashId}`);
  }
}

interface Bench {
  readonly disk: MemoryDisk;
  readonly spool: Spool;
  readonly storage: FaultyStorage;
  readonly queue: FaultyQueue;
  readonly metrics: MemoryMetrics;
  readonly mover: Mover;
}

const open: Bench[] = [];
afterEach(async () => {
  for (const { mover, spool } of open.splice(0)) {
    await mover.drain(0);
    await spool.close();
  }
});

async function setUp(disk = new MemoryDisk()): Promise<Bench> {
  const spool = await openSpool({ files: disk, directory: '/spool', logger });
  const storage = new FaultyStorage();
  const queue = new FaultyQueue({ logger });
  const metrics = new MemoryMetrics();
  const options = { concurrency: 4, retryWaitMs: () => 30 };
  const mover = makeMover({ spool, storage, queue, clock: systemClock, logger, metrics, options });
  const bench = { disk, spool, storage, queue, metrics, mover };
  open.push(bench);
  return bench;
}

const isEmpty = ({ spool }: Bench) => spool.status().entryCount === 0;
const outage = () => new SalvageError(storageErrors.storage_outage, 'the store is away');

async function assertStored({ storage }: Bench, report: TestReport): Promise<void> {
  const { crashId } = report.head;
  assert.deepEqual(Buffer.from(await storage.getRawCrashJson(crashId)), report.head.rawCrashJson);
  const dump = await storage.getDump(crashId, 'upload_file_minidump');
  assert.ok((await bytesOf(dump.open())).equals(report.dump));
}

test('a crash is saved, then published, then gone; a deferred one is never published', async () => {
  const bench = await setUp();
  const reports = [makeReport(), makeReport({ isGzip: true, dumpBytes: 300_000 }), makeReport({ result: 'defer' })];
  for (const report of reports) await commitReport(bench.spool, report);
  await until(() => isEmpty(bench));
  for (const report of reports) await assertStored(bench, report);
  assert.deepEqual(
    bench.queue.published.toSorted(),
    reports
      .slice(0, 2)
      .map(({ head }) => `standard ${head.crashId}`)
      .sort(),
  );
  const counted = bench.metrics.records.filter(({ name }) => name === 'socorro.collector.crashmover.save_crash.count');
  assert.equal(counted.length, 3);
  for (const ending of ['crash_save.time', 'crash_publish.time', 'crash_handling.time'])
    assert.ok(
      bench.metrics.records.some(({ name }) => name === `socorro.collector.crashmover.${ending}`),
      ending,
    );
  const lines = records.map(({ message }) => message);
  assert.ok(lines.includes(`${reports[0]?.head.crashId} saved`));
  assert.ok(lines.includes(`${reports[0]?.head.crashId} published`));
});

test('an outage of the storage holds everything back; afterwards each crash is stored and published once', async () => {
  const bench = await setUp();
  bench.storage.fault = outage;
  const reports = Array.from({ length: 30 }, () => makeReport());
  for (const report of reports) await commitReport(bench.spool, report);
  await until(() => bench.mover.down.includes('storage'));
  const tries = bench.storage.saves.length;
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.ok(bench.storage.saves.length <= tries + 4, 'the crashes themselves are not the probe');
  assert.equal(bench.spool.status().entryCount, 30);
  bench.storage.fault = null;
  await until(() => isEmpty(bench));
  for (const report of reports) await assertStored(bench, report);
  assert.deepEqual(bench.queue.published.toSorted(), reports.map(({ head }) => `standard ${head.crashId}`).sort());
});

test('while the queue is down crashes are stored; later only the publishing is left, after a restart too', async () => {
  const first = await setUp();
  first.queue.fault = new SalvageError(queueErrors.queue_outage);
  const reports = Array.from({ length: 10 }, () => makeReport());
  for (const report of reports) await commitReport(first.spool, report);
  await until(() => first.mover.down.includes('queue') && new Set(first.storage.saves).size === 10);
  await until(() => first.storage.saves.length === 10);
  open.splice(0);
  await first.mover.drain(0);
  await first.spool.close();
  assert.equal(first.spool.status().entryCount, 10);
  const second = await setUp(first.disk);
  await until(() => isEmpty(second));
  assert.deepEqual(second.storage.saves, []);
  assert.deepEqual(second.queue.published.toSorted(), reports.map(({ head }) => `standard ${head.crashId}`).sort());
});

test('one crash that never saves stays, is tried again, and blocks nobody', async () => {
  const bench = await setUp();
  const poison = makeReport();
  bench.storage.fault = (crashId) => (crashId === poison.head.crashId ? new TypeError('cannot read this') : null);
  await commitReport(bench.spool, poison);
  const reports = Array.from({ length: 20 }, () => makeReport());
  for (const report of reports) await commitReport(bench.spool, report);
  await until(() => bench.spool.status().entryCount === 1);
  await until(() => bench.storage.saves.filter((crashId) => crashId === poison.head.crashId).length >= 3);
  assert.deepEqual(bench.mover.down, []);
  bench.storage.fault = null;
  await until(() => isEmpty(bench));
  await assertStored(bench, poison);
});

test('a body that is damaged on the disk is set aside and the rest moves on', async () => {
  const bench = await setUp();
  bench.storage.fault = outage;
  const [bad, good] = [makeReport(), makeReport()];
  await commitReport(bench.spool, bad);
  await commitReport(bench.spool, good);
  const segment = (await bench.disk.list('/spool/0')).find((name) => /^\d{13}-/.test(name));
  const log = bench.disk.bytesOf(`/spool/0/${segment}/log`);
  const at = log.indexOf(bad.dump);
  log[at] = (log[at] as number) ^ 1;
  bench.storage.fault = null;
  await until(() => isEmpty(bench));
  assert.equal(bench.spool.status().damagedCount, 1);
  await assertStored(bench, good);
});

test('a report that was answered after its head gets its dumps from the mover; a damaged one is kept with a note', async () => {
  const bench = await setUp();
  const part = (name: string, value: string, extra = '') =>
    `--x\r\nContent-Disposition: form-data; name="${name}"${extra}\r\n\r\n${value}\r\n`;
  const whole = `${part('ProductName', 'Test')}${part('upload_file_minidump', 'MDMP and more', '; filename="a.dmp"\r\nContent-Type: application/octet-stream')}--x--\r\n`;
  for (const [text, isGzip, dump] of [
    [whole, false, 'MDMP and more'],
    [whole, true, 'MDMP and more'],
    [whole.slice(0, whole.indexOf(' more')), false, 'MDMP and'],
  ] as const) {
    const plain = makeReport();
    const head = {
      ...plain.head,
      encoding: isGzip ? ('gzip' as const) : ('identity' as const),
      dumps: null,
      rawCrashJson: Buffer.from('{"ProductName": "Test", "metadata": {"collector_notes": []}, "version": 2}'),
    };
    const body = isGzip ? gzipSync(text) : Buffer.from(text);
    await commitReport(bench.spool, { ...plain, head, body });
    await until(() => isEmpty(bench));
    const stored = await bench.storage.getDump(head.crashId, 'upload_file_minidump');
    const bytes = String(await bytesOf(stored.open()));
    // Of a body that was cut off, the last bytes may have been the begin of a delimiter: they are left out.
    assert.ok(text === whole ? bytes === dump : bytes.length >= 4 && dump.startsWith(bytes), bytes);
    const rawCrash = JSON.parse(Buffer.from(await bench.storage.getRawCrashJson(head.crashId)).toString());
    assert.equal(Object.keys(rawCrash.metadata.dump_checksums).join(), 'upload_file_minidump');
    assert.equal(rawCrash.metadata.collector_notes.length, text === whole ? 0 : 1);
  }
});

test('draining ends when the spool is empty, and at once while a back end is down', async () => {
  const bench = await setUp();
  for (let index = 0; index < 20; index++) await commitReport(bench.spool, makeReport());
  await bench.mover.drain(5000);
  assert.ok(isEmpty(bench));
  const sick = await setUp();
  sick.storage.fault = outage;
  for (let index = 0; index < 5; index++) await commitReport(sick.spool, makeReport());
  await until(() => sick.mover.down.includes('storage'));
  const started = performance.now();
  await sick.mover.drain(60_000);
  assert.ok(performance.now() - started < 2000);
  assert.equal(sick.spool.status().entryCount, 5);
});

test('a drain tries once more what waits for its turn, and does not wait for what fails again', async () => {
  const bench = await setUp();
  const [well, ill] = [makeReport(), makeReport()];
  bench.storage.fault = outage;
  for (const report of [well, ill]) await commitReport(bench.spool, report);
  await until(() => bench.storage.saves.length >= 2);
  bench.storage.fault = (crashId) => (crashId === ill.head.crashId ? new Error('broken crash') : null);
  const started = performance.now();
  await bench.mover.drain(60_000);
  assert.ok(performance.now() - started < 5000);
  await assertStored(bench, well);
  assert.equal(bench.spool.status().entryCount, 1);
});

test('a drain does not wait for a back end that holds on to a crash', async () => {
  const bench = await setUp();
  bench.storage.saveRawCrash = () => new Promise(() => {});
  await commitReport(bench.spool, makeReport());
  await until(() =>
    bench.metrics.records.some(({ name, value }) => name.endsWith('crashmover.in_flight') && value > 0),
  );
  const started = performance.now();
  await bench.mover.drain(100);
  assert.ok(performance.now() - started < 10_000);
  assert.equal(bench.spool.status().entryCount, 1);
});

test('at start an outage is logged, a refusal or an unknown failure stops', async () => {
  const storage = new FaultyStorage();
  const queue = new FaultyQueue({ logger });
  const parts = { storage, queue, logger, clock: systemClock };
  await checkAtStart(parts);
  storage.fault = outage;
  await checkAtStart(parts);
  storage.fault = () => new SalvageError(storageErrors.storage_refused, 'no such bucket');
  await assert.rejects(checkAtStart(parts), { slug: 'storage_refused' });
  storage.fault = null;
  queue.fault = new SalvageError(queueErrors.queue_refused);
  await assert.rejects(checkAtStart(parts), { slug: 'queue_refused' });
  queue.fault = new TypeError('a bug');
  await assert.rejects(checkAtStart(parts), TypeError);
});

test('at start a storage that never answers is an outage', async () => {
  class SilentStorage extends MemoryStorage {
    override check(): Promise<void> {
      return new Promise(() => {});
    }
  }
  const clock = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 1000, signal) };
  await checkAtStart({ storage: new SilentStorage(), queue: new NullQueue({ logger }), logger, clock });
  assert.match(records.at(-1)?.message ?? '', /cannot be reached, crashes wait in the spool: .*no answer within 30 s/);
});
