// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The command-line client of crash-stats, unmodified, against a seeded site (web.md §6).
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { inventProcessedCrash, randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';
import { pythonTool, runTool } from './python-tool.ts';

const pack = 'crashstats-tools==2.1.0';

describe('crashstats-tools 2.1.0', async () => {
  const site = await startWebSite();
  const folder = mkdtempSync(join(tmpdir(), 'salvage-crashstats-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const random = seededRandom(51);
  const now = new Date();
  const known = makeCrashId(randomUuid(random), 0, now);
  let token = '';

  before(async () => {
    token = await site.tokenOf('admin');
    const spread = { random, from: new Date(now.getTime() - 3 * 86_400_000), to: now, signatureCount: 6 };
    for (let count = 0; count < 120; count++) {
      const { crashId, processed } = inventProcessedCrash(spread);
      await site.addCrash(crashId, { ProductName: 'Editor' }, processed);
    }
    const date = new Date(now.getTime() - 3_600_000);
    const processed = { uuid: known, product: 'Editor', signature: 'known::sig', date_processed: date.toISOString() };
    const raw = {
      uuid: known,
      ProductName: 'Editor',
      metadata: { dump_checksums: { upload_file_minidump: 'ab' }, user_agent: 'x' },
    };
    await site.addCrash(known, raw, JSON.parse(JSON.stringify(processed)));
  });

  async function tool(command: string, args: readonly string[], withToken = true) {
    const env = withToken ? { CRASHSTATS_API_TOKEN: token } : { CRASHSTATS_API_TOKEN: '' };
    return runTool(pythonTool(pack, command), ['--host', site.url, ...args], { env, cwd: folder });
  }

  test('supersearch: every format that the client can print', async () => {
    const fields = ['--_columns=uuid', '--_columns=signature', '--product=Editor'];
    const csv = await tool('supersearch', [...fields, '--format=csv', '--headers', '--num=20']);
    assert.equal(csv.status, 0, csv.stderr);
    const lines = csv.stdout.trim().split(/\r?\n/);
    assert.deepEqual([lines[0], lines.length], ['uuid,signature', 21]);
    for (const format of ['tab', 'json', 'markdown', 'table']) {
      const { status, stdout, stderr } = await tool('supersearch', [...fields, `--format=${format}`, '--num=5']);
      assert.equal(status, 0, `${format}: ${stderr}`);
      assert.match(stdout, /[0-9a-f]{8}-[0-9a-f]{4}/, format);
    }
  });

  test('supersearch: all results, in pages, filters as typed', async () => {
    const all = await tool('supersearch', ['--num=all', '--format=tab', '--_columns=uuid']);
    assert.equal(all.status, 0, all.stderr);
    assert.equal(new Set(all.stdout.trim().split('\n')).size, 121);
    const one = await tool('supersearch', ['--signature==known::sig', '--format=tab']);
    assert.equal(one.stdout.trim(), known);
    const none = await tool('supersearch', ['--signature==nothing::here', '--format=tab']);
    assert.equal(none.stdout.trim(), '');
  });

  test('supersearch: a mistake is shown as the server words it', async () => {
    const { status, stdout, stderr } = await tool('supersearch', ['--uptime=soon', '--format=tab']);
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /Bad value for parameter uptime: not a valid int/);
  });

  test('supersearch: without a token the reason is shown', async () => {
    const { stdout, stderr } = await tool('supersearch', ['--num=1'], false);
    assert.match(stdout + stderr, /needs a login|403/);
  });

  test('supersearchfacet: facets, histograms, cardinality', async () => {
    for (const format of ['csv', 'tab', 'json', 'markdown', 'table', 'raw']) {
      const { status, stdout, stderr } = await tool('supersearchfacet', ['--_facets=product', `--format=${format}`]);
      assert.equal(status, 0, `${format}: ${stderr}`);
      assert.match(stdout, /Editor/, format);
    }
    const daily = await tool('supersearchfacet', ['--_histogram.date=product', '--relative-range=1w', '--format=csv']);
    assert.equal(daily.status, 0, daily.stderr);
    assert.match(daily.stdout, /\d{4}-\d{2}-\d{2}[^T]/);
    const distinct = await tool('supersearchfacet', ['--_facets=_cardinality.install_time', '--format=raw']);
    assert.equal(distinct.status, 0, distinct.stderr);
    assert.match(distinct.stdout, /cardinality_install_time/);
    const nested = await tool('supersearchfacet', ['--_aggs.product=version', '--format=json']);
    assert.equal(nested.status, 0, nested.stderr);
  });

  test('fetch-data: raw crash, dumps and processed crash, by every spelling of the id', async () => {
    const { status, stderr } = await tool('fetch-data', ['--raw', '--dumps', '--processed', folder, `bp-${known}`]);
    assert.equal(status, 0, stderr);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const paths = files.map((file) => join(file.parentPath, file.name));
    const named = (part: string) => paths.find((path) => path.includes(part)) ?? '';
    assert.equal(JSON.parse(readFileSync(named('raw_crash'), 'utf8')).uuid, known);
    assert.equal(JSON.parse(readFileSync(named('processed_crash'), 'utf8')).signature, 'known::sig');
    assert.equal(readFileSync(named('upload_file_minidump'), 'utf8'), 'MDMP bytes');
    const url = await tool('fetch-data', ['--raw', '--overwrite', folder, `${site.url}/report/index/${known}`]);
    assert.equal(url.status, 0, url.stderr);
  });

  test('reprocess: ids are queued, a viewer is told why not', async () => {
    const { status, stderr } = await tool('reprocess', ['--sleep=1', known]);
    assert.equal(status, 0, stderr);
    assert.equal((await site.queue.depths()).find(({ queue }) => queue === 'reprocessing')?.waiting, 1);
    const ruled = await tool('reprocess', ['--sleep=1', '--ruleset=regenerate_signature', known]);
    assert.equal(ruled.status, 0, ruled.stderr);
    assert.equal((await site.queue.depths()).find(({ queue }) => queue === 'reprocessing')?.waiting, 2);
    token = await site.tokenOf('viewer');
    const refused = await tool('reprocess', ['--sleep=1', known]);
    assert.match(refused.stdout + refused.stderr, /Reprocess Crashes/);
  });
});
