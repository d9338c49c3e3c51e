// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProductOverview, VersionOverview } from '../../search/product-overview.ts';
import type { TopCrashers } from '../../search/top-crashers.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { spark } from '../parts/charts.ts';
import { countText } from '../parts/figures.ts';
import { command, sectionHead, snippet } from '../parts/notices.ts';
import { cutText, middle } from '../parts/text.ts';
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
  return html`<div class="page-head">
  <h1>Products</h1>
  <p class="lead"><span class="strong">${countText(crashes)}</span> crash reports in the last 7 days</p>
  <div class="actions"><a class="btn quiet" href="/api/v1/products">JSON</a></div>
</div>
<div class="table-wrap">
  <table role="table" class="data stack" data-rows>
    <caption class="vh">Products, the busiest of the last seven days first</caption>
    <thead role="rowgroup"><tr role="row">
      <th role="columnheader" scope="col">Product</th>
      <th role="columnheader" scope="col" class="num" aria-sort="descending">Crashes, 7 days</th>
      <th role="columnheader" scope="col" class="num">Clients</th>
      <th role="columnheader" scope="col" class="num mid-wide">7 days</th>
      <th role="columnheader" scope="col" class="grow">Top crasher, 7 days</th>
      <th role="columnheader" scope="col" class="mid-wide">Current versions</th>
      <th role="columnheader" scope="col" class="mid-wide">Last report</th>
    </tr></thead>
    <tbody role="rowgroup">${products.map((product) => productRow(product, most, now))}</tbody>
  </table>
</div>
${latest.length === 0 ? nothing : latestReports(latest, now)}`;
}

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
  const rows = latest.map(
    ({ crashId, date, product, version, system, signature }) => html`<tr role="row">
  <th role="rowheader" scope="row" class="nowrap"><a class="id" href="${`/report/index/${crashId}`}" title="${crashId}">${crashId.slice(0, 8)}</a></th>
  <td role="cell" class="nowrap soft" data-label="Received">${ago(new Date(date), now)}</td>
  <td role="cell" class="cell"><span class="clip" title="${cutText(`${product} ${version}`, 300)}">${cutText(`${product} ${version}`, 60)}</span></td>
  <td role="cell" class="nowrap mid-wide">${cutText(system, 30)}</td>
  <td role="cell" class="grow"><div class="sigline"><a class="sig" href="${urlWith('/signature/', { signature, product })}" title="${signature.slice(0, 1000)}">${middle(signature.slice(0, 1000))}</a></div></td>
</tr>`,
  );
  return html`<section class="section" aria-labelledby="latest">${sectionHead('latest', 'Latest reports', null, html`<a class="btn quiet" href="/search/?_sort=-date">All</a>`)}
<div class="table-wrap"><table role="table" class="data tight stack">
  <caption class="vh">The reports that came last</caption>
  <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Report</th><th role="columnheader" scope="col">Received</th><th role="columnheader" scope="col">Product</th><th role="columnheader" scope="col" class="mid-wide">System</th><th role="columnheader" scope="col" class="grow">Signature</th></tr></thead>
  <tbody role="rowgroup">${rows}</tbody>
</table></div></section>`;
}

function productRow(product: ProductOverview, most: number, now: Date): Html {
  const featured = product.versions.filter(({ isFeatured }) => isFeatured);
  return html`<tr role="row">
  <th role="rowheader" scope="row" class="name-cell"><a class="strong" href="${productUrl(product.product)}" title="${product.product.slice(0, 300)}">${cutText(product.product, 100)}</a></th>
  <td role="cell" class="num" data-label="Crashes"><span class="cell-bar"><svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="1"/><rect class="fill" width="${((100 * product.crashes) / most).toFixed(1)}%" height="100%" rx="1"/></svg><span class="fig">${countText(product.crashes)}</span></span></td>
  <td role="cell" class="num" data-label="Clients">${clientsText(product)}</td>
  <td role="cell" class="mid-wide">${spark(product.buckets, 'Crashes per half day, last 7 days')}</td>
  <td role="cell" class="grow">${topSignature(product)}</td>
  <td role="cell" class="mid-wide"><span class="version-links">${featured.map((version) => html`<a href="${topCrashersUrl(product.product, [version.version])}" title="${version.version.slice(0, 300)}">${cutText(version.version, 20)} <span class="faint">${countText(version.crashes)}</span></a>`)} <a href="${topCrashersUrl(product.product)}">all</a></span></td>
  <td role="cell" class="nowrap soft mid-wide">${ago(new Date(product.lastDate), now)}</td>
</tr>`;
}

