// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run screenshots [-- name …]`: pictures of every page with invented data, light, dark and narrow, into screenshots/.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBrowser } from '../test/builders/browser.ts';
import { pagesOf } from '../test/builders/page-list.ts';
import { startSeededSite } from '../test/builders/seeded-site.ts';

const folder = join(import.meta.dirname, '../screenshots');
const wanted = process.argv.slice(2);
const looks = [
  ['light', 1440, 'light'],
  ['dark', 1440, 'dark'],
  ['narrow', 375, 'light'],
] as const;

// The site of the tests ends with the test that started it.
test('screenshots', async () => {
  await mkdir(folder, { recursive: true });
  const site = await startSeededSite();
  const pages = pagesOf(site).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  for (const [look, width, colorScheme] of looks) {
    const browser = await openBrowser(site.url, site.sessionSecret, { colorScheme, viewport: { width, height: 900 } });
    const page = await browser.context.newPage();
    for (const [name, path] of pages) {
      await page.goto(site.url + path);
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (Number(overflow) > 0) console.log(`${name} ${look}: ${overflow} px too wide`);
      await page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: true });
    }
    await browser.close();
  }
});
