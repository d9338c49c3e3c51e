// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Dump, dumpFromBytes } from '../../src/crash/dump.ts';
import type { ProcessedCrash } from '../../src/crash/processed-crash.ts';
import type { CrashReport } from '../../src/crash/raw-crash.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { nullLogger } from '../../src/lib/log.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { NullStorage } from '../../src/storage/null-storage.ts';
import { fsError, MemoryDisk } from '../spool/memory-disk.ts';
import { bytesOf } from '../spool/spool-kit.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-fs-storage-'));
after(() => rm(root, { recursive: true, force: true }));
let count = 0;

const id = (start: string) => `${start}0bba929-8721-460c-dead-a43c20071025`.slice(-36);
const crashId = id('0');

function fsStorage(): { storage: FsStorage; directory: string } {
  count += 1;
  const directory = join(root, String(count), 'crashes');
  return { storage: new FsStorage({ root: directory, files: nodeFiles, clock: systemClock }), directory };
}

function report(
  dumps: readonly Dump[],
  json = '{"ProductName": "Fennec", "__proto__": {"a": 1}}',
  ofId = crashId,
): CrashReport {
  return { crashId: ofId, rawCrashJson: Buffer.from(json), rawCrash: {}, dumps };
}

const minidump = dumpFromBytes('upload_file_minidump', Buffer.from('MDMP1234'));

