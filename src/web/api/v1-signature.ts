// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { parseSignatureQuery, type SignatureCall, type SignatureQuery } from '../views/signature-query.ts';
import { signatureAggregation, signatureReports, signatureTrend, signatureView } from '../views/signature-view.ts';
import type { ApiCall, ApiEndpoint, ApiParameter } from './api-endpoint.ts';

const parameters: readonly ApiParameter[] = [
  { name: 'signature', kind: 'text', isRequired: true, description: 'The signature, whole.' },
  {
    name: 'date',
    kind: 'list',
    isRequired: false,
    description: 'Bounds such as `>=2026-11-01`, `<-1d`; default: the last seven days.',
  },
];

const paging: readonly ApiParameter[] = [
  { name: 'page', kind: 'text', isRequired: false, description: 'From 1; 50 reports each.' },
  { name: '_columns', kind: 'list', isRequired: false, description: 'Fields of each report.' },
  { name: '_sort', kind: 'list', isRequired: false, description: 'Field, or `-FIELD` for descending.' },
];

const fieldParameter: ApiParameter = {
  name: 'field',
  kind: 'text',
  isRequired: true,
  isPath: true,
  description: 'A search field that the reader may use.',
};

function signatureEndpoint(
  path: string,
  summary: string,
  own: readonly ApiParameter[],
  required: readonly string[],
  handle: (query: SignatureQuery, call: SignatureCall, field: string) => Promise<unknown>,
): ApiEndpoint {
  return {
    name: `v1/signature${path}`,
    methods: ['GET'],
    summary,
    parameters: [...parameters, ...own],
    takesSearchFields: true,
    needs: path === '/comments' ? ['view', 'view_pii'] : ['view'],
    answer: { type: 'object', required: [...required] },
    async handle(call: ApiCall) {
      return { json: await handle(parseSignatureQuery(call.parameters), call, call.values.text('field')) };
    },
  };
}

/** Everything that the pages of a signature show. */
export const signatureEndpoints: readonly ApiEndpoint[] = [
  signatureEndpoint(
    '',
    'A signature: how many crashes, since when, trend, and whom it hits, under any search filters.',
    [],
    ['signature', 'total', 'trend', 'panels'],
    signatureView,
  ),
  signatureEndpoint('/reports', 'Reports of a signature, 50 a page.', paging, ['total', 'hits'], (query, call) =>
    signatureReports(query, call),
  ),
  signatureEndpoint(
    '/graphs/{field}',
    'Crashes a day by the four most frequent values of a field.',
    [fieldParameter],
    ['days', 'series'],
    signatureTrend,
  ),
  signatureEndpoint(
    '/aggregation/{field}',
    'The most frequent values of a field.',
    [fieldParameter],
    ['rows', 'total'],
    signatureAggregation,
  ),
  signatureEndpoint('/comments', 'Reports of a signature with a comment.', paging, ['total', 'hits'], (query, call) =>
    signatureReports({ ...query, columns: ['date', 'user_comments', 'useragent_locale'] }, call, {
      user_comments: ['!__null__'],
    }),
  ),
];
