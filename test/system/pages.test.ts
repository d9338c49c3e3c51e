// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { openBrowser } from '../builders/browser.ts';
import { pagesOf, pagesOfFirstDay, pagesOfNobody } from '../builders/page-list.ts';
import { richReport } from '../builders/page-reports.ts';
import { startEmptySite, startSeededSite } from '../builders/seeded-site.ts';
import { startWebSite } from '../builders/web-site.ts';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What the scanner finds on a page, as lines. */
async function scan(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: axePath });
  const found = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => id + ': ' + node.html.slice(0, 160) + ' ' + (node.any[0]?.message ?? ''))))`);
  return found as string[];
}

describe('pages in a real browser', async () => {
  const site = await startSeededSite(60);
  const empty = await startEmptySite();
  const unclaimed = await startWebSite();
  const pages = pagesOf(site);
  const open = (options = {}) => openBrowser(site.url, site.sessionSecret, { bypassCSP: true, ...options });
  let browser: Awaited<ReturnType<typeof open>>;
  let page: Page;
  const asked: string[] = [];
  const errors: string[] = [];

  before(async () => {
    browser = await open({ viewport: { width: 1440, height: 900 } });
    page = await browser.context.newPage();
    page.on('request', (request) => asked.push(request.url()));
    page.on('pageerror', (error) => errors.push(error.message));
  });
  after(() => browser.close());

  // A scan takes one to three seconds, and there are fifty pages.
  for (const [colorScheme, width] of [
    ['light', 1440],
    ['dark', 375],
  ] as const)
    test(`every page passes the accessibility scanner, ${colorScheme}, ${width} pixels wide, and has one heading`, {
      timeout: 600_000,
    }, async () => {
      const problems: string[] = [];
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      for (const [name, path] of pages) {
        await page.goto(site.url + path);
        for (const line of await scan(page)) problems.push(`${name}: ${line}`);
        assert.equal(await page.evaluate('document.querySelectorAll("h1").length'), 1, `${name}: one h1`);
      }
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 1440, height: 900 });
      assert.deepEqual(problems, []);
    });

  test('no page is wider than the screen, from a phone to a wall', async () => {
    const problems: string[] = [];
    for (const [name, path] of pages) {
      await page.goto(site.url + path);
      for (const width of [375, 768, 1024, 1440, 2560]) {
        await page.setViewportSize({ width, height: 900 });
        const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (Number(tooWide) > 0) problems.push(`${name} ${width}: ${tooWide} px too wide`);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    assert.deepEqual(problems, []);
  });

  test('what strangers and the first day see passes the scanner, too', async () => {
    const problems: string[] = [];
    const look = async (url: string, secret: string | null, list: typeof pages) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const viewport = { width: colorScheme === 'light' ? 1440 : 375, height: 900 };
        const visitor = await openBrowser(url, secret, { bypassCSP: true, colorScheme, viewport });
        const first = await visitor.context.newPage();
        for (const [name, path] of list) {
          await first.goto(url + path);
          for (const line of await scan(first)) problems.push(`${name} ${colorScheme}: ${line}`);
          const tooWide = await first.evaluate('document.documentElement.scrollWidth - innerWidth');
          if (Number(tooWide) > 0) problems.push(`${name} ${viewport.width}: ${tooWide} px too wide`);
        }
        await visitor.close();
      }
    };
    await look(site.url, null, pagesOfNobody);
    await look(empty.url, empty.sessionSecret, pagesOfFirstDay);
    await look(unclaimed.url, null, [['unclaimed', '/']]);
    assert.deepEqual(problems, []);
  });

  test('nothing was asked of any other host, no script of a crash ran, and no link runs one', async () => {
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(site.url)),
      [],
    );
    for (const [name, path] of pages) {
      await page.goto(site.url + path);
      assert.equal(await page.evaluate('globalThis.pwned'), undefined, name);
      const bad = await page.evaluate(
        '[...document.querySelectorAll("[href], [src], [action]")].filter((one) => !/^(https?:|#|\\/)/.test(one.getAttribute("href") ?? one.getAttribute("src") ?? one.getAttribute("action"))).map((one) => one.outerHTML)',
      );
      assert.deepEqual(bad, [], name);
      assert.equal(await page.evaluate('document.querySelectorAll("[style], [onerror], [onload]").length'), 0, name);
    }
    assert.deepEqual(errors, []);
  });

  test('the content policy holds without exceptions, and no browser complains', async () => {
    const strict = await open({ bypassCSP: false });
    const strictPage = await strict.context.newPage();
    const refused: string[] = [];
    // A browser also complains of pages that answer 400 or 404, as some here are meant to.
    strictPage.on('console', (message) => {
      const isExpected = message.text().startsWith('Failed to load resource: the server responded');
      if (['error', 'warning'].includes(message.type()) && !isExpected)
        refused.push(`${strictPage.url()}: ${message.text()}`);
    });
    for (const [, path] of pages) await strictPage.goto(site.url + path);
    await strict.close();
    assert.deepEqual(refused, []);
  });

  test('a frame is linked to, lights up, opens its thread, and says so when it is gone', async () => {
    const report = `${site.url}/report/index/${site.ids.rich}`;
    await page.goto(`${report}#t3-f1`);
    assert.equal(await page.evaluate('document.getElementById("t3").open'), true);
    assert.equal(await page.evaluate('document.querySelector(":target")?.id'), 't3-f1');
    await page.goto('about:blank');
    await page.goto(`${report}#t3-f99`);
    assert.match(String(await page.locator('#moved').textContent()), /t3-f99/);
    await page.goto('about:blank');
    await page.goto(`${report}#m-B7720E94A13F4F6C8D1B5C93E0A4D7F51`);
    assert.equal(await page.locator('tr:target').count(), 1);
    await page.locator('button[data-press-class="app-only"]').click();
    assert.equal(await page.locator('#t0-f8').isVisible(), false);
    assert.equal(await page.locator('#t0-f1').isVisible(), true);
  });

  test('keys: / to search, j k through rows, o opens, t to the threads', async () => {
    await page.goto(`${site.url}/signature/?signature=${encodeURIComponent(site.signature)}`);
    await page.keyboard.press('/');
    assert.equal(await page.evaluate('document.activeElement?.id'), 'quick');
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    const href = await page.evaluate('document.querySelector("tr[aria-selected=true] a")?.getAttribute("href")');
    await page.keyboard.press('o');
    await page.waitForURL(`${site.url}${href}`);
    await page.keyboard.press('t');
    await page.waitForFunction('document.getElementById("threads").getBoundingClientRect().top < 400');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'solid');
  });

  test('two browsers that wait ask for the report once, and show it when it is there', async () => {
    const id = makeCrashId(randomUUID(), 0, site.now);
    const { rawCrash, processed } = richReport(id, site.now, 1);
    await site.addCrash(id, rawCrash, null);
    const wishes = async () => (await site.queue.depths()).find(({ queue }) => queue === 'priority')?.waiting ?? 0;
    const wishesBefore = await wishes();
    const other = await open();
    after(() => other.close());
    const pages = [await browser.context.newPage(), await other.context.newPage()];
    await Promise.all(pages.map((one) => one.goto(`${site.url}/report/index/${id}`)));
    assert.equal((await wishes()) - wishesBefore, 1);
    await site.addCrash(id, rawCrash, processed);
    await Promise.all(pages.map((one) => one.waitForSelector('body[data-page="report"]', { timeout: 25_000 })));
    await Promise.all(pages.map((one) => one.close()));
  });

  test('without script a report reads fully, and so does its pending page', async () => {
    const plain = await open({ javaScriptEnabled: false });
    const plainPage = await plain.context.newPage();
    await plainPage.goto(`${site.url}/report/index/${site.ids.rich}`);
    const text = String(await plainPage.textContent('main'));
    for (const part of [
      'Read through a null pointer',
      'salvage symbols add',
      'Why this signature',
      'BaseThreadInitThunk',
    ])
      assert.equal(text.includes(part), true, part);
    await plain.close();
  });
});
