// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { applyRetention, planRetention } from '../../src/storage/retention.ts';
import { parseStoreSpec } from '../../src/storage/store-spec.ts';
import { hasSlug, listed, newCrashId, reportOf } from './storage-contract.ts';

const base = await mkdtemp(join(tmpdir(), 'salvage-storage-cli-'));
after(() => rm(base, { recursive: true, force: true }));

async function salvage(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const program = join(import.meta.dirname, '../../src/bin/salvage.ts');
  const env = { PATH: process.env['PATH'] ?? '', SALVAGE_DATA_DIR: join(base, 'data') };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args], { env });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

test('put, ls, copy (twice), verify, get and rm over stores of two kinds', async () => {
  const crashId = newCrashId('2026-01-02', 1);
  const directory = join(base, 'one');
  await mkdir(directory);
  await writeFile(join(directory, `${crashId}.json`), '{"ProductName":  "x"}');
  await writeFile(join(directory, `${crashId}.upload_file_minidump.dump`), 'MDMP');
  const [fs, legacy] = [`fs:${join(base, 'fs')}`, `legacy:${join(base, 'legacy')}`];
  assert.equal((await salvage('storage', 'put', `bp-${crashId}`, directory, '--store', fs)).code, 0);
  assert.equal((await salvage('storage', 'ls', '--store', fs, '--date', '20260102')).out, `${crashId}\n`);
  assert.match((await salvage('storage', 'copy', fs, legacy)).out, /^1 copied, 0 there already, 0 failed/);
  assert.match((await salvage('storage', 'copy', fs, legacy)).out, /^0 copied, 1 there already, 0 failed/);
  assert.match((await salvage('storage', 'verify', '--store', legacy)).out, /^1 whole/);
  await salvage('storage', 'get', crashId, join(base, 'out'), '--store', legacy);
  assert.deepEqual(await readdir(join(base, 'out')), await readdir(directory));
  assert.equal(String(await readFile(join(base, 'out', `${crashId}.json`))), '{"ProductName":  "x"}');
  await writeFile(join(base, 'fs', '20260102', 'dump_names', `${crashId}.json`), 'damaged');
  const verified = await salvage('storage', 'verify', '--store', fs);
  assert.equal(verified.code, 1);
  assert.match(verified.err, new RegExp(`${crashId}: .*damaged`));
  assert.equal((await salvage('storage', 'rm', crashId, '--store', legacy)).code, 0);
  const other = newCrashId('2026-01-02', 1);
  await salvage('storage', 'put', other, await crashFolder(other), '--store', legacy);
  const again = await salvage('storage', 'rm', crashId, other, '--store', legacy);
  assert.equal(again.code, 1);
  assert.match(again.err, new RegExp(`${crashId}: crash_not_found`));
  assert.equal((await salvage('storage', 'ls', '--store', legacy)).out, '', 'the other one went');
  assert.match((await salvage('storage', 'ls', '--store', 'tape')).err, /unknown type "tape"/);
});

/** A directory as `storage get` writes it. */
async function crashFolder(crashId: string, metadata: object = {}): Promise<string> {
  const directory = await mkdtemp(join(base, 'crash-'));
  await writeFile(join(directory, `${crashId}.json`), JSON.stringify({ ProductName: 'x', metadata }));
  await writeFile(join(directory, `${crashId}.upload_file_minidump.dump`), 'MDMP');
  await writeFile(join(directory, `${crashId}.processed.json`), '{"signature":"a::b"}');
  return directory;
}

