// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { permissionTitles } from '../../people/permissions.ts';
import { type SearchField, searchFields } from '../../search/search-fields.ts';
import { type ApiEndpoint, type ApiParameter, endpointUrl } from '../api/api-endpoint.ts';
import { apiEndpoints } from '../api/endpoints.ts';
import { searchParameters } from '../api/super-search.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { pageHead } from '../parts/heads.ts';
import { lockBadge, sectionHead } from '../parts/notices.ts';
import { cell, columnHead, dataTable, rowHead } from '../parts/tables.ts';
import { ticked } from '../parts/text.ts';
import { designView } from './design-parts.ts';
import { searchExamples } from './search-examples.ts';

/** What one page of help says. */
export interface HelpPage {
  readonly path: string;
  readonly title: string;
  readonly lead: string;
  content(): Html;
}

function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (Html | string)[])[],
  kind = '',
): Html {
  return dataTable(
    caption,
    heads.map((head) => columnHead(head)),
    rows.map(
      ([first = '', ...rest]) => html`<tr role="row">
  ${rowHead(first)}
  ${rest.map((content) => cell(content))}
</tr>`,
    ),
    { look: `tight plain stack help ${kind}` },
  );
}

const code = (text: string): Html => html`<code>${text}</code>`;
const example = (text: string): Html => html`<a href="${urlWith('/search/', { q: text })}"><code>${text}</code></a>`;

function section(title: string, content: Html): Html {
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return html`<section class="section" aria-labelledby="${id}">${sectionHead(id, title)}${content}</section>`;
}

const operatorRows: readonly (readonly [string, string, string])[] = [
  [
    'field:value',
    'field=value',
    'Is. In texts: has one of these words; in identities such as product: the whole value, in any letter case.',
  ],
  ['field=value', 'field==value', 'Is exactly: the whole value, letter by letter.'],
  ['field~value', 'field=~value', 'Contains.'],
  ['field^value', 'field=^value', 'Starts with.'],
  ['field$value', 'field=$value', 'Ends with.'],
  [
    'field@value',
    'field=@value',
    'Matches the regular expression from its beginning to its end; "…" quotes literally.',
  ],
  ['field>5  field<=5', 'field=>5', 'Numbers and dates; several bounds must all hold.'],
  ['field:__true__', 'field=__true__', 'Is true; !__true__ is false or missing.'],
  ['field:__null__', 'field=__null__', 'Has no value.'],
  ['!field:value', 'field=!value', 'Not: all reports but those, also the ones without the field.'],
];

function superSearchHelp(): Html {
  const operators = table(
    'Operators',
    ['In the bar', 'In the address', 'Meaning'],
    operatorRows.map(([bar, address, meaning]) => [code(bar), code(address), meaning]),
  );
  const together = html`<p class="prose below">
  Different fields: all must hold. The same field: any of its values, none of its negated ones. Bounds such as
  <code>uptime&gt;=60 uptime&lt;600</code> hold together. Words that name no field are looked for in the signature.
  Quote what has blanks: ${example('reason:"SIGSEGV / SEGV_MAPERR"')}.
</p>`;
  const dates = html`<p class="prose below">
  All dates are UTC. Without one, the last seven days are searched; with only one bound, seven days before it or
  everything since. ${example('date>=-14d')} counts back from now, ${example('date>=2026-11-01 date<2026-11-08')} is a
  week, and up to 365 days can be searched at once.
</p>`;
  const fields = html`<p class="prose below">
  There are ${searchFields.size} fields, and every annotation that a client sends is one besides, as
  <code>annotation.Name</code>. The <a href="/documentation/datadictionary/">data dictionary</a> lists them.
  <a href="/documentation/supersearch/api/">The same through the API</a>,
  <a href="/documentation/supersearch/examples/">examples</a>.
</p>`;
  return html`<p class="prose">
  A search is a list of filters. The bar and the address say the same thing: whatever you type becomes an address that
  can be kept and sent, and every address can be edited in the bar.
</p>
${section('Operators', operators)}
${section('Together', together)}
${section('Dates', dates)}
${section('Fields', fields)}`;
}

function examplesHelp(): Html {
  return table(
    'Examples',
    ['Search', 'Finds'],
    searchExamples.map(([text, meaning]) => [example(text), meaning]),
  );
}

function parameterRows(parameters: readonly ApiParameter[]): readonly (readonly (Html | string)[])[] {
  return parameters.map(({ name, kind, isRequired, choices, description }) => [
    code(name),
    `${kind}${isRequired ? ', required' : ''}`,
    html`${ticked(description)}${choices ? html` ${choices.join(', ')}` : nothing}`,
  ]);
}

