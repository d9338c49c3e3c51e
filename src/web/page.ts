// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { raw } from 'hono/html';
import type { Access } from './access.ts';
import type { Asset } from './assets.ts';
import { type Html, html, nothing, urlWith } from './html.ts';
import { cutText } from './parts/text.ts';
import type { WebParts } from './web-parts.ts';

/** What every page needs around its content. */
export interface PageFrame {
  /** Title of the window, without the product's own name. */
  readonly title: string;
  readonly nav: 'topcrashers' | 'search' | 'status' | 'account' | null;
  /** The product and version that the page is about, for the context menu of the bar. */
  readonly product?: string | null;
  readonly version?: string | null;
  /** Names of further islands, e.g. `pending.js`. */
  readonly scripts?: readonly string[];
  /** `data-page` of the body, for islands and screenshots. */
  readonly page: string;
  /** Nobody can sign in yet, so the bar does not offer it. */
  readonly isUnclaimed?: boolean;
  readonly content: Html;
}

/** What a page renderer is given; made once a request. */
export interface PageContext {
  readonly parts: WebParts;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly access: Access;
  readonly products: readonly { readonly product: string; readonly reportCount: number }[];
  readonly versions: readonly { readonly version: string; readonly reportCount: number }[];
  readonly isHttps: boolean;
}

const symbols: readonly (readonly [string, string])[] = [
  ['search', '<circle cx="6.5" cy="6.5" r="4"/><path d="m9.5 9.5 3 3"/>'],
  ['chev', '<path d="m3 5 4 4 4-4"/>'],
  [
    'copy',
    '<rect x="5" y="5" width="7.5" height="7.5" rx="1.5"/>' +
      '<path d="M9 5V3A1.5 1.5 0 0 0 7.5 1.5h-4.5A1.5 1.5 0 0 0 1.5 3v4.5A1.5 1.5 0 0 0 3 9h2"/>',
  ],
  ['lock', '<rect x="2.5" y="6" width="9" height="6.5" rx="1.2"/><path d="M4.5 6V4.5a2.5 2.5 0 0 1 5 0V6"/>'],
  ['warn', '<path d="M7 1.8 13 12.2H1zM7 5.5v3M7 10.3v.1"/>'],
  ['info', '<circle cx="7" cy="7" r="5.5"/><path d="M7 6.5v3.5M7 4.2v.1"/>'],
  ['ok', '<path d="m2.5 7.5 3 3 6-7"/>'],
  ['theme', '<circle cx="7" cy="7" r="5.5"/><path d="M7 1.5v11M9 2.2v9.6M11 3.5v7"/>'],
  ['stop', '<circle cx="7" cy="7" r="5.5"/><path d="m3.2 3.2 7.6 7.6"/>'],
];

const sprite = raw(
  `<svg hidden>${symbols.map(([name, shape]) => `<symbol id="i-${name}" viewBox="0 0 14 14">${shape}</symbol>`).join('')}</svg>`,
);
const brandMark = raw(
  '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="' +
    'M3 1h10a2 2 0 0 1 2 2v4.5H9.2L6.8 4.8 4.6 7.5H1V3a2 2 0 0 1 2-2z' +
    'm-2 8h4.3l1.5-1.9L8.6 9H15v4a2 2 0 0 1-2 2H3a2 2 0 0 1-2-2z"/></svg>',
);

/** An icon of the sprite. */
export function icon(name: 'search' | 'chev' | 'copy' | 'lock' | 'warn' | 'info' | 'ok' | 'theme' | 'stop'): Html {
  return raw(`<svg class="icon" aria-hidden="true"><use href="#i-${name}"/></svg>`);
}