test('a dump that differs from the checksum in its raw crash is found, and is not copied', async () => {
  const [crashId, good] = [newCrashId('2026-01-03'), newCrashId('2026-01-03')];
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const fs = `fs:${join(base, 'checked')}`;
  for (const [id, text] of [
    [crashId, 'another'],
    [good, 'MDMP'],
  ] as const) {
    const metadata = { dump_checksums: { upload_file_minidump: sha256(text) } };
    assert.equal((await salvage('storage', 'put', id, await crashFolder(id, metadata), '--store', fs)).code, 0);
  }
  const verified = await salvage('storage', 'verify', '--store', fs);
  assert.deepEqual([verified.code, verified.out], [1, '1 whole, 1 failed\n']);
  assert.match(verified.err, new RegExp(`${crashId}: storage_corrupt: .*SHA-256`));
  const to = `radix:${join(base, 'checked-copy')}`;
  const dry = (target: string) => salvage('storage', 'copy', fs, target, '--dry-run');
  assert.equal((await dry('memory')).out, '2 copied, 0 there already, 0 failed\n');
  assert.match((await dry(to)).err, /storage_outage: .* is not there/);
  assert.equal((await salvage('storage', 'copy', fs, to)).out, '1 copied, 0 there already, 1 failed\n');
  await salvage('storage', 'get', good, join(base, 'checked-out'), '--store', to);
  const processed = await readFile(join(base, 'checked-out', `${good}.processed.json`), 'utf8');
  assert.deepEqual(JSON.parse(processed), { signature: 'a::b' });
});

test('deferred crashes can be listed and promoted; what makes no sense is refused', async () => {
  const crashId = newCrashId('2026-01-04', 1);
  const tree = JSON.stringify({
    type: 'primary-deferred',
    primary: { type: 'fs', root: join(base, 'primary') },
    deferred: { type: 'fs', root: join(base, 'deferred') },
  });
  await salvage('storage', 'put', crashId, await crashFolder(crashId), '--store', tree);
  assert.equal((await salvage('storage', 'ls', '--deferred', '--store', tree)).out, `${crashId}\n`);
  assert.equal((await salvage('storage', 'promote', crashId, '--store', tree)).code, 0);
  assert.equal((await salvage('storage', 'ls', '--deferred', '--store', tree)).out, '');
  assert.equal((await salvage('storage', 'ls', '--store', `fs:${join(base, 'primary')}`)).out, `${crashId}\n`);
  for (const [words, text] of [
    ['promote x --store fs', /keeps no deferred/],
    ['prune --store memory', /--days or --bytes/],
    ['prune --days soon --store memory', /must be a number/],
    ['ls --date 2026-01-04 --store memory', /20261120/],
    ['copy memory memory --concurrency 0', /above 0/],
  ] as const) {
    const { code, err } = await salvage('storage', ...words.split(' '));
    assert.notEqual(code, 0, words);
    assert.match(err, text);
  }
});

test('stores as people write them', () => {
  assert.deepEqual(parseStoreSpec('s3'), { type: 's3' });
  assert.deepEqual(parseStoreSpec('s3://org.crashes/prod'), { type: 's3', bucket: 'org.crashes', prefix: 'prod' });
  assert.deepEqual(parseStoreSpec('dated-radix:/srv/x y'), { type: 'dated-radix', root: '/srv/x y' });
  assert.deepEqual(parseStoreSpec('{"type":"poly"}'), { type: 'poly' });
  for (const text of ['', '{', '[]', '{"a":', 'a b', '/srv/x']) {
    assert.throws(() => parseStoreSpec(text), hasSlug('storage_bad_wiring'));
  }
});

test('retention removes whole days, oldest first, by age and by size, and a plan alone removes nothing', async () => {
  const storage = new MemoryStorage();
  const now = new Date('2026-11-21T12:00:00Z');
  for (const date of ['2026-11-10', '2026-11-19', '2026-11-20', '2026-11-20', '2026-11-21']) {
    await storage.saveRawCrash(reportOf(newCrashId(date), []));
  }
  const gone = (plan: Awaited<ReturnType<typeof planRetention>>) =>
    plan.filter(({ goes }) => goes).map(({ date }) => date);
  const byAge = await planRetention(storage, { daysMax: 2, bytesMax: null }, now);
  assert.deepEqual(gone(byAge), ['20261110', '20261119']);
  const bytesOfOne = (await storage.getRawCrashJson((await listed(storage))[0] as string)).length;
  const bySize = await planRetention(storage, { daysMax: null, bytesMax: 3 * bytesOfOne }, now);
  assert.deepEqual(gone(bySize), ['20261110', '20261119']);
  assert.equal((await listed(storage)).length, 5);
  assert.equal(await applyRetention(storage, byAge), 2);
  assert.equal((await listed(storage)).length, 3);
});
