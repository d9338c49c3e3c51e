// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { crashIdInText, crashIdPrefixInText } from '../../crash/crash-id-text.ts';
import { searchFieldOf } from '../../search/search-fields.ts';
import { mayReadProduct } from '../access.ts';
import { urlWith } from '../html.ts';
import { type PageContext, sendPage } from '../page.ts';
import type { WebParts } from '../web-parts.ts';
import type { AddPage } from './page-route.ts';
import { chooserPage, nothingFoundPage } from './report-page.ts';

/** `/search/quick/`: one box for ids in every spelling, `field:value`, and signatures (web.md §1.8); old addresses too. */
export function addQuickSearch(add: AddPage, _parts: WebParts): void {
  add({ url: '/search/quick/', handle: quickSearch });
  add({ url: '/search/quick', handle: quickSearch });
  add({ url: '/report/list', handle: async (_context, request, reply) => redirectToSignature(request, reply) });
  add({ url: '/topcrasher/products/:product', handle: redirectToTopCrashers });
  add({ url: '/topcrasher/products/:product/versions/:version', handle: redirectToTopCrashers });
  add({ url: '/report/list/', handle: async (_context, request, reply) => redirectToSignature(request, reply) });
}

async function quickSearch(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const text = ((request.query as URLSearchParams).get('query') ?? '').replaceAll('\0', '').trim();
  if (text === '') return reply.redirect('/search/', 302);
  const crashId = crashIdInText(text);
  if (crashId) return reply.redirect(`/report/index/${crashId}`, 302);
  const prefix = crashIdPrefixInText(text);
  if (prefix) return sendReportOfPrefix(text, prefix, context, reply);
  return reply.redirect(searchUrl(text), 302);
}

/** `field:value` pairs become a search by fields; anything else is part of a signature. */
function searchUrl(text: string): string {
  const name = /^([a-z_]{2,60}|annotation\.[A-Za-z0-9_.-]{1,100})([:~=^$<>!]+)\S/.exec(text);
  if (name && !name[2]?.startsWith('::') && searchFieldOf(name[1] as string)) return urlWith('/search/', { q: text });
  return urlWith('/search/', { signature: `~${text}` });
}

/** The digits that Breakpad and Electron clients print: one report is shown, several are offered. */
export async function sendReportOfPrefix(
  text: string,
  prefix: string,
  context: PageContext,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { parts, access } = context;
  const ids = await parts.search.findCrashIds(prefix, 20);
  const rows = (await Promise.all(ids.map((id) => parts.search.getReport(id))))
    .filter((row) => row !== null)
    .filter((row) => mayReadProduct(access.reader, row.values['product']));
  const [only] = rows;
  if (only && rows.length === 1) return reply.redirect(`/report/index/${only.crashId}`, 302);
  if (only) {
    const shown = rows.map(({ crashId, date, values }) => ({
      crash_id: crashId,
      date,
      product: String(values['product'] ?? ''),
      version: String(values['version'] ?? ''),
      signature: String(values['signature'] ?? ''),
    }));
    return sendPage(reply, chooserPage(text.slice(0, 60), shown, context));
  }
  const tried = [
    'a whole crash id, with and without dashes, bp- in front, or inside an address: it is none',
    `the first ${prefix.length} of its 32 hex digits, over all indexed reports: none begins with them`,
  ];
  return sendPage(reply, nothingFoundPage(text, tried, context), 404);
}

function redirectToSignature(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const query = request.query as URLSearchParams;
  const kept = ['signature', 'product', 'version', 'platform', 'process_type'];
  const parameters = Object.fromEntries(kept.map((name) => [name, query.getAll(name)]));
  return reply.redirect(urlWith('/signature/', parameters), 301);
}

async function redirectToTopCrashers(
  _context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { product, version } = request.params as { product: string; version?: string };
  return reply.redirect(urlWith('/topcrashers/', { product, version }), 301);
}