function searchApiHelp(): Html {
  return html`<p class="prose">
  <code>GET /api/SuperSearch/</code> takes the filters of <a href="/documentation/supersearch/">super search</a> and
  these. Its answer has <code>hits</code>, <code>total</code>, <code>facets</code> and <code>errors</code>; the last
  names every parameter that was left out. <code>/api/SuperSearchUnredacted/</code> searches protected fields too.
  <code>_aggs.FIELD</code> puts facets under the terms of a field, <code>_histogram.FIELD</code> under its steps, as long
  as <code>_histogram_interval.FIELD</code> says.
</p>
${table('Parameters', ['Parameter', 'Kind', 'Meaning'], parameterRows(searchParameters))}
<p class="prose below">
  A search that takes longer than its budget is cancelled and answered with 400 <code>search_timeout</code>; a database
  that is away is 503 with <code>Retry-After</code>, never an empty answer.
</p>`;
}

function dictionaryHelp(): Html {
  const rows = [...searchFields.values()].map((field) => [
    html`<a href="${fieldUrl(field)}"><code>${field.name}</code></a>`,
    field.kind,
    field.permission === 'protected' ? lockBadge('protected') : 'public',
    ticked(field.description),
  ]);
  return html`<p class="prose">
  Every field that can be searched. Names of protected fields are no secret; their values, counts and matches are.
</p>
${table('Fields', ['Field', 'Kind', 'Who', 'Meaning'], rows)}`;
}

export function fieldUrl(field: SearchField): string {
  return `/documentation/datadictionary/dataset/processed/field/${field.path}`;
}

function apiHelp(): Html {
  const endpoints = [...apiEndpoints.values()];
  const links = endpoints.map(
    (endpoint) => html`<li><a href="${`#${endpointId(endpoint)}`}"><code>${endpointUrl(endpoint)}</code></a></li>`,
  );
  return html`<p class="prose">
  Programs send a token in the header <code>Auth-Token</code>; make one under <a href="/api/tokens/">API tokens</a>.
  The machine-readable description is <a href="/api/openapi.json"><code>/api/openapi.json</code></a>.
</p>
<nav aria-label="Endpoints"><ul class="toc">${links}</ul></nav>
${endpoints.map((endpoint) => endpointView(endpoint))}`;
}

