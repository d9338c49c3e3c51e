// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run screenshots [-- name …]`: pictures of every page with invented data into screenshots/: light, dark, narrow,
// wide; empty, full, long names, hostile data. What overflows and what a browser complains of is told.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser } from '../test/builders/browser.ts';
import { pagesOf, pagesOfFirstDay, pagesOfNobody } from '../test/builders/page-list.ts';
import { startEmptySite, startSeededSite } from '../test/builders/seeded-site.ts';
import { startWebSite } from '../test/builders/web-site.ts';

const folder = join(import.meta.dirname, '../screenshots');
const wanted = process.argv.slice(2);
const looks = [
  ['light', 1440, 'light'],
  ['dark', 1440, 'dark'],
  ['narrow', 375, 'light'],
  ['narrow-dark', 375, 'dark'],
  ['tablet', 768, 'light'],
  ['wide', 2560, 'light'],
] as const;

type Pages = readonly (readonly [name: string, path: string])[];

/** Pictures of some pages of a site in every look. */
async function picture(url: string, sessionSecret: string | null, pages: Pages): Promise<void> {
  const chosen = pages.filter(([name]) => wanted.length === 0 || wanted.includes(name));
  if (chosen.length === 0) return;
  for (const [look, width, colorScheme] of looks) {
    const browser = await openBrowser(url, sessionSecret, { colorScheme, viewport: { width, height: 900 } });
    const page = await browser.context.newPage();
    page.on('pageerror', (error) => console.log(`${page.url()}: ${error.message}`));
    for (const [name, path] of chosen) await shoot(page, url + path, `${name}-${look}`);
    await browser.close();
  }
}

async function shoot(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  if (Number(overflow) > 0) console.log(`${name}: ${overflow} px too wide`);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

// The sites of the tests end with the test that started them.
test('screenshots', async () => {
  await mkdir(folder, { recursive: true });
  const unclaimed = await startWebSite();
  await picture(unclaimed.url, null, [['unclaimed', '/']]);
  const empty = await startEmptySite();
  await picture(empty.url, empty.sessionSecret, pagesOfFirstDay);
  const site = await startSeededSite();
  await picture(site.url, null, pagesOfNobody);
  await picture(site.url, site.sessionSecret, pagesOf(site));
});
