// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { hostileReport, richReport } from '../builders/page-reports.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

describe('the page of a report', async () => {
  const site = await startWebSite();
  const random = seededRandom(7);
  const now = new Date();
  const newId = (at = now) => makeCrashId(randomUuid(random), 0, at);
  const rich = newId();
  const hostile = newId();
  const waiting = newId();
  const failed = newId();
  const secret = 'wick down';
  let admin = '';
  let viewer = '';

  before(async () => {
    admin = await site.tokenOf('admin');
    viewer = await site.tokenOf('viewer');
    const report = richReport(rich, now);
    await site.addCrash(rich, report.rawCrash, report.processed);
    const bad = hostileReport(hostile, now);
    await site.addCrash(hostile, bad.rawCrash, bad.processed);
    for (const id of [waiting, failed])
      await site.addCrash(
        id,
        { uuid: id, ProductName: 'Lantern', Version: '4.2.0', submitted_timestamp: now.toISOString() },
        null,
      );
  });

  const get = (path: string, token = viewer) =>
    fetch(site.url + path, { headers: { 'auth-token': token }, redirect: 'manual' });
  const page = async (path: string, token = viewer, status = 200) => {
    const response = await get(path, token);
    const text = await response.text();
    assert.equal(response.status, status, text.slice(0, 500));
    return text;
  };

  test('says why it crashed, where, and how to bring missing symbols', async () => {
    const text = await page(`/report/index/${rich}`);
    assert.match(text, /Read through a null pointer, offset 0x48/);
    assert.match(text, /<h1 class="signature">lantern::<wbr>tank::<wbr>Level::<wbr>lower<\/h1>/);
    assert.match(text, /class="frame app crash named" id="t0-f0"/);
    assert.match(text, /class="frame sys inl" id="t0-f0-a"/);
    assert.match(text, /class="frame lost guess" id="t0-f4"/);
    assert.match(text, /dump_syms --inlines --store symbols wick_overlay\.pdb &amp;&amp; salvage symbols add symbols/);
    assert.match(text, /irrelevant_signature_re\.txt:41/);
    assert.match(text, /<code>attachment_log<\/code> of 23\.1 MB: larger than the limit [^<]*\(10\.5 MB\)/);
    assert.match(text, /id="m-B7720E94A13F4F6C8D1B5C93E0A4D7F51"/);
    assert.match(
      text,
      /href="https:\/\/code\.example\.org\/lantern\/lantern\/blob\/9f2c1e7a\/native\/tank\/level\.cc#L412"/,
    );
  });

  test('shows protected data to those who may see it, and to nobody else', async () => {
    const closed = await page(`/report/index/${rich}`);
    // The page does not wait for its margin: on a busy machine a look comes too early.
    let open = await page(`/report/index/${rich}`, admin);
    for (let looks = 1; looks < 20 && !open.includes('Same client'); looks++)
      open = await page(`/report/index/${rich}`, admin);
    for (const protectedPart of [
      secret,
      'private/plan',
      '00007ffa1c2ed3f7',
      'lantern/4.2.0',
      'LanternWorkspace',
      'Same client',
    ])
      assert.equal(open.includes(protectedPart), true, protectedPart);
    for (const protectedPart of [
      secret,
      'private/plan',
      '00007ffa1c2ed3f7',
      'lantern/4.2.0',
      'LanternWorkspace',
      'c0ffee',
      '.dmp',
    ])
      assert.equal(closed.includes(protectedPart), false, protectedPart);
  });

  test('has a text for bug trackers of at most 4 kB with public data, whoever asks', async () => {
    for (const file of ['report.md', 'report.txt'])
      for (const id of [rich, hostile]) {
        const [open, closed] = [
          await page(`/api/v1/reports/${id}/${file}`, admin),
          await page(`/api/v1/reports/${id}/${file}`),
        ];
        assert.equal(open, closed);
        assert.equal(Buffer.byteLength(open) <= 4096, true);
        assert.match(open, new RegExp(id));
      }
    const text = await page(`/api/v1/reports/${rich}/report.md`);
    assert.match(text, /\* Reason: EXCEPTION\\_ACCESS\\_VIOLATION\\_READ at 0x0000000000000048/);
    assert.match(text, /lantern::tank::Level::unlink.*\(inlined\)/);
  });

  test('every spelling of an id leads to it', async () => {
    const hex = rich.replaceAll('-', '');
    for (const text of [
      `bp-${rich}`,
      rich.toUpperCase(),
      hex,
      `bp-${hex}`,
      hex.slice(0, 16),
      hex.slice(0, 20).toUpperCase(),
    ]) {
      const response = await get(`/report/index/${text}`);
      assert.equal(response.status, 302, text);
      assert.equal(response.headers.get('location'), `/report/index/${rich}`);
      assert.equal((await get(`/api/v1/reports/${text}/state`)).status, 200);
    }
  });

  test('400 for a date that no calendar has, 404 for what is no id or is not stored', async () => {
    assert.match(await page(`/report/index/${rich.slice(0, -6)}269999`, viewer, 400), /Invalid crash ID/);
    await page('/report/index/hello', viewer, 404);
    assert.match(await page(`/report/index/${newId(new Date('2024-03-01'))}`, viewer, 404), /2024-03-01/);
    assert.match(await page('/report/index/ffffffffffffffff', viewer, 404), /Tried/);
  });

  test('a fresh id that no store knows yet gets the pending page', async () => {
    assert.match(await page(`/report/index/${newId()}`), /Not here yet/);
  });

  test('a report that waits is asked for once a minute, however many look', async () => {
    await Promise.all([
      page(`/report/index/${waiting}`),
      page(`/report/index/${waiting}`),
      page(`/report/index/${waiting}`),
    ]);
    const text = await page(`/report/index/${waiting}`);
    assert.match(text, /Received, not processed yet/);
    assert.equal((await site.queue.depths()).find(({ queue }) => queue === 'priority')?.waiting, 1);
    const answer = await get(`/api/v1/reports/${waiting}`);
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('retry-after'), '5');
    const state = (await (await get(`/api/v1/reports/${waiting}/state`)).json()) as { state: string };
    assert.equal(state.state, 'waiting');
  });

  test('a report that was given up says why, and is not asked for again', async () => {
    await site.queue.publish('standard', { crashId: failed });
    const stop = new AbortController();
    for await (const taken of site.queue.consume({ prefetch: 5, signal: stop.signal }))
      if (taken.crashId === failed) {
        await taken.bury('dump_bad_signature: the dump is not a minidump');
        break;
      } else await taken.ack();
    stop.abort();
    const text = await page(`/report/index/${failed}`);
    assert.match(text, /cannot be processed/);
    assert.match(
      text,
      /<strong>The dump is not a minidump\.<\/strong> 1 attempt, .* <span class="faint">dump_bad_signature</,
    );
    assert.equal(
      (await site.queue.depths()).reduce((sum, { waiting }) => sum + waiting, 0),
      0,
    );
  });

  test('reprocessing is asked for by a form with a secret, by those who may', async () => {
    const { sessionSecret } = await site.people.claim(await site.people.makeClaimSecret(), 'test');
    const cookie = `salvage_session=${sessionSecret}`;
    const text = await (await fetch(`${site.url}/report/index/${rich}`, { headers: { cookie } })).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const post = (body: string) =>
      fetch(`${site.url}/report/index/${rich}/reprocess`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
        body,
        redirect: 'manual',
      });
    assert.equal((await post('csrf=wrong')).status, 403);
    const answer = await post(`csrf=${encodeURIComponent(csrf)}`);
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get('location'), `/report/index/${rich}?done=reprocess`);
    assert.equal((await site.queue.depths()).find(({ queue }) => queue === 'reprocessing')?.waiting, 1);
    const page = await fetch(`${site.url}/report/index/${rich}?done=reprocess`, { headers: { cookie } });
    assert.match(await page.text(), /will be processed again/);
  });

  test('products that are hidden from a reader do not exist for them', async () => {
    const other = await site.tokenOf('viewer', undefined, ['Other']);
    await page(`/report/index/${rich}`, other, 404);
    assert.equal((await get(`/api/v1/reports/${rich}`, other)).status, 404);
  });

  test('hostile content in every field stays text', async () => {
    for (const token of [viewer, admin]) {
      const text = await page(`/report/index/${hostile}`, token);
      assert.equal(/<script>globalThis|<img src=x|onerror="|href="javascript:/.test(text), false);
      assert.equal(/[\u202e\u0000]/.test(text), false);
      assert.equal(text.length < 400_000, true, String(text.length));
    }
  });

  test('the parts of a report are their own answers', async () => {
    const read = async <T>(name: string) => (await (await get(`/api/v1/reports/${rich}${name}`)).json()) as T;
    assert.equal((await read<{ threads: unknown[] }>('/threads')).threads.length, 12);
    assert.equal(((await read<{ modules: { frames: number }[] }>('/modules')).modules[0]?.frames ?? 0) > 0, true);
    assert.equal((await read<{ protected: unknown }>('/annotations')).protected, null);
    const report = await read<{ crashing_thread: { frames: { gave_signature: boolean }[] } }>('');
    assert.equal(report.crashing_thread.frames[2]?.gave_signature, true);
  });
});
