// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html, nothing } from '../html.ts';

// Tables of the class `stack` become lists on a narrow screen. Browsers forget what is laid out as blocks, so that
// every part of such a table says its role.

type Content = Html | string | number;

const classOf = (look: string): Html => (look === '' ? nothing : html` class="${look}"`);
const labelOf = (label: string): Html => (label === '' ? nothing : html` data-label="${label}"`);

/** The head of a column. */
export function columnHead(content: Content, look = ''): Html {
  return html`<th role="columnheader" scope="col"${classOf(look)}>${content}</th>`;
}

/** The cell that names its row. */
export function rowHead(content: Content, look = ''): Html {
  return html`<th role="rowheader" scope="row"${classOf(look)}>${content}</th>`;
}

/** Any other cell; `label` stands beside its value where the table is a list. */
export function cell(content: Content, look = '', label = ''): Html {
  return html`<td role="cell"${classOf(look)}${labelOf(label)}>${content}</td>`;
}

/** A figure, aligned to the right; `look` has further classes. */
export function numberCell(content: Content, label = '', look = ''): Html {
  return cell(content, look === '' ? 'num' : `num ${look}`, label);
}

/** What a table is besides its rows. */
interface TableLook {
  /** Classes of the table besides `data`. */
  readonly look: string;
  /** Classes of the frame around the table. */
  readonly wrap?: string;
  /** The keys j and k go from row to row. */
  readonly hasKeys?: boolean;
}

/** A whole table in its frame; its caption is for readers who do not see it. */
export function dataTable(
  caption: Content,
  heads: readonly Html[],
  rows: readonly Html[],
  { look, wrap = 'table-wrap', hasKeys = false }: TableLook,
): Html {
  return html`<div class="${wrap}">
<table role="table" class="data ${look}"${hasKeys ? html` data-rows` : nothing}>
  <caption class="vh">${caption}</caption>
  <thead role="rowgroup"><tr role="row">${heads}</tr></thead>
  <tbody role="rowgroup">${rows}</tbody>
</table>
</div>`;
}
