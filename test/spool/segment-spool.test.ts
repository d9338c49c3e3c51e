// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nodeFiles } from '../../src/lib/files.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { fsError, MemoryDisk } from './memory-disk.ts';
import { allEntries, bytesOf, commitReport, holds, makeReport, openSpool, takeEntries } from './spool-kit.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-spool-'));
after(() => rm(root, { recursive: true, force: true }));

test('reports of every size and encoding come back, oldest first, before and after a restart', async () => {
  const directory = join(root, 'sizes');
  let spool = await openSpool({ files: nodeFiles, directory, options: { inlineBodyBytesMax: 100_000 } });
  const reports = [0, 1, 1000, 99_000, 150_000, 700_000].flatMap((dumpBytes) => [
    makeReport({ dumpBytes }),
    makeReport({ dumpBytes, isGzip: true }),
  ]);
  for (const report of reports) await commitReport(spool, report);
  const first = await takeEntries(spool, 4);
  for (const [index, entry] of first.entries()) assert.ok(await holds(entry, reports[index] as never));
  await first[0]?.remove();
  await first[1]?.noteStep('saved');
  await spool.close();

  spool = await openSpool({ files: nodeFiles, directory });
  assert.equal(spool.status().entryCount, reports.length - 1);
  const again = await takeEntries(spool, reports.length - 1);
  for (const [index, entry] of again.entries())
    assert.ok(await holds(entry, reports[index + 1] as never), String(index));
  assert.deepEqual([...(again[0]?.doneSteps ?? [])], ['saved']);
  for (const entry of again) await entry.remove();
  assert.deepEqual(spool.status(), { entryCount: 0, sizeBytes: 0, oldestAgeS: null, damagedCount: 0 });
  await spool.close();
  assert.deepEqual(await readdir(join(directory, '0')), ['staging']);
});

test('commits that come together share a sync', async () => {
  const disk = new MemoryDisk();
  const metrics = new MemoryMetrics();
  const spool = await openSpool({ files: disk, directory: '/spool', metrics });
  await commitReport(spool, makeReport());
  const before = disk.syncs.length;
  await Promise.all(Array.from({ length: 40 }, () => commitReport(spool, makeReport())));
  assert.ok(disk.syncs.length - before <= 3, `${disk.syncs.length - before} syncs`);
  await spool.close();
});

test('a directory that refuses is followed by the fallback, with the very same bytes; both read back', async () => {
  for (const failing of ['write', 'sync', 'open-create', 'rename'] as const) {
    const disk = new MemoryDisk();
    const metrics = new MemoryMetrics();
    const options = { inlineBodyBytesMax: 3000 };
    const open = () =>
      openSpool({ files: disk, directory: '/spool', fallbackDirectory: '/fallback', options, metrics });
    let spool = await open();
    const before = makeReport();
    await commitReport(spool, before);
    disk.beforeCall = (call, path) => {
      if (call === failing && path.startsWith('/spool')) throw fsError('ENOSPC', path);
    };
    const reports = [makeReport(), makeReport({ dumpBytes: 900_000 }), makeReport({ isGzip: true })];
    for (const report of reports) await commitReport(spool, report);
    disk.beforeCall = null;
    await spool.close();
    spool = await open();
    const entries = await allEntries(spool);
    for (const report of [before, ...reports])
      assert.ok(await holds(entries.get(report.head.crashId) as never, report), failing);
    await spool.close();
  }
});

test('when no directory takes a report the client is told, and nothing of it is found later', async () => {
  const disk = new MemoryDisk();
  const metrics = new MemoryMetrics();
  let spool = await openSpool({ files: disk, directory: '/spool', metrics, options: { inlineBodyBytesMax: 3000 } });
  for (const [code, slug] of [
    ['ENOSPC', 'spool_full'],
    ['EIO', 'spool_failed'],
  ] as const) {
    for (const dumpBytes of [100, 900_000]) {
      disk.beforeCall = (call, path) => {
        if (call === 'write' || call === 'sync') throw fsError(code, path);
      };
      await assert.rejects(commitReport(spool, makeReport({ dumpBytes })), { slug });
      assert.equal(typeof spool.refuses(1000), 'number');
      await assert.rejects(spool.check(), { slug });
      disk.beforeCall = null;
    }
  }
  const kept = makeReport();
  await commitReport(spool, kept);
  assert.ok(metrics.records.some(({ name, tags }) => name.endsWith('failed.count') && tags['reason'] === 'spool_full'));
  await spool.close();
  spool = await openSpool({ files: disk, directory: '/spool' });
  assert.deepEqual([...(await allEntries(spool)).keys()], [kept.head.crashId]);
  await spool.close();
});

