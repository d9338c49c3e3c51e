// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProductOverview, VersionOverview } from '../../search/product-overview.ts';
import type { TopCrashers } from '../../search/top-crashers.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { spark } from '../parts/charts.ts';
import { countBar, countText } from '../parts/figures.ts';
import { pageHead } from '../parts/heads.ts';
import { command, sectionHead, snippet } from '../parts/notices.ts';
import { cell, columnHead, dataTable, numberCell, rowHead } from '../parts/tables.ts';
import { cutText, signatureLink } from '../parts/text.ts';
import { ago, dateTimeText } from '../parts/times.ts';
import { TopCrashersLinks, topCrashersTable } from './top-crashers.ts';

/** Where one product's list of top crashers is; the versions are given, so that no redirect chooses others. */
export function topCrashersUrl(product: string, versions: readonly string[] = [], more: Record<string, string> = {}) {
  const url = urlWith('/topcrashers/', { product, version: versions, ...more });
  // An empty version asks for all of them; without any the page goes to the newest (web.md §1.7).
  return versions.length > 0 ? url : `${url}&version=`;
}

export function productUrl(product: string): string {
  return `/home/product/${encodeURIComponent(product)}`;
}

/** The products of a site, the busiest first. */
export function productsView(products: readonly ProductOverview[], latest: readonly LatestReport[], now: Date): Html {
  const most = Math.max(1, ...products.map(({ crashes }) => crashes));
  const crashes = products.reduce((sum, product) => sum + product.crashes, 0);
  const lead = html`<span class="strong">${countText(crashes)}</span> crash reports in the last 7 days`;
  const rows = products.map((product) => productRow(product, most, now));
  return html`${pageHead('Products', lead, html`<a class="btn quiet" href="/api/v1/products">JSON</a>`)}
${dataTable('Products, the busiest of the last seven days first', productHeads, rows, { look: 'stack', hasKeys: true })}
${latest.length === 0 ? nothing : latestReports(latest, now)}`;
}

const productHeads = [
  columnHead('Product'),
  html`<th role="columnheader" scope="col" class="num" aria-sort="descending">Crashes, 7 days</th>`,
  columnHead('Clients', 'num'),
  columnHead('7 days', 'num mid-wide'),
  columnHead('Top crasher, 7 days', 'grow'),
  columnHead('Current versions', 'mid-wide'),
  columnHead('Last report', 'mid-wide'),
];

/** One of the reports that came last, of any product. */
export interface LatestReport {
  readonly crashId: string;
  readonly date: string;
  readonly product: string;
  readonly version: string;
  readonly system: string;
  readonly signature: string;
}

function latestReports(latest: readonly LatestReport[], now: Date): Html {
  const heads = [
    columnHead('Report'),
    columnHead('Received'),
    columnHead('Product'),
    columnHead('System', 'mid-wide'),
    columnHead('Signature', 'grow'),
  ];
  const rows = latest.map((report) => latestRow(report, now));
  const all = html`<a class="btn quiet" href="/search/?_sort=-date">All</a>`;
  return html`<section class="section" aria-labelledby="latest">
${sectionHead('latest', 'Latest reports', null, all)}
${dataTable('The reports that came last', heads, rows, { look: 'tight stack' })}
</section>`;
}

function latestRow({ crashId, date, product, version, system, signature }: LatestReport, now: Date): Html {
  const program = `${product} ${version}`;
  return html`<tr role="row">
  ${rowHead(html`<a class="id" href="${`/report/index/${crashId}`}" title="${crashId}">${crashId.slice(0, 8)}</a>`, 'nowrap')}
  ${cell(ago(new Date(date), now), 'nowrap soft', 'Received')}
  ${cell(html`<span class="clip" title="${cutText(program, 300)}">${cutText(program, 60)}</span>`, 'cell')}
  ${cell(cutText(system, 30), 'nowrap mid-wide')}
  ${cell(signatureLine(signature, product), 'grow')}
</tr>`;
}

function signatureLine(signature: string, product: string, after: Html = nothing): Html {
  return html`<div class="sigline">${signatureLink(urlWith('/signature/', { signature, product }), signature)}${after}</div>`;
}