test('the tree is Antenna’s, byte for byte', async () => {
  const { storage, directory } = fsStorage();
  await storage.check();
  await storage.saveRawCrash(report([minidump, dumpFromBytes('memory_report', Buffer.from('{}'))], '{"a": 1}'));
  await storage.saveProcessedCrash(crashId, { success: true } as unknown as ProcessedCrash);
  const files = (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
  assert.deepEqual(files, [
    `20071025/dump_names/${crashId}.json`,
    `20071025/memory_report/${crashId}`,
    `20071025/processed_crash/${crashId}.json`,
    `20071025/raw_crash/${crashId}.json`,
    `20071025/upload_file_minidump/${crashId}`,
  ]);
  const read = (path: string) => readFile(join(directory, '20071025', path), 'utf8');
  assert.equal(await read(`raw_crash/${crashId}.json`), '{"a": 1}');
  assert.equal(await read(`dump_names/${crashId}.json`), '["memory_report", "upload_file_minidump"]');
  assert.equal(await read(`upload_file_minidump/${crashId}`), 'MDMP1234');
});

const stores: Record<string, () => CrashStorage> = {
  fs: () => fsStorage().storage,
  memory: () => new MemoryStorage(),
};

for (const [name, make] of Object.entries(stores)) {
  test(`${name}: saving twice is saving once, and every part reads back`, async () => {
    const storage = make();
    for (let round = 0; round < 2; round++) await storage.saveRawCrash(report([minidump]));
    const rawCrash = await storage.getRawCrash(crashId);
    assert.equal(Object.getPrototypeOf(rawCrash), null);
    assert.deepEqual(Object.keys(rawCrash), ['ProductName', '__proto__']);
    assert.deepEqual(await storage.getDumpNames(crashId), ['upload_file_minidump']);
    const dump = await storage.getDump(crashId, 'upload_file_minidump');
    assert.equal(dump.sizeBytes, 8);
    for (let round = 0; round < 2; round++) assert.equal(String(await bytesOf(dump.open())), 'MDMP1234');
    await storage.saveProcessedCrash(crashId, { success: true } as unknown as ProcessedCrash, {});
    assert.equal((await storage.getProcessedCrash(crashId)).success, true);
  });

  test(`${name}: what is not there is crash_not_found, and stays so after a delete`, async () => {
    const storage = make();
    await storage.saveRawCrash(report([], '{}', id('1')));
    assert.deepEqual(await storage.getDumpNames(id('1')), []);
    const missing = { slug: 'crash_not_found' };
    await assert.rejects(storage.getRawCrash(crashId), missing);
    await assert.rejects(storage.getDumpNames(crashId), missing);
    await assert.rejects(storage.getDump(crashId, 'x'), missing);
    await assert.rejects(storage.getDump(id('1'), 'x'), missing);
    await assert.rejects(storage.getProcessedCrash(id('1')), missing);
    await assert.rejects(storage.deleteCrash(crashId), missing);
  });

  test(`${name}: a delete takes one crash and nothing else; lists follow`, async () => {
    const storage = make();
    const ids = [id('1'), id('2'), id('3')];
    for (const one of ids) await storage.saveRawCrash(report([minidump], '{}', one));
    await storage.deleteCrash(id('2'));
    assert.deepEqual(await Array.fromAsync(storage.listCrashIds()), [id('1'), id('3')]);
    assert.deepEqual(await Array.fromAsync(storage.listCrashIds({ prefix: '3' })), [id('3')]);
    assert.deepEqual(await Array.fromAsync(storage.listCrashIds({ date: '20071026' })), []);
    assert.equal(String(await bytesOf((await storage.getDump(id('3'), 'upload_file_minidump')).open())), 'MDMP1234');
    await assert.rejects(storage.getDump(id('2'), 'upload_file_minidump'), { slug: 'crash_not_found' });
  });
}

test('hostile dump names stay inside the tree and read back', async () => {
  const { storage, directory } = fsStorage();
  const names = ['../../../etc/passwd', '..', '.', 'a/b', 'raw_crash', 'dump_names', 'é\u0000\ud800', '%41', 'A'];
  await storage.saveRawCrash(report(names.map((name, index) => dumpFromBytes(name, Buffer.from([index])))));
  for (const [index, name] of names.entries())
    assert.deepEqual([...(await bytesOf((await storage.getDump(crashId, name)).open()))], [index], name);
  assert.deepEqual((await readdir(join(directory, '..'))).sort(), ['crashes']);
  assert.equal(String(await storage.getRawCrashJson(crashId)), String(report([]).rawCrashJson));
  await storage.deleteCrash(crashId);
  const left = await readdir(directory, { recursive: true, withFileTypes: true });
  assert.deepEqual(
    left.filter((entry) => entry.isFile()),
    [],
  );
});

test('a save that is cut short leaves no readable raw crash and can be repeated', async () => {
  const disk = new MemoryDisk();
  const storage = new FsStorage({ root: '/crashes', files: disk, clock: systemClock });
  let calls = 0;
  disk.beforeCall = () => void (calls += 1);
  await storage.saveRawCrash(report([minidump], '{}', id('9')));
  const callsOfOneSave = calls;
  for (let failing = 1; failing <= callsOfOneSave; failing++) {
    const one = crashId.replace(/^.{3}/, String(failing).padStart(3, '0'));
    let left = failing;
    disk.beforeCall = (call, path) => {
      left -= 1;
      if (left === 0) throw fsError('ENOSPC', `${call} ${path}`);
    };
    const outcome = await storage.saveRawCrash(report([minidump], '{}', one)).then(
      () => 'saved',
      (error: { slug?: string }) => error.slug,
    );
    disk.beforeCall = null;
    if (outcome === 'saved') continue;
    assert.equal(outcome, 'storage_outage');
    const isReadable = await storage.getRawCrash(one).then(
      () => true,
      () => false,
    );
    // The last sync may fail after the rename: then the crash is whole, only not yet promised.
    if (isReadable)
      assert.equal(String(await bytesOf((await storage.getDump(one, 'upload_file_minidump')).open())), 'MDMP1234');
    await storage.saveRawCrash(report([minidump], '{}', one));
    assert.deepEqual(await storage.getDumpNames(one), ['upload_file_minidump']);
  }
});

test('an absent root is an outage, a read-only one is refused, damaged files are corrupt', async () => {
  const { storage, directory } = fsStorage();
  await assert.rejects(storage.getRawCrash(crashId), { slug: 'storage_outage' });
  await storage.saveRawCrash(report([minidump]));
  await writeFile(join(directory, '20071025', 'raw_crash', `${crashId}.json`), '{"a": ');
  await assert.rejects(storage.getRawCrash(crashId), { slug: 'storage_corrupt' });
  await rm(join(directory, '20071025', 'upload_file_minidump', crashId));
  await assert.rejects(storage.getDump(crashId, 'upload_file_minidump'), { slug: 'storage_corrupt' });
  const disk = new MemoryDisk();
  await disk.mkdir('/crashes');
  disk.beforeCall = (call, path) => {
    if (call === 'mkdir') throw fsError('EROFS', path);
  };
  const readOnly = new FsStorage({ root: '/crashes', files: disk, clock: systemClock });
  await assert.rejects(readOnly.check(), { slug: 'storage_refused' });
});

test('a root that goes away is not made again: nothing is called missing, and all is there when it comes back', async () => {
  const { storage, directory } = fsStorage();
  await storage.check();
  await storage.saveRawCrash(report([minidump]));
  await rename(directory, `${directory}-away`);
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(storage.saveRawCrash(report([minidump])), { slug: 'storage_outage' });
    await assert.rejects(storage.saveProcessedCrash(crashId, {} as ProcessedCrash), { slug: 'storage_outage' });
    await assert.rejects(storage.check(), { slug: 'storage_outage' });
    await assert.rejects(storage.getRawCrash(crashId), { slug: 'storage_outage' });
  }
  await rename(`${directory}-away`, directory);
  await storage.check();
  await storage.saveRawCrash(report([minidump]));
  assert.ok(await storage.getRawCrash(crashId));
});

test('the null storage keeps the last ten and reads nothing', async () => {
  const storage = new NullStorage({ logger: nullLogger });
  for (let index = 0; index < 12; index++) await storage.saveRawCrash(report([minidump]));
  assert.equal(storage.lastReports.length, 10);
  assert.deepEqual(storage.lastReports[0]?.dumps, [{ name: 'upload_file_minidump', sizeBytes: 8 }]);
  await assert.rejects(storage.getRawCrash(), { slug: 'storage_unsupported' });
});
