// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { SalvageError } from '../../lib/errors.ts';
import { parseSearch } from '../../search/parse-search.ts';
import { leavingSignal } from '../api/api-routes.ts';
import { searchReaderOf, searchTimeoutMs } from '../api/super-search.ts';
import { productOverviews } from '../api/v1-products.ts';
import { topCrashersOf } from '../api/v1-topcrashers.ts';
import { webErrors } from '../errors.ts';
import { type PageContext, renderPage, sendPage } from '../page.ts';
import { firstRunView, type LatestReport, productsView, productView } from '../views/overview.ts';
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
  const content = productsView(products, await latestReports(context, reply), parts.clock.now());
  return sendPage(reply, renderPage({ title: 'Products', nav: null, page: 'overview', content }, context));
}

const latestShown = 10;

/** The reports that came last; the same as a search without filters, newest first. */
async function latestReports({ parts, access }: PageContext, reply: FastifyReply): Promise<readonly LatestReport[]> {
  const parameters = new Map([
    ['_columns', ['uuid', 'date', 'product', 'version', 'platform_pretty_version', 'signature']],
    ['_sort', ['-date']],
    ['_facets_size', ['0']],
    ['_results_number', [String(latestShown)]],
  ]);
  const { reader } = access;
  const now = parts.clock.now();
  const { request } = parseSearch(parameters, { reader: searchReaderOf(reader, parts, true), now, isStrict: true });
  const options = { timeoutMs: searchTimeoutMs(reader, parts), signal: leavingSignal(reply) };
  const { hits } = await parts.search.search(request, options);
  const text = (value: unknown) => (value === null || value === undefined ? '' : String(value));
  return hits.map((hit) => ({
    crashId: text(hit['uuid']),
    date: text(hit['date']),
    product: text(hit['product']),
    version: text(hit['version']),
    system: text(hit['platform_pretty_version']),
    signature: text(hit['signature']),
  }));
}

/** What people call the back ends; an adapter that is not here says its own name. */
const backEndNames: Readonly<Record<string, string>> = {
  postgres: 'PostgreSQL',
  fs: 'The folder of crashes',
  s3: 'The bucket',
  rabbitmq: 'RabbitMQ',
};

async function firstRunPage(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { parts } = context;
  const base = parts.options.baseUrl || `${request.protocol}://${request.host}`;
  const check = async (name: string, kind: string, action: () => Promise<unknown>) =>
    action().then(
      () => ({ name, isOk: true, text: `${backEndNames[kind] ?? kind} answers` }),
      () => ({
        name,
        isOk: false,
        text: `${backEndNames[kind] ?? kind} does not answer; reports are taken in and wait`,
      }),
    );
  const checks = await Promise.all([
    check('Search', parts.search.name, () => parts.search.check()),
    check('Storage', parts.storage.name, () => parts.storage.check()),
    check('Queue', parts.queue.name, () => parts.queue.check()),
  ]);
  const content = firstRunView(base.replace(/\/$/, ''), checks);
  const frame = { title: 'Nothing received yet', nav: null, page: 'first-run', content, scripts: ['first-report.js'] };
  return sendPage(reply, renderPage(frame, context));
}

async function productPage(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { parts, access } = context;
  const name = (request.params as { name: string }).name;
  const [product] = await productOverviews({ parts, reader: access.reader, signal: leavingSignal(reply) }, name);
  if (!product) throw new SalvageError(webErrors.not_found, `There is no product ${name.slice(0, 200)}`);
  const parameters = new Map([
    ['product', [name]],
    ['process_type', ['any']],
    ['_report_type', ['any']],
  ]);
  const top = await topCrashersOf({ parts, reader: access.reader, signal: leavingSignal(reply), parameters });
  const content = productView(product, top);
  return sendPage(reply, renderPage({ title: name, nav: null, page: 'product', product: name, content }, context));
}
