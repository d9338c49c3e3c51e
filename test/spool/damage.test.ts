// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CrashId } from '../../src/crash/crash-id.ts';
import { MemoryDisk } from './memory-disk.ts';
import { allEntries, commitReport, holds, makeReport, openSpool, type TestReport } from './spool-kit.ts';

interface Written {
  readonly disk: MemoryDisk;
  readonly logPath: string;
  readonly reports: readonly TestReport[];
  /** First byte of each record in the log, and the end of the last one. */
  readonly offsets: readonly number[];
}

/** Five crashes in one segment of a process that was killed: its lock is not on the disk. */
async function writeFive(isSealed: boolean): Promise<Written> {
  const disk = new MemoryDisk();
  const spool = await openSpool({ files: disk, directory: '/spool', options: { inlineBodyBytesMax: 4000 } });
  const reports = [500, 900, 3000, 10, 1200].map((dumpBytes, index) =>
    makeReport({ dumpBytes, isGzip: index % 2 === 1 }),
  );
  const offsets: number[] = [];
  const logPath = async () => {
    const segment = (await disk.list('/spool/0')).find((name) => /^\d{13}-/.test(name));
    return `/spool/0/${segment}/log`;
  };
  for (const report of reports) {
    offsets.push(offsets.length === 0 ? 0 : disk.bytesOf(await logPath()).length);
    await commitReport(spool, report);
  }
  offsets.push(disk.bytesOf(await logPath()).length);
  const killed = disk.afterPowerCut('lost');
  await spool.close();
  return { disk: isSealed ? disk : killed, logPath: await logPath(), reports, offsets };
}

/** Reopens, and says which reports are still there with their very bytes. */
async function survivors(written: Written): Promise<{ found: Set<CrashId>; damaged: number; asideNames: string[] }> {
  const spool = await openSpool({ files: written.disk, directory: '/spool' });
  const found = new Set<CrashId>();
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 30).unref();
  for await (const entry of spool.entries(stop.signal)) {
    const report = written.reports.find(({ head }) => head.crashId === entry.head.crashId);
    const isSame = report !== undefined && (await holds(entry, report).catch(() => false));
    if (isSame) found.add(entry.head.crashId);
    else await entry.setAside('wrong bytes');
  }
  const damaged = spool.status().damagedCount;
  await spool.close();
  const asideNames = (await written.disk.stat('/spool/0/damaged')) ? await written.disk.list('/spool/0/damaged') : [];
  return { found, damaged, asideNames };
}

for (const isSealed of [false, true]) {
  test(`damage to a ${isSealed ? 'sealed' : 'killed'} log costs only the crashes that it touches, and says so`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom('flip', 'zero', 'cut'),
        async (place, length, how) => {
          const written = await writeFive(isSealed);
          const log = Buffer.from(written.disk.bytesOf(written.logPath));
          const end = written.offsets.at(-1) as number;
          const from = Math.floor(place * end);
          const to = how === 'cut' ? log.length : Math.min(end, from + length);
          const original = Buffer.from(log);
          if (how === 'cut') written.disk.setBytes(written.logPath, log.subarray(0, from));
          else {
            for (let at = from; at < to; at++) log[at] = how === 'flip' ? (log[at] as number) ^ 0x55 : 0;
            written.disk.setBytes(written.logPath, log);
          }
          const { found, damaged, asideNames } = await survivors(written);
          const untouched = written.reports.filter((_, index) =>
            how === 'cut'
              ? (written.offsets[index + 1] as number) <= from
              : (written.offsets[index + 1] as number) <= from || (written.offsets[index] as number) >= to,
          );
          for (const { head } of untouched) assert.ok(found.has(head.crashId), `${head.crashId} lost`);
          const lost = written.reports.filter(({ head }) => !found.has(head.crashId));
          const isChanged = how === 'cut' || original.compare(log) !== 0;
          // Padding, and a tail of zeros that never was an entry, may change without harm to anybody.
          if (lost.length > 0 && isChanged && !(how === 'cut' && written.offsets.includes(from)))
            assert.ok(damaged > 0, `${lost.length} lost without a word`);
          assert.equal(asideNames.filter((name) => name.endsWith('.json')).length, damaged);
          assert.equal(asideNames.filter((name) => name.endsWith('.bin')).length, damaged);
        },
      ),
      { numRuns: 60 },
    );
  });
}

test('a body that carries the bytes of a record cannot pose as one', async () => {
  const written = await writeFive(false);
  const log = written.disk.bytesOf(written.logPath);
  const stolen = log.subarray(written.offsets[0], written.offsets[1]);
  const disk = new MemoryDisk();
  const spool = await openSpool({ files: disk, directory: '/spool' });
  const plain = makeReport();
  const evil = { ...plain, body: Buffer.concat([stolen, stolen, stolen]) };
  await commitReport(spool, evil);
  await commitReport(spool, makeReport());
  const killed = disk.afterPowerCut('lost');
  await spool.close();
  const segment = (await killed.list('/spool/0')).find((name) => /^\d{13}-/.test(name));
  const path = `/spool/0/${segment}/log`;
  const bytes = Buffer.from(killed.bytesOf(path));
  bytes[3] = 0;
  killed.setBytes(path, bytes);
  const reopened = await openSpool({ files: killed, directory: '/spool' });
  assert.equal(reopened.status().entryCount, 1);
  assert.equal(reopened.status().damagedCount, 1);
  await reopened.close();
});

test('a missing or cut body file is set aside with its head; the others move', async () => {
  for (const how of ['missing', 'cut', 'changed']) {
    const disk = new MemoryDisk();
    const options = { inlineBodyBytesMax: 1000 };
    const spool = await openSpool({ files: disk, directory: '/spool', options });
    const [large, small] = [makeReport({ dumpBytes: 5000 }), makeReport({ dumpBytes: 100 })];
    await commitReport(spool, large);
    await commitReport(spool, small);
    const killed = disk.afterPowerCut('lost');
    await spool.close();
    const segment = `/spool/0/${(await killed.list('/spool/0')).find((name) => /^\d{13}-/.test(name))}`;
    const body = `${segment}/${(await killed.list(segment)).find((name) => name.startsWith('body-'))}`;
    if (how === 'missing') await killed.unlink(body);
    else if (how === 'cut') killed.setBytes(body, killed.bytesOf(body).subarray(0, 100));
    else killed.bytesOf(body)[2000] = (killed.bytesOf(body)[2000] as number) ^ 1;
    const reopened = await openSpool({ files: killed, directory: '/spool', options });
    const entries = await allEntries(reopened);
    assert.ok(await holds(entries.get(small.head.crashId) as never, small));
    if (how === 'changed') {
      const entry = entries.get(large.head.crashId);
      assert.ok(entry);
      await assert.rejects(holds(entry, large), { slug: 'spool_damaged' });
      await entry.setAside('checksum');
    }
    assert.equal(reopened.status().damagedCount, 1, how);
    assert.equal(reopened.status().entryCount, 1);
    await reopened.close();
    assert.equal((await killed.list('/spool/0/damaged')).length, how === 'missing' ? 2 : 3);
  }
});
