// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { type DemoParts, makeDemoReports, sendDemoReport } from '../../client/demo.ts';
import { demoScenes } from '../../client/demo-scenes.ts';
import { findSymFiles } from '../../symbols/find-sym-files.ts';
import { SymbolStore } from '../../symbols/symbol-store.ts';
import { openContext, type ProcessContext } from '../context.ts';
import { localSiteText, siteUrl } from '../intake-url.ts';
import { packageRoot } from '../version.ts';

const demoFolder = join(packageRoot, 'demo');

const parts: DemoParts = {
  readDump: async (name) => gunzipSync(await readFile(join(demoFolder, 'dumps', `${name}.dmp.gz`))),
  now: () => new Date(),
  randomHex: (digits) =>
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
};

/** `salvage demo`: a few dozen crashes of sample programs, so that there is something to look at. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('send a few dozen crashes of sample programs to a running site, to see it alive')
    .option('--url <url>', `address of the site (${localSiteText})`)
    .option('--one', 'send one crash only, and say where it shows up')
    .action((options: { url?: string; one?: boolean }) => runDemo(options));
}

/** `salvage send-test-crash`: what the page of the first day names. */
export function addSendTestCrashCommand(program: Command): void {
  program
    .command('send-test-crash')
    .description('send one crash of a sample program, and say where it shows up (= demo --one)')
    .option('--url <url>', `address of the site (${localSiteText})`)
    .action((options: { url?: string }) => runDemo({ ...options, one: true }));
}

async function runDemo(options: { readonly url?: string; readonly one?: boolean }): Promise<void> {
  const context = await openContext('demo', { logsTo: 'stderr', announcesConfig: false });
  try {
    const site = siteUrl(options.url).origin;
    // Symbols first: stacks are walked within a second of the report.
    await addDemoSymbols(context, site);
    await (options.one ? sendOne(site) : sendAll(site));
  } finally {
    await context.releasers.releaseAll();
  }
}

async function addDemoSymbols(context: ProcessContext, site: string): Promise<void> {
  const why = whyNoSymbols(site, context.dataDir);
  if (why !== null) {
    process.stdout.write(`Stacks will have no function names: ${why}\n`);
    return;
  }
  const root = join(context.dataDir, 'symbols');
  const store = new SymbolStore(root);
  let count = 0;
  for await (const { path } of findSymFiles(join(demoFolder, 'symbols'), join(root, '.incoming'))) {
    await store.add(path);
    count++;
  }
  process.stdout.write(`Symbols of ${count} sample modules are in ${root}\n`);
}

/** Null when the site's symbol store is a folder that this command can write to. */
function whyNoSymbols(site: string, dataDir: string): string | null {
  const host = new URL(site).hostname.replace(/^\[|\]$/g, '');
  const isHere = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (!isHere)
    return `${host} is another machine; run \`salvage symbols add ${join(demoFolder, 'symbols')}\` there and the demo again.`;
  if (existsSync(join(dataDir, 'spool'))) return null;
  return `${dataDir} is not the data folder of a site; set SALVAGE_DATA_DIR as for \`salvage serve\`.`;
}

async function sendOne(site: string): Promise<void> {
  const [first] = demoScenes;
  const [report] = first ? await makeDemoReports([{ ...first, count: 1 }], parts) : [];
  if (!report) throw new Error('the demo has no scenes');
  const { crashId, durationMs } = await sendDemoReport(report, `${site}/submit`, parts.randomHex);
  process.stdout.write(`CrashID=bp-${crashId} after ${durationMs.toFixed(0)} ms\n`);
  process.stdout.write(`See it in about a second: ${site}/report/index/${crashId}\n`);
}

async function sendAll(site: string): Promise<void> {
  const reports = await makeDemoReports(demoScenes, parts);
  const startedMs = performance.now();
  const counts = new Map<string, number>();
  for (const report of reports) {
    await sendDemoReport(report, `${site}/submit`, parts.randomHex);
    const { ProductName, _productName, prod } = report.content.annotations;
    const product = ProductName ?? _productName ?? prod ?? '';
    counts.set(product, (counts.get(product) ?? 0) + 1);
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const products = [...counts].map(([product, count]) => `${product} ${count}`).join(', ');
  process.stdout.write(`${reports.length} crashes sent in ${seconds} s: ${products}\n`);
  process.stdout.write(`Look at ${site}/ in a moment; \`salvage admin link\` lets you in.\n`);
}
