// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// docs/storage.md shows where one crash lies in each layout: the stores themselves say whether that is so.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { ObjectKeys, objectLayouts } from '../../src/storage/object-keys.ts';
import { RadixStorage } from '../../src/storage/radix-storage.ts';
import { reportOf } from './storage-contract.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-layouts-'));
after(() => rm(root, { recursive: true, force: true }));

const crashId = '0bba929f-8721-460c-8dea-000000261120';
const names = ['upload_file_minidump', 'flash1'];

/** Lines of the page's block, by the heading above them. */
async function documented(): Promise<Map<string, string[]>> {
  const page = await readFile('docs/storage.md', 'utf8');
  const [, block = ''] = /### Where one crash lies\n[\s\S]*?```text\n([\s\S]*?)```/.exec(page) ?? [];
  const found = new Map<string, string[]>();
  for (const part of block.split(/^# /m).filter(Boolean)) {
    const [heading = '', ...lines] = part.trim().split('\n');
    found.set(heading, lines.sort());
  }
  return found;
}

async function filesOf(store: CrashStorage, folder: string): Promise<string[]> {
  const dumps = names.map((name) => dumpFromBytes(name, Buffer.from(name)));
  await store.saveRawCrash(reportOf(crashId, dumps));
  await store.saveProcessedCrash(crashId, { uuid: crashId }, {});
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('.salvage'))
    .sort();
}

test('the page shows every layout of files as the stores write it', async () => {
  const page = await documented();
  const fs = join(root, 'fs');
  assert.deepEqual(
    page.get('fs'),
    await filesOf(new FsStorage({ root: fs, files: nodeFiles, clock: systemClock }), fs),
  );
  for (const family of ['radix', 'legacy'] as const) {
    const folder = join(root, family);
    const store = new RadixStorage({ family, dayNames: 'date', root: folder, files: nodeFiles });
    assert.deepEqual(page.get(family), await filesOf(store, folder));
  }
});

test('the page shows every layout of objects', async () => {
  const page = await documented();
  const keys = new ObjectKeys();
  for (const layout of objectLayouts) {
    const dumps = names.map((name) => keys.dump(crashId, name, names));
    const all = [keys.rawCrash(layout, crashId), keys.dumpNames(crashId), ...dumps, keys.processedCrash(crashId)];
    assert.deepEqual(page.get(`s3, ${layout}`), all.sort());
  }
  assert.deepEqual(
    [...page.keys()].sort(),
    ['fs', 'legacy', 'radix', ...objectLayouts.map((one) => `s3, ${one}`)].sort(),
  );
});
