// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { SalvageError } from '../../lib/errors.ts';
import { searchFields } from '../../search/search-fields.ts';
import type { FacetTerm } from '../../search/search-request.ts';
import { leavingSignal } from '../api/api-routes.ts';
import { runSearch } from '../api/v1-search.ts';
import { webErrors } from '../errors.ts';
import { type PageContext, renderPage, sendPage } from '../page.ts';
import { cutText } from '../parts/text.ts';
import { fieldView, helpIndexView, helpPages, helpView } from '../views/documentation.ts';
import type { AddPages } from './page-route.ts';

/** Help that follows from the code: fields, operators, endpoints. Signed-in or not, help is open. */
export const addDocumentationPages: AddPages = (add) => {
  for (const page of helpPages)
    add({
      url: page.path,
      isOpen: true,
      handle: async (context, _request, reply) =>
        sendPage(reply, renderPage({ title: page.title, nav: null, page: 'help', content: helpView(page) }, context)),
    });
  add({
    url: '/documentation/',
    isOpen: true,
    handle: async (context, _request, reply) =>
      sendPage(
        reply,
        renderPage({ title: 'Documentation', nav: null, page: 'help', content: helpIndexView() }, context),
      ),
  });
  add({ url: '/documentation/datadictionary/dataset/:dataset/field/*', handle: fieldPage });
  add({
    url: '/robots.txt',
    isOpen: true,
    handle: async (_context, _request, reply) =>
      reply.type('text/plain; charset=utf-8').send('User-agent: *\nDisallow: /\n'),
  });
};

async function fieldPage(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = (request.params as { '*': string })['*'].replace(/\/$/, '');
  const field = searchFields.get(path) ?? [...searchFields.values()].find((one) => one.path === path);
  if (!field) throw new SalvageError(webErrors.not_found, `There is no field ${path.slice(0, 200)}`);
  const content = fieldView(
    field,
    field.permission === 'public' ? await commonValues(context, field.name, reply) : null,
  );
  return sendPage(reply, renderPage({ title: field.name, nav: null, page: 'field', content }, context));
}

/** Of public fields only: what the values mostly are is part of what they are. */
async function commonValues({ parts, access }: PageContext, name: string, reply: FastifyReply) {
  const parameters = new Map([
    ['_facets', [name]],
    ['_facets_size', ['5']],
    ['_results_number', ['0']],
  ]);
  const signal = leavingSignal(reply);
  const { facets } = await runSearch({ parts, access, reader: access.reader, parameters, signal });
  return ((facets[name] ?? []) as FacetTerm[]).map(({ term, count }) => ({ term: cutText(String(term), 200), count }));
}
