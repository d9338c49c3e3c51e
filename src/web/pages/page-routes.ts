// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type {} from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SalvageError } from '../../lib/errors.ts';
import { peopleErrors } from '../../people/errors.ts';
import { newestFirst } from '../../search/version-order.ts';
import { findAccess, mayReadProduct, requireClaimed } from '../access.ts';
import { readAssets } from '../assets.ts';
import { webErrors } from '../errors.ts';
import { type Html, html, nothing } from '../html.ts';
import { isHttps, type PageContext, renderPage, sendPage } from '../page.ts';
import { pageHead } from '../parts/heads.ts';
import { command } from '../parts/notices.ts';
import { ticked } from '../parts/text.ts';
import { type ShownError, sendError, shownError } from '../send-error.ts';
import type { WebParts } from '../web-parts.ts';
import { addAccountPages } from './account-pages.ts';
import type { AddPage, AddPages } from './page-route.ts';

/** All pages. Until somebody has claimed the site, only the open ones answer (web.md §7.2). */
export function addPageRoutes(app: FastifyInstance, parts: WebParts, pages: readonly AddPages[]): void {
  const assets = readAssets();
  for (const asset of assets.values())
    app.get(asset.url, { config: { rateLimit: false } }, (_request, reply) =>
      reply.type(asset.contentType).header('cache-control', 'public, max-age=31536000, immutable').send(asset.bytes),
    );
  const failed = async (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendErrorPage(error, await makeContext(request, parts, assets).catch(() => null), request, reply, parts);
  const add: AddPage = (route) => {
    app.route({
      method: route.method ?? 'GET',
      url: route.url,
      errorHandler: failed,
      handler: async (request, reply) => {
        if (!route.isOpen) await requireClaimed(parts.people);
        const context = await makeContext(request, parts, assets);
        if (!route.isOpen && !context.access.reader.permissions.has('view')) {
          if (context.access.reader.via !== 'anonymous') throw new SalvageError(webErrors.permission_required);
          return reply.redirect(`/sign-in?next=${encodeURIComponent(request.url)}`, 302);
        }
        return route.handle(context, request, reply);
      },
    });
  };
  addAccountPages(add, parts);
  for (const addPages of pages) addPages(add, parts);
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const [path = '', query] = request.url.split('?');
    // No route, so nothing has read the query as all routes have it.
    request.query = new URLSearchParams(query);
    if (!path.startsWith('/api/')) return failed(new SalvageError(webErrors.not_found), request, reply);
    const name = path.slice('/api/'.length).replace(/\/$/, '').slice(0, 100);
    return sendError(new SalvageError(webErrors.not_found, `No service called '${name}'`), request, reply, parts);
  });
}

async function makeContext(
  request: FastifyRequest,
  parts: WebParts,
  assets: PageContext['assets'],
): Promise<PageContext> {
  const access = await findAccess(request, parts);
  const product = (request.query as URLSearchParams).get('product');
  const canRead = access.reader.permissions.has('view');
  const [products, versions] = canRead
    ? await Promise.all([
        parts.search.productsSeen(),
        product && !product.includes('\0') ? parts.search.versionsSeen(product) : [],
      ])
    : [[], []];
  return {
    parts,
    assets,
    access,
    isHttps: isHttps(request),
    products: products.filter((one) => mayReadProduct(access.reader, one.product)),
    versions: newestFirst(versions).slice(0, 12),
  };
}

/** First what is the case, then what to do, the slug last and faint; then the ways out. */
function errorContent(shown: ShownError, ways: Html = nothing): Html {
  return html`${pageHead(titleOf(shown))}
<p class="prose strong">${ticked(shown.message)}</p>
<p class="prose">${ticked(shown.remedy)} <span class="faint">${shown.slug}</span></p>
${ways}`;
}

const titles: Readonly<Record<number, string>> = {
  400: 'This address cannot be read',
  403: 'Not allowed',
  404: 'Nothing here',
  429: 'Too many requests',
  500: 'That went wrong',
  503: 'Not available at the moment',
};

function titleOf({ status, slug }: ShownError): string {
  if (slug === peopleErrors.claim_link_invalid.slug) return 'This link does not work any more';
  return titles[status] ?? 'That did not work';
}

/** Before anybody has signed in there is one thing to do, and it is done on the server. */
function unclaimedContent(): Html {
  return html`${pageHead('Salvage runs, and waits for its owner')}
<p class="prose">Nothing is shown before somebody has signed in for the first time. Crash reports are taken in already.</p>
<ol class="numbered">
  <li><div>
    <h2>Open the link that the terminal shows</h2>
    <p class="soft">
      <code>npm start</code> and <code>salvage serve</code> print it once they are ready; it signs you in.
    </p>
  </div></li>
  <li><div>
    <h2>Or ask for a fresh one on the server</h2>
    <p class="soft">It works once, for 30 minutes.</p>
    ${command('cmd-link', './salvage admin link')}
  </div></li>
</ol>
<p class="faint">not_claimed</p>`;
}

async function sendErrorPage(
  error: unknown,
  context: PageContext | null,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  const shown = shownError(error);
  if (shown.status >= 500 && shown.slug !== webErrors.not_claimed.slug)
    parts.logger
      .named('salvage.web')
      .error(`${request.method} ${request.routeOptions.url}: ${shown.slug}`, { error, request_id: request.id });
  if (shown.status === 503) reply.header('retry-after', '10');
  const title = titleOf(shown);
  // Without a database not even the bar can be filled: the text alone still says what is the case.
  if (!context)
    return reply
      .status(shown.status)
      .type('text/plain; charset=utf-8')
      .send(`${title}. ${shown.message} ${shown.remedy} [${shown.slug}]`);
  const isUnclaimed = shown.slug === webErrors.not_claimed.slug;
  const signIn = html`<a class="btn quiet" href="/sign-in">Sign in</a>`;
  const ways = html`<div class="actions section">
  <a class="btn" href="/">Start page</a>
  ${context.access.session ? nothing : signIn}
</div>`;
  const content = isUnclaimed ? unclaimedContent() : errorContent(shown, ways);
  const frame = { title: isUnclaimed ? 'Welcome' : title, nav: null, page: 'error', isUnclaimed, content };
  return sendPage(reply, renderPage(frame, context), shown.status);
}
