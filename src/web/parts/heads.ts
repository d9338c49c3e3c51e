// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html, nothing, urlWith } from '../html.ts';

/** The head of a page: its one heading, what it is about, and what can be done there. */
export function pageHead(title: Html | string, lead: Html | string | null = null, actions: Html | null = null): Html {
  return html`<div class="page-head">
  <h1>${title}</h1>
  ${lead === null ? nothing : html`<p class="lead">${lead}</p>`}
  ${actions === null ? nothing : html`<div class="actions">${actions}</div>`}
</div>`;
}

/** Where a page is: below the top crashers of its product, if it has one. */
export function crumbs(product: string | null, steps: readonly Html[]): Html {
  const home = product === null ? [] : [html`<a href="${urlWith('/topcrashers/', { product })}">${product}</a>`];
  return html`<nav aria-label="Where">
  <ol class="crumbs">${[...home, ...steps].map((step) => html`<li>${step}</li>`)}</ol>
</nav>`;
}
