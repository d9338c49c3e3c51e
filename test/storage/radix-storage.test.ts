// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { DatedSlots } from '../../src/storage/dated-slots.ts';
import type { TreeFamily } from '../../src/storage/radix-paths.ts';
import { RadixStorage } from '../../src/storage/radix-storage.ts';
import { bytesOf, hasSlug, listed, newCrashId, reportOf, storageContract } from './storage-contract.ts';

const base = await mkdtemp(join(tmpdir(), 'salvage-radix-'));
after(() => rm(base, { recursive: true, force: true }));

let count = 0;
const newRoot = () => join(base, `root${++count}`);
const tree = (family: TreeFamily, root: string, dayNames: 'date' | 'day' = 'date'): CrashStorage =>
  new RadixStorage({ family, dayNames, root, files: nodeFiles });

for (const family of ['radix', 'legacy'] as const) {
  storageContract(family, { make: async () => tree(family, newRoot()), largeDumpBytes: 2_000_000 });
}
storageContract('temporary', { make: async () => tree('legacy', newRoot(), 'day'), largeDumpBytes: 100_000 });

/** Depth 2, and digit 0 = depth 4 in old ids (the two worked examples of Socorro's own documentation). */
const [a, b] = ['6c43aa7c-7d34-41cf-85aa-55b0d2160622', '0bba929f-8721-460c-dead-a43c20071025'];

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith('.salvage'))
    .sort();
}

describe('trees of Socorro', () => {
  const dumps = [dumpFromBytes('upload_file_minidump', Buffer.from('m')), dumpFromBytes('flash1', Buffer.from('f'))];
  const expected = {
    radix: ['20071025/name/0b/ba/92/9f/', '20160622/name/6c/43/'],
    legacy: ['20071025/name/0b/ba/92/9f/', '20160622/name/6c/43/'],
  };
  for (const family of ['radix', 'legacy'] as const) {
    test(`${family}: files lie where Socorro looks for them`, async () => {
      const root = newRoot();
      const store = tree(family, root);
      for (const crashId of [a, b]) {
        await store.saveRawCrash(reportOf(crashId, dumps));
        await store.saveProcessedCrash(crashId, { uuid: crashId }, {});
      }
      const within = (crashId: string) => (family === 'radix' ? `${crashId}/` : '');
      const names = (crashId: string) => ['.dump', '.flash1.dump', '.json', '.jsonz'].map((end) => `${crashId}${end}`);
      assert.deepEqual(await filesBelow(root), [
        ...names(b).map((name) => `${expected[family][0]}${within(b)}${name}`),
        ...names(a).map((name) => `${expected[family][1]}${within(a)}${name}`),
      ]);
      const packed = await readFile(join(root, expected[family][1] as string, within(a), `${a}.jsonz`));
      assert.deepEqual(JSON.parse(String(gunzipSync(packed))), { uuid: a });
    });
  }

  test('a flat tree of newer Socorro is read', async () => {
    const root = newRoot();
    const crashId = newCrashId('2024-01-02', 0);
    await mkdir(join(root, '20240102', 'name'), { recursive: true });
    await writeFile(join(root, '20240102', 'name', `${crashId}.json`), '{"ProductName": "X"}');
    await writeFile(join(root, '20240102', 'name', `${crashId}.dump`), 'MDMP');
    const store = tree('legacy', root);
    assert.equal((await store.getRawCrash(crashId))['ProductName'], 'X');
    assert.equal(String(await bytesOf(await store.getDump(crashId, 'upload_file_minidump'))), 'MDMP');
    assert.deepEqual(await listed(store), [crashId]);
    await store.deleteCrash(crashId);
    assert.deepEqual(await filesBelow(root), []);
  });

  test('delete in a legacy tree takes the processed crash too and leaves the shared directory', async () => {
    const root = newRoot();
    const store = tree('legacy', root);
    const neighbour = `${a.slice(0, 9)}1111${a.slice(13)}`;
    for (const crashId of [a, neighbour]) {
      await store.saveRawCrash(reportOf(crashId));
      await store.saveProcessedCrash(crashId, {}, {});
    }
    await store.deleteCrash(a);
    assert.deepEqual(
      (await filesBelow(root)).map((path) => path.split('/').at(-1)),
      [`${neighbour}.dump`, `${neighbour}.json`, `${neighbour}.jsonz`],
    );
  });

  test('families do not mix, marked or not; an Antenna tree is neither', async () => {
    for (const [one, other] of [
      ['radix', 'legacy'],
      ['legacy', 'radix'],
    ] as const) {
      const root = newRoot();
      await tree(one, root).saveRawCrash(reportOf(a));
      await assert.rejects(tree(other, root).saveRawCrash(reportOf(b)), hasSlug('storage_refused'));
      await rm(join(root, '.salvage-tree'));
      await assert.rejects(tree(other, root).check(), hasSlug('storage_refused'));
      await tree(one, root).check();
    }
    const antenna = newRoot();
    await mkdir(join(antenna, '20240101', 'raw_crash'), { recursive: true });
    await assert.rejects(tree('radix', antenna).check(), hasSlug('storage_refused'));
  });

  test('a root that is not mounted is an outage; damage is corrupt', async () => {
    const root = newRoot();
    const store = tree('radix', root);
    await store.saveRawCrash(reportOf(a));
    await store.saveProcessedCrash(a, {}, {});
    await writeFile(join(root, '20160622/name/6c/43', a, `${a}.jsonz`), 'no gzip');
    await assert.rejects(store.getProcessedCrash(a), hasSlug('storage_corrupt'));
    await writeFile(join(root, '20160622/name/6c/43', a, `${a}.json`), '{"Product');
    await assert.rejects(store.getRawCrash(a), hasSlug('storage_corrupt'));
    await rename(root, `${root}.away`);
    await assert.rejects(store.getRawCrash(a), hasSlug('storage_outage'));
    await assert.rejects(store.getRawCrash(b), hasSlug('storage_outage'));
  });
});