function productRow(product: ProductOverview, most: number, now: Date): Html {
  const name = product.product;
  const link = html`<a class="strong" href="${productUrl(name)}" title="${name.slice(0, 300)}">${cutText(name, 100)}</a>`;
  return html`<tr role="row">
  ${rowHead(link, 'name-cell')}
  ${numberCell(countBar(product.crashes, most), 'Crashes')}
  ${numberCell(clientsText(product), 'Clients')}
  ${cell(spark(product.buckets, 'Crashes per half day, last 7 days'), 'mid-wide')}
  ${cell(topSignature(product), 'grow')}
  ${cell(featuredLinks(product), 'mid-wide')}
  ${cell(ago(new Date(product.lastDate), now), 'nowrap soft mid-wide')}
</tr>`;
}

/** The top crashers of each featured version, and of all. */
function featuredLinks({ product, versions }: ProductOverview): Html {
  const links = versions
    .filter(({ isFeatured }) => isFeatured)
    .map(({ version, crashes }) => {
      const shown = html`${cutText(version, 20)} <span class="faint">${countText(crashes)}</span>`;
      return html`<a href="${topCrashersUrl(product, [version])}" title="${version.slice(0, 300)}">${shown}</a>`;
    });
  return html`<span class="version-links">${links} <a href="${topCrashersUrl(product)}">all</a></span>`;
}

function topSignature({ product, topSignature: top }: ProductOverview): Html {
  if (top === null) return html`<span class="faint">no crashes</span>`;
  return signatureLine(top.signature, product, html` <span class="faint">${countText(top.crashes)}</span>`);
}

const clientsText = ({ clients, crashes }: { clients: number; crashes: number }): Html =>
  clients === 0 && crashes > 0
    ? html`<span class="faint" title="These reports carry no client id">–</span>`
    : html`${countText(clients)}`;

const processLinks = [
  ['any', 'all processes'],
  ['parent', 'main'],
  ['content', 'content'],
  ['gpu', 'GPU'],
  ['plugin', 'plug-in'],
] as const;

/** One product: its featured versions with the lists for each kind of process, then all others. */
export function productView(product: ProductOverview, top: TopCrashers): Html {
  const featured = product.versions.filter(({ isFeatured }) => isFeatured);
  const shown = featured.length > 0 ? featured : product.versions.filter(({ isActive }) => isActive).slice(0, 4);
  const others = product.versions.filter((version) => !shown.includes(version));
  const named = { product: product.product };
  const actions = html`<a class="btn quiet" href="${urlWith('/api/v1/products', named)}">JSON</a>
    <a class="btn quiet" href="${urlWith('/search/', named)}">Search</a>`;
  const current =
    shown.length === 0
      ? html`<p class="prose">No version of this product sent a report in the last 60 days.</p>`
      : versionTable('Current versions', product.product, shown);
  return html`${pageHead(cutText(product.product, 300), productLead(product), actions)}
${current}
${topSection(product, top)}
${others.length === 0 ? nothing : versionTable('Other versions', product.product, others)}`;
}

/** `12 crashes in the last 7 days of 5 clients, 600 in all` */
function productLead({ crashes, clients, reportCount }: ProductOverview): Html {
  const ofClients = clients === 0 ? '' : ` of ${countText(clients)} client${clients === 1 ? '' : 's'}`;
  const words = `crash${crashes === 1 ? '' : 'es'} in the last 7 days${ofClients}, ${countText(reportCount)} in all`;
  return html`<span class="strong">${countText(crashes)}</span> ${words}`;
}

/** How many signatures the page of a product shows; the list of top crashers has the rest. */
const topShown = 10;

function topSection({ product }: ProductOverview, top: TopCrashers): Html {
  if (top.rows.length === 0) return nothing;
  const shown = { ...top, rows: top.rows.slice(0, topShown) };
  const url = topCrashersUrl(product, [], { process_type: 'any', _report_type: 'any' });
  const all = html`<a class="btn quiet" href="${url}">All ${countText(top.totalSignatures)}</a>`;
  return html`<section class="section" aria-labelledby="top">
${sectionHead('top', 'Top crashers', 'last 7 days, all versions and processes', all)}
${topCrashersTable(shown, new TopCrashersLinks(top))}
</section>`;
}

