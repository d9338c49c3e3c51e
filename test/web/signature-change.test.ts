// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { hostileReport, hostileText, richReport } from '../builders/page-reports.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

describe('a changed list, tried on one report', async () => {
  const site = await startWebSite();
  const now = new Date();
  const random = seededRandom(71);
  const [rich, hostile] = [1, 2].map(() => makeCrashId(randomUuid(random), 0, now)) as [string, string];
  let viewer = '';
  let investigator = '';

  before(async () => {
    viewer = await site.tokenOf('viewer');
    investigator = await site.tokenOf('investigator');
    await site.tokenOf('admin');
    for (const [id, { rawCrash, processed }] of [
      [rich, richReport(rich, now)],
      [hostile, hostileReport(hostile, now)],
    ] as const)
      await site.addCrash(id, rawCrash, processed);
  });

  const get = async (path: string, token = viewer) => {
    const response = await fetch(site.url + path, { headers: { 'auth-token': token } });
    return { status: response.status, text: await response.text() };
  };
  const trial = async (query: string) => JSON.parse((await get(`/api/v1/reports/${rich}/signature${query}`)).text);

  test('the signature of now comes from the frames, with a step for each one', async () => {
    const { stored, now: made, changed, why } = await trial('');
    assert.equal(stored, 'lantern::tank::Level::lower');
    assert.equal(made, 'std::_Tree_const_iterator<T>::operator++ | lantern::tank::Level::unlink');
    assert.equal(changed, null);
    assert.deepEqual(
      why.steps.map(({ text, is_taken: isTaken }: { text: string; is_taken: boolean }) => [text, isTaken]),
      [
        ['std::_Tree_const_iterator<T>::operator++', true],
        ['lantern::tank::Level::unlink', true],
        ['lantern::tank::Level::lower', false],
      ],
    );
  });

  test('one more entry: page and API tell the same new signature, and how to keep it', async () => {
    const query = `?list=irrelevant&entry=${encodeURIComponent('lantern::tank::Level::(unlink|lower)')}`;
    const { changed, file } = await trial(query);
    assert.equal(changed, 'std::_Tree_const_iterator<T>::operator++ | lantern::tank::Pump::commit');
    assert.equal(file, 'irrelevant_signature_re.txt');
    const { status, text } = await get(`/report/index/${rich}/signature${query}`);
    assert.equal(status, 200);
    assert.match(
      text,
      /<strong><span class="sig">std::.*\| lantern::<wbr>tank::<wbr>Pump::<wbr>commit<\/span><\/strong>/,
    );
    assert.match(text, /irrelevant_signature_re\.txt, your entry/);
    assert.match(text, /<code id="cmd-entry">lantern::tank::Level::\(unlink\|lower\)<\/code>/);
    assert.match(text, /salvage reprocess --since \d{4}-\d\d-\d\d --dry-run/);
  });

  test('links try an entry that means exactly that frame', async () => {
    const { text } = await get(`/report/index/${rich}/signature`);
    const [, link = ''] = /href="([^"]+)">skip</.exec(text.slice(text.lastIndexOf('unlink</span>'))) ?? [];
    const followed = await get(link.replaceAll('&amp;', '&'));
    assert.match(
      followed.text,
      /<dt>Then<\/dt><dd><span role="status"><strong><span class="sig">std::.*\| lantern::<wbr>tank::<wbr>Level::<wbr>lower</,
    );
  });

  test('what is no entry is a sentence at its place, and 400 for programs', async () => {
    const bad = '?list=prefix&entry=%28';
    const { status, text } = await get(`/report/index/${rich}/signature${bad}`);
    assert.equal(status, 400);
    assert.match(text, /This entry cannot be used/);
    assert.equal((await get(`/api/v1/reports/${rich}/signature${bad}`)).status, 400);
    assert.equal((await get(`/api/v1/reports/${rich}/signature?list=nonsense&entry=a`)).status, 400);
    assert.equal((await get(`/api/v1/reports/${rich}/signature?list=prefix&entry=${'a'.repeat(301)}`)).status, 400);
  });

  test('hostile frames and entries stay text', async () => {
    const entry = encodeURIComponent('"><script>globalThis.pwned=1</script>');
    for (const query of ['', `?list=irrelevant&entry=${entry}`]) {
      const { status, text } = await get(`/report/index/${hostile}/signature${query}`);
      assert.equal(status, 200);
      assert.ok(!text.includes(hostileText.slice(0, 20)));
      assert.ok(!text.includes('<script>globalThis'));
    }
  });

  test('the report says that the rules have changed, to those who see protected data', async () => {
    const notice =
      /The signature rules have changed\.<\/strong> Processed again, this report would be <span class="sig">std::.*\| lantern::<wbr>tank::<wbr>Level::<wbr>unlink/;
    assert.match((await get(`/report/index/${rich}`, investigator)).text, notice);
    assert.doesNotMatch((await get(`/report/index/${rich}`)).text, /signature rules have changed/);
  });
});
