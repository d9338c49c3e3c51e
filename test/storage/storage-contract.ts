// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The one contract of all stores and containers: every adapter runs it against the real thing.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type CrashId, dateOf, makeCrashId } from '../../src/crash/crash-id.ts';
import { type Dump, dumpFromBytes } from '../../src/crash/dump.ts';
import type { CrashReport, RawCrash } from '../../src/crash/raw-crash.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';

export function newCrashId(date = '2026-11-21', digit = 0): CrashId {
  return makeCrashId(randomUUID(), digit, new Date(date));
}

/** A frozen report: stores must not change what they are given. */
export function reportOf(
  crashId: CrashId,
  dumps: readonly Dump[] = [dumpFromBytes('upload_file_minidump', Buffer.from(`MDMP ${crashId}`))],
  annotations: Record<string, string> = { ProductName: 'Fénix', Version: '1.0' },
): CrashReport {
  const rawCrash: RawCrash = { ...annotations, uuid: crashId };
  const rawCrashJson = Buffer.from(`{"ProductName": "Fénix",  "uuid":"${crashId}"}`);
  return Object.freeze({
    crashId,
    rawCrash: Object.freeze(rawCrash),
    rawCrashJson,
    dumps: Object.freeze([...dumps]),
  });
}

export async function bytesOf(dump: Dump): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of dump.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A dump of any size that is never wholly in memory. */
export function largeDump(name: string, sizeBytes: number): Dump & { readonly opened: () => number } {
  const block = randomBytes(64 * 1024 - 1);
  let opened = 0;
  async function* open() {
    opened++;
    for (let left = sizeBytes; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length));
  }
  const hash = createHash('sha256');
  for (let left = sizeBytes; left > 0; left -= block.length)
    hash.update(block.subarray(0, Math.min(left, block.length)));
  return { name, sizeBytes, sha256: hash.digest('hex'), open, opened: () => opened };
}

export const hasSlug = (slug: string) => (error: unknown) => {
  assert.ok(error instanceof SalvageError, String(error));
  assert.equal(error.slug, slug, error.message);
  return true;
};

export async function listed(storage: CrashStorage, filter = {}): Promise<CrashId[]> {
  const ids: CrashId[] = [];
  for await (const crashId of storage.listCrashIds(filter)) ids.push(crashId);
  return ids;
}

export interface StorageUnderTest {
  /** The same store for all tests of the suite: other crashes are always there. */
  make(): Promise<CrashStorage>;
  /** False where an id never becomes part of a path, key or statement. */
  readonly checksIds?: boolean;
  /** Bytes of the large dump; default 20 MB. */
  readonly largeDumpBytes?: number;
  /** Reports with odd dump names; fewer for a slow store. */
  readonly oddReports?: number;
}