test('a report is refused before its body when the disk or the configured size cannot take it', async () => {
  const disk = new MemoryDisk();
  disk.freeSpace = 10_000_000;
  const options = { freeBytesMin: 1_000_000, sizeBytesMax: 0 };
  const spool = await openSpool({ files: disk, directory: '/spool', options });
  assert.equal(spool.refuses(8_000_000), null);
  assert.equal(spool.refuses(9_500_000), 30);
  assert.equal(spool.refuses(null), null);
  await spool.close();
  assert.equal(spool.refuses(1), 30);
  const small = await openSpool({ files: new MemoryDisk(), directory: '/spool', options: { sizeBytesMax: 2000 } });
  assert.equal(small.refuses(500), null);
  await commitReport(small, makeReport({ dumpBytes: 1500 }));
  assert.equal(small.refuses(500), 30);
  await small.close();
});

test('memory stays within the budget however many bodies come at once', async () => {
  const metrics = new MemoryMetrics();
  const options = { memoryBytesMax: 1_000_000, inlineBodyBytesMax: 500_000 };
  const directory = join(root, 'budget');
  const spool = await openSpool({ files: nodeFiles, directory, metrics, options });
  const reports = Array.from({ length: 12 }, () => makeReport({ dumpBytes: 400_000 }));
  const stages = reports.map(() => spool.stage());
  for (let at = 0; at < 400_100; at += 64 * 1024)
    await Promise.all(reports.map((report, index) => stages[index]?.write(report.body.subarray(at, at + 64 * 1024))));
  const inFiles = (await readdir(join(directory, '0', 'staging'))).length;
  assert.ok(inFiles >= 9, `${inFiles} of 12 bodies went to files`);
  await Promise.all(reports.map((report, index) => stages[index]?.commit(report.head)));
  const entries = await allEntries(spool);
  for (const report of reports) assert.ok(await holds(entries.get(report.head.crashId) as never, report));
  await spool.close();
});

test('an aborted stage leaves nothing behind', async () => {
  const directory = join(root, 'aborted');
  const spool = await openSpool({ files: nodeFiles, directory, options: { inlineBodyBytesMax: 1000 } });
  for (const size of [10, 100_000]) {
    const stage = spool.stage();
    await stage.write(Buffer.alloc(size));
    await stage.abort();
    await stage.abort();
  }
  assert.deepEqual(await readdir(join(directory, '0', 'staging')), []);
  assert.equal(spool.status().entryCount, 0);
  await spool.close();
});

test('a client’s retry is known, also after a restart, for a day and not by hostile keys', async () => {
  const directory = join(root, 'known');
  let spool = await openSpool({ files: nodeFiles, directory });
  const report = makeReport({ reportKey: 'a.dmp "é\n' });
  const hostile = makeReport({ reportKey: 'x'.repeat(10_000) });
  await commitReport(spool, report);
  await commitReport(spool, hostile);
  assert.equal(spool.knownReport('a.dmp "é\n'), report.head.crashId);
  assert.equal(spool.knownReport('__proto__'), undefined);
  assert.equal(spool.knownReport('x'.repeat(10_000)), undefined);
  await spool.close();
  spool = await openSpool({ files: nodeFiles, directory });
  assert.equal(spool.knownReport('a.dmp "é\n'), report.head.crashId);
  await spool.close();
});

test('an entry that is given back comes again, after its time or when the back end works again', async () => {
  const spool = await openSpool({ files: new MemoryDisk(), directory: '/spool' });
  const reports = [makeReport(), makeReport()];
  for (const report of reports) await commitReport(spool, report);
  const [first, second] = await takeEntries(spool, 2);
  first?.release(60_000);
  second?.release(0);
  const [again] = await takeEntries(spool, 1);
  assert.equal(again?.head.crashId, reports[1]?.head.crashId);
  spool.retryReleased();
  const [other] = await takeEntries(spool, 1);
  assert.ok(await holds(other as never, reports[0] as never));
  assert.equal(spool.status().entryCount, 2);
  await spool.close();
});

