// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `salvage db fakedata` as people run it, against a database of its own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { PostgresSearch } from '../../src/search/postgres-search.ts';
import { makeReportRow } from '../../src/search/report-row.ts';
import { testDatabase } from '../services/postgres.ts';

const dataDir = await mkdtemp(join(tmpdir(), 'salvage-fake-data-'));
after(() => rm(dataDir, { recursive: true, force: true }));
const { pool, url } = await testDatabase();
const index = new PostgresSearch({ pool });

async function fakeData(...args: string[]): Promise<{ code: number; text: string }> {
  const program = join(import.meta.dirname, '../../src/bin/salvage.ts');
  const env = { PATH: process.env['PATH'] ?? '', SALVAGE_DATA_DIR: dataDir, DATABASE_URL: url };
  const run = promisify(execFile)(process.execPath, [program, 'db', 'fakedata', ...args], { env });
  return run.then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error) => ({ code: error.code as number, text: String(error.stderr) }),
  );
}

async function reportCount(): Promise<number> {
  return (await index.productsSeen()).reduce((sum, { reportCount: count }) => sum + count, 0);
}

test('fakedata fills storage and index, once however often it runs, and never among reports of one’s own', async () => {
  const first = await fakeData('--days', '2', '--per-day', '30');
  const count = Number(/^(\d+) invented crashes of 2 days/.exec(first.text)?.[1]);
  assert.equal(first.code, 0, first.text);
  assert.ok(count >= 30 && count <= 60, first.text);
  assert.equal(await reportCount(), count);
  const files = await readdir(join(dataDir, 'crashes'), { recursive: true });
  assert.equal(files.filter((file) => file.includes('processed_crash/')).length, count);
  const { rows } = await pool.query(`select distinct signature from reports where signature like 'lantern::%'`);
  assert.ok(rows.length > 3, JSON.stringify(rows));

  assert.equal((await fakeData('--days', '2', '--per-day', '30')).code, 0);
  const again = await reportCount();
  // Between the two runs the day went on.
  assert.ok(again >= count && again <= 60, String(again));

  const own = { product: 'Own', signature: 'own::sig', date_processed: new Date().toISOString() };
  await index.indexReports([makeReportRow('b9f2a2c4-3f3c-4a55-9c7e-5a90b0261119', own, {})]);
  const refused = await fakeData('--days', '1');
  assert.notEqual(refused.code, 0);
  assert.match(refused.text, /there are reports of Own/);
  assert.match(refused.text, /--force/);
  for (const days of ['0', 'x', '1000'])
    assert.match((await fakeData('--days', days)).text, /must be a whole number from 1 to 180/);
});
