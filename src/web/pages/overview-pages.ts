// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { SalvageError } from '../../lib/errors.ts';
import { leavingSignal } from '../api/api-routes.ts';
import { productOverviews } from '../api/v1-products.ts';
import { webErrors } from '../errors.ts';
import { type PageContext, renderPage, sendPage } from '../page.ts';
import { firstRunView, productsView, productView } from '../views/overview.ts';
import type { AddPages } from './page-route.ts';

/** `/` and `/home/product/<name>`: what there is, and where to go on. */
export const addOverviewPages: AddPages = (add) => {
  add({ url: '/', handle: overviewPage });
  add({ url: '/home/product/:name', handle: productPage });
};

async function overviewPage(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { parts, access } = context;
  const products = await productOverviews({ parts, reader: access.reader, signal: leavingSignal(reply) });
  if (products.length === 0) return firstRunPage(context, request, reply);
  const content = productsView(products, parts.clock.now());
  return sendPage(reply, renderPage({ title: 'Products', nav: null, page: 'overview', content }, context));
}

async function firstRunPage(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { parts } = context;
  const base = parts.options.baseUrl || `${request.protocol}://${request.host}`;
  const check = async (name: string, text: string, action: () => Promise<unknown>) =>
    action().then(
      () => ({ name, isOk: true, text }),
      () => ({ name, isOk: false, text: `${text}: does not answer at the moment` }),
    );
  const checks = await Promise.all([
    check('Search', parts.search.name, () => parts.search.check()),
    check('Storage', parts.storage.name, () => parts.storage.check()),
    check('Queue', parts.queue.name, () => parts.queue.check()),
  ]);
  const content = firstRunView(`${base.replace(/\/$/, '')}/submit`, checks);
  const frame = { title: 'Nothing received yet', nav: null, page: 'first-run', content, scripts: ['first-report.js'] };
  return sendPage(reply, renderPage(frame, context));
}

async function productPage(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { parts, access } = context;
  const name = (request.params as { name: string }).name;
  const [product] = await productOverviews({ parts, reader: access.reader, signal: leavingSignal(reply) }, name);
  if (!product) throw new SalvageError(webErrors.not_found, `There is no product ${name.slice(0, 200)}`);
  const content = productView(product);
  return sendPage(reply, renderPage({ title: name, nav: null, page: 'product', product: name, content }, context));
}