test('each process owns a numbered directory; one without an owner is adopted', { timeout: 60_000 }, async () => {
  const directory = join(root, 'slots');
  const report = makeReport();
  // A real process that takes slot 0, accepts one crash and is killed.
  const script = `
    import { openSpool, commitReport, makeReport } from ${JSON.stringify(import.meta.resolve('./spool-kit.ts'))};
    import { nodeFiles } from ${JSON.stringify(import.meta.resolve('../../src/lib/files.ts'))};
    const first = await openSpool({ files: nodeFiles, directory: ${JSON.stringify(directory)} });
    const second = await openSpool({ files: nodeFiles, directory: ${JSON.stringify(directory)} });
    await commitReport(second, makeReport());
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(child.signal, 'SIGKILL', child.stderr);
  assert.deepEqual((await readdir(directory)).sort(), ['0', '1']);
  const spool = await openSpool({ files: nodeFiles, directory });
  await commitReport(spool, report);
  const entries = await takeEntries(spool, 2, 30_000);
  assert.ok(entries.some((entry) => entry.head.crashId === report.head.crashId));
  for (const entry of entries) {
    await bytesOf(entry.openBody());
    await entry.remove();
  }
  await spool.close();
});

test('a mover that is behind gets every report whole and in order, from memory and from the log', async () => {
  const spool = await openSpool({ files: nodeFiles, directory: join(root, 'behind') });
  const reports = Array.from({ length: 60 }, (_, index) => makeReport({ dumpBytes: 400_000, isGzip: index % 2 === 0 }));
  for (const report of reports) await commitReport(spool, report);
  const entries = await takeEntries(spool, reports.length);
  for (const [index, entry] of entries.entries()) assert.ok(await holds(entry, reports[index] as never), String(index));
  entries[0]?.release(0);
  const [again] = await takeEntries(spool, 1);
  assert.ok(again && (await holds(again, reports[0] as never)), 'given back, it is read from the log');
  for (const entry of [again, ...entries.slice(1)]) await entry.remove();
  assert.equal(spool.status().entryCount, 0);
  await spool.close();
});

test('what is still being read of an entry stays whole after it went, whatever comes meanwhile', async () => {
  const spool = await openSpool({ files: nodeFiles, directory: join(root, 'read-on') });
  for (const leave of ['remove', 'release'] as const) {
    for (const isGzip of [false, true]) {
      const report = makeReport({ dumpBytes: 300_000, isGzip });
      await commitReport(spool, report);
      const [entry] = await takeEntries(spool, 1);
      const dump = entry?.dumps[0]?.open()[Symbol.asyncIterator]();
      const first = await dump?.next();
      const pieces: Uint8Array[] = [first?.value as Uint8Array];
      if (leave === 'remove') await entry?.remove();
      else entry?.release(60_000);
      for (let count = 0; count < 4; count++) {
        await commitReport(spool, makeReport({ dumpBytes: 300_000 }));
        await (await takeEntries(spool, 1))[0]?.remove();
      }
      for (let next = await dump?.next(); !next?.done; next = await dump?.next())
        pieces.push(next?.value as Uint8Array);
      assert.ok(Buffer.concat(pieces).equals(report.dump), `${leave}, ${isGzip ? 'gzip' : 'plain'}`);
    }
  }
  await spool.close();
});

test('a full log is written over, and a kill leaves nothing of its earlier use', async () => {
  const directory = join(root, 'written-over');
  const spool = await openSpool({ files: nodeFiles, directory });
  const fill = async () => {
    for (let count = 0; count < 66; count++) {
      await commitReport(spool, makeReport({ dumpBytes: 1_050_000 }));
      await (await takeEntries(spool, 1))[0]?.remove();
    }
  };
  // Twice: the log that the first crashes filled is free when the second ones have filled the next.
  await fill();
  await fill();
  const reports = Array.from({ length: 5 }, () => makeReport({ dumpBytes: 10_000 }));
  for (const report of reports) await commitReport(spool, report);
  const logs = async (folder: string) => {
    const found: { path: string; sizeBytes: number }[] = [];
    for (const name of await readdir(join(folder, '0'))) {
      const path = join(folder, '0', name, 'log');
      const status = await nodeFiles.stat(path).catch(() => null);
      if (status) found.push({ path, sizeBytes: status.sizeBytes });
    }
    return found;
  };
  const newest = (await logs(directory)).at(-1);
  assert.ok(newest && newest.sizeBytes > 64 * 1024 * 1024, 'the newest log is an old one');

  const reopened = async (name: string, damage?: (log: string) => Promise<void>) => {
    const copy = join(root, name);
    await cp(directory, copy, { recursive: true });
    await rm(join(copy, '0', 'lock'));
    await damage?.((await logs(copy)).at(-1)?.path ?? '');
    const killed = await openSpool({ files: nodeFiles, directory: copy });
    const status = killed.status();
    const entries = await allEntries(killed);
    for (const report of reports.slice(0, status.entryCount))
      assert.ok(await holds(entries.get(report.head.crashId) as never, report), name);
    await killed.close();
    return [status.entryCount, status.damagedCount];
  };
  assert.deepEqual(await reopened('killed'), [5, 0]);
  const cutOff = async (log: string) => {
    const file = await open(log, 'r+');
    const at = (await readFile(log)).indexOf(reports[4]?.dump.subarray(0, 100) ?? '');
    // As if the kill had come in the middle of the last write: its end and the mark behind it are still of old.
    await file.write(Buffer.alloc(12_000, 'old '), 0, 12_000, at + 5000);
    await file.close();
  };
  assert.deepEqual(await reopened('killed-while-writing', cutOff), [4, 1]);
  await takeEntries(spool, 5).then((entries) => Promise.all(entries.map((entry) => entry.remove())));
  await spool.close();
  assert.deepEqual(await readdir(join(directory, '0')), ['staging']);
});
