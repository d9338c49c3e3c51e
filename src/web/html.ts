// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { html as escapingHtml, raw } from 'hono/html';

/** A piece of a page: every value in it is escaped; pieces may be nested. */
export type Html = ReturnType<typeof raw>;

/** The tagged template of all pages. Attributes are always quoted: the linter test over templates checks it. */
export function html(strings: TemplateStringsArray, ...values: unknown[]): Html {
  return escapingHtml(strings, ...values.map(disarm)) as Html;
}

/** Nothing at all. */
export const nothing = raw('');

/**
 * Control and bidi characters of hostile names become visible codes, so that a name can neither reorder a line nor hide
 * a part of itself.
 */
function disarm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(disarm);
  return typeof value === 'string' && !isPiece(value) ? visibleText(value) : value;
}

function isPiece(value: unknown): boolean {
  return typeof value === 'object';
}

export function visibleText(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A value for an input: escaped, but nothing made visible, so that what is sent back is what was there. */
export function inputValue(text: string): Html {
  return raw(String(escapingHtml`${text}`));
}

/** An address for `href`: http, https or relative; anything else becomes `#`, so that no `javascript:` can be followed. */
export function safeUrl(text: string): string {
  if (/^[/?#]/.test(text) && !text.startsWith('//')) return text;
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'http:' || protocol === 'https:' ? text : '#';
}

/** `/search/` + `{product: 'A', version: ['1', '2']}` = `/search/?product=A&version=1&version=2`; empty values go. */
export function urlWith(
  path: string,
  parameters: Readonly<Record<string, string | number | readonly string[] | null | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined && one !== '') query.append(name, String(one));
  return query.size > 0 ? `${path}?${query}` : path;
}