function topSignature({ product, topSignature: top }: ProductOverview): Html {
  if (top === null) return html`<span class="faint">no crashes</span>`;
  const name = top.signature.slice(0, 1000);
  return html`<div class="sigline"><a class="sig" href="${urlWith('/signature/', { signature: top.signature, product })}" title="${name}">${middle(name)}</a> <span class="faint">${countText(top.crashes)}</span></div>`;
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
  return html`<div class="page-head">
  <h1>${cutText(product.product, 300)}</h1>
  <p class="lead"><span class="strong">${countText(product.crashes)}</span> crash${product.crashes === 1 ? '' : 'es'} in the last 7 days${product.clients === 0 ? nothing : html` of ${countText(product.clients)} client${product.clients === 1 ? '' : 's'}`}, ${countText(product.reportCount)} in all</p>
  <div class="actions"><a class="btn quiet" href="${urlWith('/api/v1/products', { product: product.product })}">JSON</a><a class="btn quiet" href="${urlWith('/search/', { product: product.product })}">Search</a></div>
</div>
${shown.length === 0 ? html`<p class="prose">No version of this product sent a report in the last 60 days.</p>` : versionTable('Current versions', product.product, shown)}
${topSection(product, top)}
${others.length === 0 ? nothing : versionTable('Other versions', product.product, others)}`;
}

/** How many signatures the page of a product shows; the list of top crashers has the rest. */
const topShown = 10;

function topSection({ product }: ProductOverview, top: TopCrashers): Html {
  if (top.rows.length === 0) return nothing;
  const shown = { ...top, rows: top.rows.slice(0, topShown) };
  const all = html`<a class="btn quiet" href="${topCrashersUrl(product, [], { process_type: 'any', _report_type: 'any' })}">All ${countText(top.totalSignatures)}</a>`;
  return html`<section class="section" aria-labelledby="top">${sectionHead('top', 'Top crashers', 'last 7 days, all versions and processes', all)}${topCrashersTable(shown, new TopCrashersLinks(top))}</section>`;
}

function versionTable(title: string, product: string, versions: readonly VersionOverview[]): Html {
  const id = title.toLowerCase().replaceAll(' ', '-');
  const rows = versions.map(
    (version) => html`<tr role="row">
  <th role="rowheader" scope="row" class="name-cell"><a class="strong" href="${topCrashersUrl(product, [version.version])}" title="${version.version.slice(0, 300)}">${cutText(version.version, 40)}</a>${version.releaseChannel ? html` <span class="badge">${version.releaseChannel}</span>` : nothing}</th>
  <td role="cell" class="num" data-label="Crashes, 7 days">${countText(version.crashes)}</td>
  <td role="cell" class="num" data-label="Clients">${clientsText(version)}</td>
  <td role="cell" class="num mid-wide">${countText(version.reportCount)}</td>
  <td role="cell" class="grow"><span class="version-links">${processLinks.map(([type, name]) => html`<a href="${topCrashersUrl(product, [version.version], { process_type: type })}">${name}</a> `)}</span></td>
  <td role="cell" class="nowrap soft mid-wide" title="${dateTimeText(new Date(version.firstDate))} UTC">${version.firstDate.slice(0, 10)}</td>
  <td role="cell" class="nowrap soft mid-wide" title="${dateTimeText(new Date(version.lastDate))} UTC">${version.lastDate.slice(0, 10)}</td>
</tr>`,
  );
  return html`<section class="section" aria-labelledby="${id}">
${sectionHead(id, title)}
<div class="table-wrap"><table role="table" class="data tight plain stack">
  <caption class="vh">${title}</caption>
  <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Version</th><th role="columnheader" scope="col" class="num">Crashes, 7 days</th><th role="columnheader" scope="col" class="num">Clients</th><th role="columnheader" scope="col" class="num mid-wide">Reports in all</th><th role="columnheader" scope="col" class="grow">Top crashers</th><th role="columnheader" scope="col" class="mid-wide">First report</th><th role="columnheader" scope="col" class="mid-wide">Last report</th></tr></thead>
  <tbody role="rowgroup">${rows}</tbody>
</table></div></section>`;
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
  return html`<div class="page-head"><h1>Nothing received yet</h1><p class="lead" role="status">Listening for reports at <code>${baseUrl}/submit</code></p></div>
<p class="prose">Salvage shows a product as soon as its first report arrives. There is nothing to declare. This page moves on by itself.</p>
<ol class="numbered">
  <li><div><h2>Look around with the demo</h2><p class="soft">A few dozen crashes of sample programs with their symbols, in about two seconds.</p>${command('cmd-demo', `./salvage demo${option}`)}</div></li>
  <li><div><h2>Or point your application here</h2><p class="soft">Electron, in the main process before <code>app.whenReady()</code>:</p>
    ${snippet('cmd-electron', electron)}
    <p class="soft below">Crashpad and Breakpad post to the same address; it is the <code>url</code> of <code>StartHandler</code>, or the last argument of <code>minidump_upload</code>. The Firefox family posts to <code>${baseUrl}/submit</code>.</p>
    <p class="soft">A minidump that you have already: <code>./salvage submit FILE.dmp -a ProductName=YourProduct -a Version=1.0</code></p></div></li>
  <li><div><h2>Add your symbols</h2><p class="soft">Without them stacks show <code>module + offset</code>.</p>${command('cmd-sym', './salvage symbols add path/to/build')}</div></li>
</ol>
<section class="section" aria-labelledby="check">
${sectionHead('check', 'Checks')}
<ul class="timeline checks">${checks.map(({ name, isOk, text }) => html`<li><span class="state ${isOk ? 'ok' : 'danger'}">${name}</span><span>${text}</span></li>`)}</ul>
</section>`;
}