/** The whole document around a page's content. */
export function renderPage(frame: PageFrame, context: PageContext): Html {
  const asset = (name: string) => context.assets.get(name)?.url ?? '';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${frame.title} – Salvage</title>
<link rel="stylesheet" href="${asset('tokens.css')}">
<link rel="stylesheet" href="${asset('components.css')}">
<link rel="stylesheet" href="${asset('site.css')}">
<link rel="icon" href="${asset('icon.svg')}">
<script src="${asset('look.js')}"></script>
${(frame.scripts ?? []).map((name) => html`<script type="module" src="${asset(name)}"></script>`)}
</head>
<body data-page="${frame.page}">
<a class="skip" href="#main">Skip to content</a>
${sprite}
${bar(frame, context)}
${insecureBanner(context)}
<main class="page" id="main">
${frame.content}
</main>
${footer(context)}
</body>
</html>`;
}

function bar(frame: PageFrame, context: PageContext): Html {
  const link = (id: PageFrame['nav'], url: string, text: string) =>
    frame.nav === id ? html`<a href="${url}" aria-current="page">${text}</a>` : html`<a href="${url}">${text}</a>`;
  const canRead = context.access.reader.permissions.has('view');
  const product = frame.product ?? context.products.toSorted((a, b) => b.reportCount - a.reportCount)[0]?.product;
  const topcrashers = product
    ? urlWith('/topcrashers/', { product, version: frame.product ? frame.version : null })
    : '/';
  const links = html`<nav class="appnav" aria-label="Main">
      ${link('topcrashers', topcrashers, 'Top crashers')}
      ${link('search', urlWith('/search/', { product: frame.product }), 'Search')}
      ${link('status', '/status', 'Status')}
    </nav>`;
  return html`<header class="appbar">
  <div class="appbar-in">
    <a class="brand" href="/">${brandMark}<span class="word">Salvage</span></a>
    ${canRead ? contextMenus(frame, context) : nothing}
    ${canRead ? links : nothing}
    ${canRead ? quickSearch : nothing}
    <button class="icon-btn end-first" type="button" data-theme aria-label="Switch light and dark">${icon('theme')}</button>
    ${frame.isUnclaimed ? nothing : personMenu(context)}
  </div>
</header>`;
}

const slashKey = html`<kbd aria-hidden="true">/</kbd>`;
const quickSearch = html`<form class="quick" action="/search/quick/" role="search">
      ${icon('search')}
      <label class="vh" for="quick">Crash id, signature or query</label>
      <input id="quick" name="query" type="search" placeholder="Crash id or signature"
        autocomplete="off" spellcheck="false">${slashKey}
      <button class="vh" type="submit" tabindex="-1">Go</button>
    </form>`;

function contextMenus(frame: PageFrame, context: PageContext): Html {
  if (context.products.length === 0) return nothing;
  const current = frame.product ?? null;
  const marked = (isCurrent: boolean) => (isCurrent ? raw(' aria-current="true"') : nothing);
  const counted = (name: string, count: number) =>
    html`${name} <span class="faint">${count.toLocaleString('en')}</span>`;
  const products = context.products.map(({ product, reportCount }) => {
    const text = counted(cutText(product, 100), reportCount);
    return html`<a href="${urlWith('/topcrashers/', { product })}"${marked(product === current)}>${text}</a>`;
  });
  const versions = context.versions.map(({ version, reportCount }) => {
    const url = urlWith('/topcrashers/', { product: current, version });
    return html`<a href="${url}"${marked(version === frame.version)}>${counted(version, reportCount)}</a>`;
  });
  const versionMenu = () => html`<span class="slash" aria-hidden="true">/</span>
    <details class="menu">
      ${menuSummary('Version', frame.version ?? 'All versions')}
      <div class="menu-list">
        ${versions}
        <a href="${urlWith('/topcrashers/', { product: current })}&amp;version="${marked(!frame.version)}>All versions</a>
      </div>
    </details>`;
  return html`<div class="context">
    <details class="menu">
      ${menuSummary('Product', cutText(current ?? 'All products', 100))}
      <div class="menu-list">${products}</div>
    </details>
    ${current && context.versions.length > 0 ? versionMenu() : nothing}
    </div>`;
}

/** What a menu shows when it is closed; what it chooses is said to those who do not see where it stands. */
function menuSummary(label: string, chosen: string): Html {
  const text = html`<span class="vh">${label}: </span><span class="cut-text">${chosen}</span>`;
  return html`<summary>${text} ${icon('chev')}</summary>`;
}

function personMenu({ access }: PageContext): Html {
  const { reader, session } = access;
  if (!session) return html`<a class="end" href="/sign-in">Sign in</a>`;
  const name = reader.name ?? '';
  const initial = html`<span class="short" aria-hidden="true">${name.slice(0, 1).toUpperCase()}</span>`;
  return html`<details class="menu end">
      <summary><span class="long">${name}</span>${initial} ${icon('chev')}</summary>
      <div class="menu-list">
        <a href="/profile/">Profile</a>
        <a href="/api/tokens/">API tokens</a>
        ${reader.permissions.has('admin') ? html`<a href="/admin/people">People</a>` : nothing}
        <form method="post" action="/sign-out">
          <input type="hidden" name="csrf" value="${session.csrfSecret}">
          <button type="submit">Sign out</button>
        </form>
      </div>
    </details>`;
}

/** Plain http beyond this machine carries passwords and cookies in the clear (decisions.md 43). */
function insecureBanner(context: PageContext): Html {
  const isLoopback = /^(127\.|::1$|::ffff:127\.)/.test(context.access.address);
  if (context.isHttps || isLoopback) return nothing;
  return html`<p class="notice warn" role="note">
  ${icon('warn')} This site is reached over plain http: put it behind HTTPS before you sign in from elsewhere.
</p>`;
}

function footer(context: PageContext): Html {
  return html`<footer class="footer">
  <span>Times in UTC</span>
  <a href="/documentation/keyboard/">Keyboard <kbd>?</kbd></a>
  <a href="/documentation/supersearch/">Search help</a>
  <a href="/api/">API</a>
  <span>Salvage ${context.parts.version}</span>
</footer>
${keysDialog}`;
}

/** What `?` shows; the same list is a page of its own for readers without script. */
const keysDialog = raw(`<dialog class="keys" id="keys" aria-labelledby="keys-title">
<h2 id="keys-title">Keys</h2>
<dl class="kv">
<div><dt><kbd>/</kbd></dt><dd>search</dd></div>
<div><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next and previous row</dd></div>
<div><dt><kbd>o</kbd></dt><dd>open the row</dd></div>
<div><dt><kbd>t</kbd></dt><dd>threads of a report</dd></div>
<div><dt><kbd>c</kbd></dt><dd>copy</dd></div>
<div><dt><kbd>?</kbd></dt><dd>this list</dd></div>
</dl>
<form method="dialog"><button class="btn" type="submit">Close</button></form>
</dialog>`);

/** Sends a page; pages are never cached by anybody between. */
export function sendPage(reply: FastifyReply, page: Html, status = 200): FastifyReply {
  return reply
    .status(status)
    .type('text/html; charset=utf-8')
    .header('cache-control', 'private, no-store')
    .send(String(page));
}

/** True if the reader reached us over HTTPS, through a believed proxy or directly. */
export function isHttps(request: FastifyRequest): boolean {
  return request.protocol === 'https';
}