function endpointId({ name }: ApiEndpoint): string {
  return `endpoint-${name.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
}

function endpointView(endpoint: ApiEndpoint): Html {
  const url = endpointUrl(endpoint);
  const id = endpointId(endpoint);
  const needs = endpoint.needs.map((permission) => permissionTitles[permission]).join(', ');
  const canTry =
    endpoint.methods.includes('GET') && !endpoint.parameters.some(({ isRequired }) => isRequired) && !url.includes('{');
  const query = endpoint.takesSearchFields ? '?_results_number=3' : '';
  const tryIt = canTry ? html`<a class="btn quiet" href="${url}${query}">Try</a>` : nothing;
  const parameters = () =>
    table(
      `Parameters of ${endpoint.name}`,
      ['Parameter', 'Kind', 'Meaning'],
      parameterRows(endpoint.parameters),
      'params',
    );
  return html`<section class="section" aria-labelledby="${id}">
${sectionHead(id, url, endpoint.methods.join(', '), tryIt)}
<p class="prose below">
  ${ticked(endpoint.summary)} <span class="faint">${needs === '' ? 'Open to everybody.' : `Needs: ${needs}.`}</span>
</p>
${endpoint.parameters.length === 0 ? nothing : parameters()}
</section>`;
}

function keyboardHelp(): Html {
  const keys: readonly (readonly [string, string])[] = [
    ['/', 'to the search box'],
    ['j, k', 'next, previous row'],
    ['o', 'open the row'],
    ['t', 'to the threads of a report'],
    ['c', 'copy'],
    ['?', 'this page'],
    ['Tab, Enter', 'everything else: whatever can be pressed can be reached'],
  ];
  return table(
    'Keys',
    ['Key', 'Does'],
    keys.map(([names, does]) => [html`${names.split(', ').map((name) => html`<kbd>${name}</kbd> `)}`, does]),
  );
}

const prose = (text: Html): Html => html`<div class="prose">${text}</div>`;

export const helpPages: readonly HelpPage[] = [
  {
    path: '/documentation/supersearch/',
    title: 'Super search',
    lead: 'How to find crash reports',
    content: superSearchHelp,
  },
  {
    path: '/documentation/supersearch/examples/',
    title: 'Search examples',
    lead: 'Searches to begin with',
    content: examplesHelp,
  },
  {
    path: '/documentation/supersearch/api/',
    title: 'Super search API',
    lead: 'The same search for programs',
    content: searchApiHelp,
  },
  {
    path: '/documentation/datadictionary/',
    title: 'Data dictionary',
    lead: 'What each field means and who sees it',
    content: dictionaryHelp,
  },
  {
    path: '/documentation/keyboard/',
    title: 'Keyboard',
    lead: 'Every page can be used without a mouse',
    content: keyboardHelp,
  },
  {
    path: '/documentation/protected_data_access/',
    title: 'Protected data',
    lead: 'What is protected, and what seeing it means',
    content: () =>
      prose(
        html`<p>
  Comments, addresses of pages, memory contents and whatever no rule made public are protected: a report can hold what a
  person typed, and a dump can hold all that their program knew. Protected values stand under a lock.
</p>
<p>
  Investigators see protected data, dump readers may fetch dumps as well. Each protected report that is opened, each
  protected search and each dump that is fetched leaves a row in the audit trail with time, name and address; nobody can
  take one out.
</p>
<p>Do not pass protected data on. Delete dumps from your own machine when you are done, within 30 days at most.</p>`,
      ),
  },
  {
    path: '/documentation/products/',
    title: 'Products and versions',
    lead: 'They appear by themselves',
    content: () =>
      prose(
        html`<p>
  A product is there as soon as its first report is, and so is a version. Versions are ordered as releases are: alpha,
  beta, release candidate, release, extended support; texts that are no version come by the date of their first report.
</p>
<p>
  Current versions are the newest of each major.minor line with reports in the last 60 days, three at most. Lists of top
  crashers begin with the newest of them.
</p>`,
      ),
  },
  {
    path: '/documentation/whatsnew/',
    title: 'What is new',
    lead: 'Changes that readers of crash-stats will notice',
    content: () =>
      prose(
        html`<p>
  Top crashers rank by clients first, so that one machine in a loop moves nothing. <code>new</code> means that the first
  report ever lies in the period. The period before is counted for the very signatures that are shown.
</p>
<p>
  Search has a text bar, names every parameter that it left out, and says which interval it really searched. Negated
  values all hold. Every page has a twin under <a href="/api/">/api/v1/</a>.
</p>`,
      ),
  },
  {
    path: '/about/throttling/',
    title: 'Throttling',
    lead: 'Which reports are kept',
    content: () =>
      prose(
        html`<p>
  The collector decides for each report: <strong>accept</strong> it, <strong>defer</strong> it (kept, but processed only
  when somebody asks), or <strong>reject</strong> it. Rules go from first to last, and the first that fits decides; a
  share below 100 % keeps that part of the reports at random. Which rule decided is an annotation of each report.
</p>`,
      ),
  },
  {
    path: '/documentation/design/',
    title: 'Design',
    lead: 'The parts that these pages are made from',
    content: designView,
  },
  { path: '/api/', title: 'API', lead: 'Whatever a page shows, a program can fetch', content: apiHelp },
];

export function helpView(page: HelpPage): Html {
  return html`${pageHead(page.title, page.lead)}
${page.content()}`;
}

export function helpIndexView(): Html {
  return html`${pageHead('Documentation')}
${table(
  'Pages',
  ['Page', 'About'],
  helpPages.map(({ path, title, lead }) => [html`<a href="${path}">${title}</a>`, lead]),
)}`;
}

/** One field: what it is, who sees it, and what it mostly is. */
export function fieldView(field: SearchField, common: readonly { term: string; count: number }[] | null): Html {
  const url = urlWith('/search/', { _facets: field.name, _columns: ['date', 'signature', field.name] });
  return html`${pageHead(code(field.name), ticked(field.description))}
<dl class="kv">
  <dt>Kind</dt><dd>${field.kind}</dd>
  <dt>Who sees it</dt><dd>${field.permission}</dd>
  <dt>In the processed crash</dt><dd>${code(field.path)}</dd>
  <dt>In search</dt><dd><a href="${url}">${code(field.name)}</a></dd>
  ${field.choices.length > 0 ? html`<dt>Values</dt><dd>${field.choices.join(', ')}</dd>` : nothing}
</dl>
${
  common === null
    ? nothing
    : section(
        'Common values, last 7 days',
        common.length === 0
          ? html`<p class="faint none">No report has one.</p>`
          : table(
              'Common values',
              ['Value', 'Reports'],
              common.map(({ term, count }) => [code(term), String(count)]),
            ),
      )
}`;
}