describe('slots of dated trees', () => {
  let now = new Date('2016-06-22T15:19:48Z');
  const clock = { ...systemClock, now: () => now };

  function dated(family: TreeFamily, root = newRoot()) {
    const parts = { family, dayNames: 'date', root, files: nodeFiles } as const;
    const slots = new DatedSlots({ ...parts, clock, leaseMs: 60_000 });
    const store = new RadixStorage({ ...parts, slots });
    const claimed = async () => {
      const all = [];
      for await (const one of slots.claim()) all.push(one);
      return all;
    };
    return { root, slots, store, claimed };
  }

  const links: Record<TreeFamily, [string, string, string]> = {
    radix: ['../../../name/6c/43/' + a, `20160622/name/6c/43/${a}/date_root`, '../../../../date/15/19_12'],
    legacy: ['../../../name/6c/43', `20160622/name/6c/43/${a}`, '../../../date/15/19_12'],
  };
  for (const family of ['radix', 'legacy'] as const) {
    test(`${family}: links as Socorro makes them; the current slot rests; a claimed crash is not consumed`, async () => {
      now = new Date('2016-06-22T15:19:48Z');
      const { root, store, claimed } = dated(family);
      await store.saveRawCrash(reportOf(a));
      await store.saveRawCrash(reportOf(a));
      const [forward, backPath, back] = links[family];
      assert.equal(await readlink(join(root, `20160622/date/15/19_12/${a}`)), forward);
      assert.equal(await readlink(join(root, backPath)), back);
      assert.deepEqual(await claimed(), []);
      now = new Date('2016-06-22T15:19:52Z');
      const first = await claimed();
      assert.deepEqual(
        first.map(({ crashId }) => crashId),
        [a],
      );
      assert.deepEqual(await claimed(), [], 'claimed by one, not offered to another');
      await assert.rejects(lstat(join(root, backPath)));
      // Whoever took it died: nothing was acked.
      now = new Date('2016-06-22T15:21:00Z');
      const again = await claimed();
      assert.deepEqual(
        again.map(({ crashId }) => crashId),
        [a],
      );
      await again[0]?.release();
      now = new Date('2016-06-22T15:22:00Z');
      const third = await claimed();
      assert.equal(third.length, 1);
      await third[0]?.ack();
      now = new Date('2016-06-23T16:22:00Z');
      assert.deepEqual(await claimed(), []);
      assert.ok(await store.getRawCrash(a), 'the data stays');
      assert.deepEqual(await readdir(join(root, '20160622/date')), [], 'empty slots go');
      assert.deepEqual(await listed(store), [a]);
    });
  }

  test('two walkers share the crashes; a link whose data is gone does not stay for ever', async () => {
    now = new Date('2016-06-22T10:00:00Z');
    const { root, slots, store } = dated('radix');
    const ids = Array.from({ length: 20 }, () => newCrashId('2016-06-22', 2));
    for (const crashId of ids) await store.saveRawCrash(reportOf(crashId));
    const [lost = ''] = ids;
    await rm(join(root, '20160622/name', lost.slice(0, 2), lost.slice(2, 4), lost), { recursive: true });
    now = new Date('2016-06-22T11:01:00Z');
    const other = new DatedSlots({ family: 'radix', dayNames: 'date', root, files: nodeFiles, clock, leaseMs: 60_000 });
    const seen: string[] = [];
    await Promise.all(
      [slots, other].map(async (walker) => {
        for await (const { crashId, ack } of walker.claim()) {
          seen.push(crashId);
          await ack();
        }
      }),
    );
    assert.deepEqual(seen.sort(), ids.slice(1).sort());
    assert.deepEqual(await readdir(join(root, '20160622/date')), []);
    assert.deepEqual(await readdir(join(root, '20160622/claimed')), [], 'who came too late leaves no claim behind');
  });

  for (const family of ['radix', 'legacy'] as const) {
    test(`${family}: a deleted crash leaves no links behind, and its id can be announced again`, async () => {
      now = new Date('2016-06-22T10:00:00Z');
      const { root, store, claimed } = dated(family);
      await store.saveRawCrash(reportOf(a));
      await store.deleteCrash(a);
      await assert.rejects(lstat(join(root, links[family][1])), { code: 'ENOENT' });
      await assert.rejects(lstat(join(root, `20160622/date/10/00_00/${a}`)), { code: 'ENOENT' });
      now = new Date('2016-06-22T11:00:00Z');
      assert.deepEqual(await claimed(), []);
      await store.saveRawCrash(reportOf(a));
      now = new Date('2016-06-22T12:00:00Z');
      assert.equal((await claimed()).length, 1);
    });
  }

  test('a resubmitted id of another day goes to the current slot of its own day; sub-slots of 2009 are entered', async () => {
    now = new Date('2026-03-04T23:59:59Z');
    const { root, store, claimed } = dated('legacy');
    await store.saveRawCrash(reportOf(a));
    const webhead = join(root, '20160622/date/15/05/webhead01_0');
    await store.saveRawCrash(reportOf(b));
    await mkdir(webhead, { recursive: true });
    await rename(join(root, '20071025/date/23/59_14', b), join(webhead, b));
    await rm(join(webhead, b));
    await symlink('../../../../../20071025/name/0b/ba/92/9f', join(webhead, b));
    now = new Date('2026-03-05T00:00:10Z');
    assert.deepEqual((await claimed()).map(({ crashId }) => crashId).sort(), [a, b].sort());
    await assert.rejects(lstat(webhead));
  });
});