export function storageContract(name: string, subject: StorageUnderTest): void {
  describe(`storage contract: ${name}`, { timeout: 90_000 }, () => {
    let made: Promise<CrashStorage> | null = null;
    const storage = () => (made ??= subject.make());

    test('what is saved is read back byte for byte, and checks pass', async () => {
      const store = await storage();
      await store.check();
      const crashId = newCrashId();
      const dumps = [
        dumpFromBytes('upload_file_minidump', randomBytes(70_001)),
        dumpFromBytes('upload_file_minidump_browser', randomBytes(10)),
        dumpFromBytes('memory_report', Buffer.alloc(0)),
      ];
      const report = reportOf(crashId, dumps);
      await store.saveRawCrash(report);
      assert.deepEqual(Buffer.from(await store.getRawCrashJson(crashId)), Buffer.from(report.rawCrashJson));
      assert.equal((await store.getRawCrash(crashId))['ProductName'], 'Fénix');
      assert.deepEqual(await store.getDumpNames(crashId), [
        'memory_report',
        'upload_file_minidump',
        'upload_file_minidump_browser',
      ]);
      for (const dump of dumps) {
        const stored = await store.getDump(crashId, dump.name);
        assert.deepEqual([stored.name, stored.sizeBytes], [dump.name, dump.sizeBytes]);
        assert.deepEqual(await bytesOf(stored), await bytesOf(dump));
        assert.deepEqual(await bytesOf(stored), await bytesOf(dump), 'a dump can be opened again');
      }
    });

    test('a dump that is deleted before it is read is gone, not an unknown error', async () => {
      const store = await storage();
      const crashId = newCrashId();
      await store.saveRawCrash(reportOf(crashId));
      const dump = await store.getDump(crashId, 'upload_file_minidump');
      await store.deleteCrash(crashId);
      // Who has the bytes already may still give them.
      const read = await bytesOf(dump).catch(hasSlug('crash_not_found'));
      assert.ok(read === true || String(read) === `MDMP ${crashId}`);
    });

    test('a report without dumps', async () => {
      const store = await storage();
      const crashId = newCrashId();
      await store.saveRawCrash(reportOf(crashId, []));
      assert.deepEqual(await store.getDumpNames(crashId), []);
      await assert.rejects(store.getDump(crashId, 'upload_file_minidump'), hasSlug('crash_not_found'));
    });

    test('saving again replaces the report whole', async () => {
      const store = await storage();
      const crashId = newCrashId();
      await store.saveRawCrash(
        reportOf(crashId, [dumpFromBytes('a', Buffer.from('1')), dumpFromBytes('b', Buffer.from('2'))]),
      );
      await store.saveRawCrash(reportOf(crashId, [dumpFromBytes('b', Buffer.from('3'))]));
      assert.deepEqual(await store.getDumpNames(crashId), ['b']);
      assert.equal(String(await bytesOf(await store.getDump(crashId, 'b'))), '3');
      assert.deepEqual(await listed(store, { prefix: crashId }), [crashId]);
    });

    test('processed crashes: saved, replaced, odd text kept, read without prototype', async () => {
      const store = await storage();
      const crashId = newCrashId();
      const report = reportOf(crashId);
      await assert.rejects(store.getProcessedCrash(crashId), hasSlug('crash_not_found'));
      await store.saveRawCrash(report);
      await assert.rejects(store.getProcessedCrash(crashId), hasSlug('crash_not_found'));
      await store.saveProcessedCrash(crashId, Object.freeze({ uuid: crashId, signature: 'first' }), report.rawCrash);
      const odd = { uuid: crashId, signature: 'a | b', text: '\u0000 \ud800 é 𝒳 "\\', n: [1, null, { x: true }] };
      await store.saveProcessedCrash(crashId, Object.freeze(odd), report.rawCrash);
      const read = await store.getProcessedCrash(crashId);
      assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(odd)));
    });

    test('a crash that was never saved is not found, by every read and by delete', async () => {
      const store = await storage();
      const crashId = newCrashId();
      await assert.rejects(store.getRawCrash(crashId), hasSlug('crash_not_found'));
      await assert.rejects(store.getRawCrashJson(crashId), hasSlug('crash_not_found'));
      await assert.rejects(store.getDumpNames(crashId), hasSlug('crash_not_found'));
      await assert.rejects(store.getDump(crashId, 'upload_file_minidump'), hasSlug('crash_not_found'));
      await assert.rejects(store.getProcessedCrash(crashId), hasSlug('crash_not_found'));
      await assert.rejects(store.deleteCrash(crashId), hasSlug('crash_not_found'));
    });

    test('delete removes that crash and no other, not even of the same day and radix', async () => {
      const store = await storage();
      const doomed = newCrashId();
      // Same leading characters, same date: neighbours in every tree.
      const neighbour = `${doomed.slice(0, 9)}${newCrashId().slice(9)}`;
      for (const crashId of [doomed, neighbour]) {
        const report = reportOf(crashId);
        await store.saveRawCrash(report);
        await store.saveProcessedCrash(crashId, { uuid: crashId }, report.rawCrash);
      }
      await store.deleteCrash(doomed);
      await assert.rejects(store.getRawCrash(doomed), hasSlug('crash_not_found'));
      await assert.rejects(store.getProcessedCrash(doomed), hasSlug('crash_not_found'));
      await assert.rejects(store.deleteCrash(doomed), hasSlug('crash_not_found'));
      assert.deepEqual(await listed(store, { prefix: doomed.slice(0, 9) }), [neighbour]);
      assert.equal(String(await bytesOf(await store.getDump(neighbour, 'upload_file_minidump'))), `MDMP ${neighbour}`);
      assert.equal((await store.getProcessedCrash(neighbour))['uuid'], neighbour);
      await store.saveRawCrash(reportOf(doomed));
      assert.ok(await store.getRawCrash(doomed), 'a deleted crash can be saved again');
    });

    test('listing by date and by prefix', async () => {
      const store = await storage();
      const one = newCrashId('2025-03-01');
      const two = newCrashId('2025-03-01');
      const other = newCrashId('2025-03-02');
      for (const crashId of [one, two, other]) await store.saveRawCrash(reportOf(crashId));
      assert.deepEqual((await listed(store, { date: '20250301' })).sort(), [one, two].sort());
      assert.deepEqual(await listed(store, { date: '20250302' }), [other]);
      assert.deepEqual(await listed(store, { date: '20250303' }), []);
      assert.deepEqual(await listed(store, { prefix: one }), [one]);
      assert.deepEqual(await listed(store, { prefix: one.slice(0, 12), date: dateOf(one) }), [one]);
      assert.deepEqual(await listed(store, { prefix: one, date: '20250302' }), []);
      const all = await listed(store);
      for (const crashId of [one, two, other]) assert.ok(all.includes(crashId));
      assert.equal(new Set(all).size, all.length, 'each id once');
    });

    test('a large dump streams through, both ways, and a reader may leave early', async () => {
      const store = await storage();
      const crashId = newCrashId();
      const dump = largeDump('upload_file_minidump', subject.largeDumpBytes ?? 20_000_000);
      await store.saveRawCrash(reportOf(crashId, [dump]));
      const stored = await store.getDump(crashId, dump.name);
      const hash = createHash('sha256');
      let largest = 0;
      for await (const chunk of stored.open()) {
        hash.update(chunk);
        largest = Math.max(largest, chunk.length);
      }
      assert.equal(hash.digest('hex'), dump.sha256);
      assert.equal(stored.sizeBytes, dump.sizeBytes);
      for await (const _ of stored.open()) break;
      await store.deleteCrash(crashId);
    });

    test('a dump that cannot be read leaves no crash behind that looks complete', async () => {
      const store = await storage();
      const crashId = newCrashId();
      const broken: Dump = {
        name: 'upload_file_minidump',
        sizeBytes: 100,
        sha256: null,
        async *open() {
          yield Buffer.from('MDMP');
          throw new Error('disk gone');
        },
      };
      await assert.rejects(store.saveRawCrash(reportOf(crashId, [broken])));
      await assert.rejects(store.getRawCrash(crashId), hasSlug('crash_not_found'));
      assert.deepEqual(await listed(store, { prefix: crashId }), []);
    });

    test('an aborted save rejects with the reason', async () => {
      const store = await storage();
      const reason = new Error('shutting down');
      await assert.rejects(
        store.saveRawCrash(reportOf(newCrashId()), AbortSignal.abort(reason)),
        (error) => error === reason,
      );
    });

    test('no dump name takes another file’s place or leaves its root', async () => {
      const store = await storage();
      const special = [
        'dump',
        'raw_crash',
        'dump_names',
        'processed_crash',
        'crash_report',
        '..',
        '.',
        '../../x',
        'a/b',
        'ü',
        'dump.dump',
      ];
      const names = fc.uniqueArray(fc.oneof(fc.constantFrom(...special), fc.string({ minLength: 1, maxLength: 12 })), {
        minLength: 1,
        maxLength: 5,
      });
      await fc.assert(
        fc.asyncProperty(names, async (some) => {
          const usable = some.filter((one) => one.isWellFormed() && !one.includes('\0'));
          const dumps = ['upload_file_minidump', ...usable].map((one) => dumpFromBytes(one, Buffer.from(`of ${one}`)));
          const report = reportOf(newCrashId(), dumps);
          await store.saveRawCrash(report);
          assert.deepEqual(await store.getDumpNames(report.crashId), dumps.map((dump) => dump.name).sort());
          for (const dump of dumps) {
            const read = await bytesOf(await store.getDump(report.crashId, dump.name));
            assert.equal(String(read), `of ${dump.name}`);
          }
          assert.equal((await store.getRawCrash(report.crashId))['uuid'], report.crashId);
          await store.deleteCrash(report.crashId);
        }),
        { numRuns: subject.oddReports ?? 12 },
      );
    });

    test('what is no crash id is never part of a path or key', async () => {
      if (subject.checksIds === false) return;
      const store = await storage();
      for (const text of ['../../../../etc/passwd', '', 'test', `${newCrashId()}/..`, `bp-${newCrashId()}`]) {
        await assert.rejects(async () => store.saveRawCrash(reportOf(text)));
        await assert.rejects(async () => store.getRawCrash(text));
        await assert.rejects(async () => store.deleteCrash(text));
      }
    });

    test('many at once', async () => {
      const store = await storage();
      const reports = Array.from({ length: 24 }, () => reportOf(newCrashId('2025-04-01')));
      await Promise.all(reports.map((report) => store.saveRawCrash(report)));
      assert.deepEqual(
        (await listed(store, { date: '20250401' })).sort(),
        reports.map(({ crashId }) => crashId).sort(),
      );
    });

    test('close', async () => (await storage()).close());
  });
}
