// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { requirePermissions } from '../access.ts';
import { leavingSignal, toMap } from '../api/api-routes.ts';
import { type Html, html } from '../html.ts';
import { type PageContext, sendPage } from '../page.ts';
import { parseSignatureQuery, type SignatureCall, type SignatureQuery } from '../views/signature-query.ts';
import { signatureAggregation, signatureReports, signatureTrend, signatureView } from '../views/signature-view.ts';
import type { AddPage } from './page-route.ts';
import { aggregationContent, figures, graphContent, signaturePage, summaryContent } from './signature-page.ts';
import { commentsContent, reportsSection } from './signature-reports.ts';

type Show = (query: SignatureQuery, call: SignatureCall, context: PageContext, field: string) => Promise<Html>;

/** `/signature/` and its tabs, each with an address of its own (web.md §1.5). */
export function addSignaturePages(add: AddPage): void {
  const page = (url: string, show: Show) =>
    add({ url, handle: (context, request, reply) => answer(show, context, request, reply) });
  page('/signature/', showSummary);
  page('/signature/summary/', showSummary);
  page('/signature/reports/', showReports);
  page('/signature/graphs/:field/', showGraph);
  page('/signature/aggregation/:field/', showAggregation);
  page('/signature/comments/', showComments);
  add({
    url: '/signature',
    handle: async (_context, request, reply) => reply.redirect(`/signature/?${request.url.split('?')[1] ?? ''}`, 301),
  });
}

async function answer(
  show: Show,
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = toMap(request.query as URLSearchParams);
  const call = { parts: context.parts, reader: context.access.reader, parameters, signal: leavingSignal(reply) };
  const { field = '' } = request.params as { field?: string };
  return sendPage(reply, await show(parseSignatureQuery(parameters), call, context, field));
}

/** The summary shows what comes in now; the tab beside it has all. */
const reportsInSummary = 10;

const showSummary: Show = async (query, call, context) => {
  const newest = signatureReports({ ...query, page: 1 }, call, {}, reportsInSummary);
  const [view, reports] = await Promise.all([signatureView(query, call), newest]);
  return signaturePage(query, 'summary', summaryContent(view, reports, query), context, {
    head: figures(view, context),
    dropped: view.dropped,
    count: view.total,
  });
};

const showReports: Show = async (query, call, context) => {
  const view = await signatureReports(query, call);
  const content = reportsSection(view, query, '/signature/reports/');
  return signaturePage(query, 'reports', content, context, { dropped: view.dropped, count: view.total });
};

const showGraph: Show = async (query, call, context, field) =>
  signaturePage(query, 'graphs', graphContent(await signatureTrend(query, call, field), query), context);

const showAggregation: Show = async (query, call, context, field) =>
  signaturePage(
    query,
    'aggregations',
    aggregationContent(await signatureAggregation(query, call, field), query),
    context,
  );

const showComments: Show = async (query, call, context) => {
  requirePermissions(call.reader, ['view_pii']);
  const view = await signatureReports({ ...query, columns: ['date', 'user_comments', 'useragent_locale'] }, call, {
    user_comments: ['!__null__'],
  });
  call.parts.people.audit({
    action: 'protected_search',
    object: `comments of ${query.signature.slice(0, 300)}`,
    reader: call.reader,
    address: context.access.address,
  });
  return signaturePage(query, 'comments', html`${commentsContent(view, query)}`, context);
};
