// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

const word = /[\p{L}\p{N}_]+(?:[.'’][\p{L}\p{N}_]+)*/gu;

/**
 * The lower-cased words of a text: `_` joins, `::` splits, a dot or apostrophe between letters joins, as the word
 * boundaries of Unicode do (web.md §3.2). Each word once, in order.
 */
export function tokensOf(text: string): string[] {
  return [...new Set(text.toLowerCase().match(word) ?? [])];
}