function versionTable(title: string, product: string, versions: readonly VersionOverview[]): Html {
  const id = title.toLowerCase().replaceAll(' ', '-');
  const heads = [
    columnHead('Version'),
    columnHead('Crashes, 7 days', 'num'),
    columnHead('Clients', 'num'),
    columnHead('Reports in all', 'num mid-wide'),
    columnHead('Top crashers', 'grow'),
    columnHead('First report', 'mid-wide'),
    columnHead('Last report', 'mid-wide'),
  ];
  const rows = versions.map((version) => versionRow(product, version));
  return html`<section class="section" aria-labelledby="${id}">
${sectionHead(id, title)}
${dataTable(title, heads, rows, { look: 'tight plain stack' })}
</section>`;
}

function versionRow(product: string, overview: VersionOverview): Html {
  const { version, releaseChannel } = overview;
  const url = topCrashersUrl(product, [version]);
  const name = html`<a class="strong" href="${url}" title="${version.slice(0, 300)}">${cutText(version, 40)}</a>`;
  const channel = releaseChannel ? html` <span class="badge">${releaseChannel}</span>` : nothing;
  const lists = processLinks.map(
    ([type, shown]) => html`<a href="${topCrashersUrl(product, [version], { process_type: type })}">${shown}</a> `,
  );
  return html`<tr role="row">
  ${rowHead(html`${name}${channel}`, 'name-cell')}
  ${numberCell(countText(overview.crashes), 'Crashes, 7 days')}
  ${numberCell(clientsText(overview), 'Clients')}
  ${numberCell(countText(overview.reportCount), '', 'mid-wide')}
  ${cell(html`<span class="version-links">${lists}</span>`, 'grow')}
  ${dayCell(overview.firstDate)}
  ${dayCell(overview.lastDate)}
</tr>`;
}

/** The day of a moment; all of it on hover. */
function dayCell(text: string): Html {
  const title = `${dateTimeText(new Date(text))} UTC`;
  return html`<td role="cell" class="nowrap soft mid-wide" title="${title}">${text.slice(0, 10)}</td>`;
}

/** The first day: how to get the first report in. */
export function firstRunView(baseUrl: string, checks: readonly { name: string; isOk: boolean; text: string }[]): Html {
  // The clients of these libraries keep the answer as the id: they need it bare (docs/clients.md).
  const bareUrl = `${baseUrl}/submit/bare`;
  const electron = `crashReporter.start({
  submitURL: "${bareUrl}",
  productName: "YourProduct",
  uploadToServer: true
})`;
  const option = baseUrl === 'http://127.0.0.1:8000' ? '' : ` --url ${baseUrl}`;
  const results = checks.map(
    ({ name, isOk, text }) =>
      html`<li><span class="state ${isOk ? 'ok' : 'danger'}">${name}</span><span>${text}</span></li>`,
  );
  return html`<div class="page-head">
  <h1>Nothing received yet</h1>
  <p class="lead" role="status">Listening for reports at <code>${baseUrl}/submit</code></p>
</div>
<p class="prose">
  Salvage shows a product as soon as its first report arrives. There is nothing to declare. This page moves on by itself.
</p>
<ol class="numbered">
  <li><div>
    <h2>Look around with the demo</h2>
    <p class="soft">A few dozen crashes of sample programs with their symbols, in about two seconds.</p>
    ${command('cmd-demo', `./salvage demo${option}`)}
  </div></li>
  <li><div>
    <h2>Or point your application here</h2>
    <p class="soft">Electron, in the main process before <code>app.whenReady()</code>:</p>
    ${snippet('cmd-electron', electron)}
    <p class="soft below">
      Crashpad and Breakpad post to the same address; it is the <code>url</code> of <code>StartHandler</code>,
      or the last argument of <code>minidump_upload</code>. The Firefox family posts to <code>${baseUrl}/submit</code>.
    </p>
    <p class="soft">
      A minidump that you have already:
      <code>./salvage submit FILE.dmp -a ProductName=YourProduct -a Version=1.0</code>
    </p>
  </div></li>
  <li><div>
    <h2>Add your symbols</h2>
    <p class="soft">Without them stacks show <code>module + offset</code>.</p>
    ${command('cmd-sym', './salvage symbols add path/to/build')}
  </div></li>
</ol>
<section class="section" aria-labelledby="check">
${sectionHead('check', 'Checks')}
<ul class="timeline checks">${results}</ul>
</section>`;
}
