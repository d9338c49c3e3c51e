// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { isErrorOf } from '../../lib/errors.ts';
import { searchErrors } from '../../search/errors.ts';
import { featuredOrActive } from '../../search/version-order.ts';
import { leavingSignal, toMap } from '../api/api-routes.ts';
import { requireProduct } from '../api/v1-products.ts';
import { topCrashersOf } from '../api/v1-topcrashers.ts';
import { html, urlWith } from '../html.ts';
import { type PageContext, renderPage, sendPage } from '../page.ts';
import { pageHead } from '../parts/heads.ts';
import { notice } from '../parts/notices.ts';
import { cutText } from '../parts/text.ts';
import { topCrashersView } from '../views/top-crashers.ts';
import type { AddPages } from './page-route.ts';

/** `/topcrashers/` (web.md §1.7). */
export const addTopCrashersPages: AddPages = (add) => {
  add({ url: '/topcrashers/', handle: topCrashersPage });
};

async function topCrashersPage(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { parts, access } = context;
  const { reader } = access;
  const query = request.query as URLSearchParams;
  const product = query.get('product') ?? '';
  const call = { parts, reader, signal: leavingSignal(reply), parameters: toMap(query) };
  try {
    if (product !== '') {
      await requireProduct(call, product);
      const version = query.has('version') ? null : await defaultVersion(context, product);
      if (version !== null) {
        query.append('version', version);
        return reply.redirect(`/topcrashers/?${query}`, 302);
      }
    }
    const list = await topCrashersOf(call);
    const versions = list.query.versions;
    const frame = {
      title: `Top crashers, ${product}`,
      nav: 'topcrashers' as const,
      product,
      version: versions.length > 0 ? versions.join(', ') : null,
      page: 'top-crashers',
      content: topCrashersView(list),
    };
    return sendPage(reply, renderPage(frame, context));
  } catch (error) {
    if (!isErrorOf(error, searchErrors.search_bad_argument) && !isErrorOf(error, searchErrors.search_timeout))
      throw error;
    return sendPage(reply, renderProblem(context, product, error), 400);
  }
}

/** The first featured version, else the first active one, else none: then all of them are shown. */
async function defaultVersion(context: PageContext, product: string): Promise<string | null> {
  const seen = await context.parts.search.versionsSeen(product);
  return featuredOrActive(seen, context.parts.clock.now())[0]?.version ?? null;
}

function renderProblem(context: PageContext, product: string, error: { message: string; kind: { slug: string } }) {
  const links = context.products.map(
    (one) =>
      html`<a class="btn" href="${urlWith('/topcrashers/', { product: one.product })}">${cutText(one.product, 40)}</a> `,
  );
  const problem =
    product === ''
      ? html`<strong>Choose a product.</strong> Top crashers are those of one product.`
      : html`<strong>This list cannot be made.</strong> ${error.message}`;
  const content = html`${pageHead('Top crashers')}
${notice('danger', problem, { slug: error.kind.slug })}
<div class="actions">${links}</div>`;
  return renderPage({ title: 'Top crashers', nav: 'topcrashers', page: 'top-crashers', content }, context);
}
