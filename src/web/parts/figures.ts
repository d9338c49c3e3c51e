// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { raw } from 'hono/html';
import { type Html, html } from '../html.ts';

/** `1,203` */
export function countText(count: number): string {
  return count.toLocaleString('en');
}

/** Share of a whole, `12.4 %`; a whole of nothing has no shares. */
export function percentText(part: number, whole: number, digits = 1): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(digits)} %` : '–';
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1.9 MB`; binary units would need explaining to half of the readers. */
export function bytesText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (Math.abs(size) >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** A share as a bar with its figure beside it. `ink` is the class of the fill: '', d2, d3, d4, dr. */
export function barCell(part: number, whole: number, ink: '' | 'd2' | 'd3' | 'd4' | 'dr' = ''): Html {
  const drawn = bar([{ share: whole > 0 ? part / whole : 0, ink }], true);
  return html`<span class="cell-bar">${drawn}<span class="fig">${percentText(part, whole)}</span></span>`;
}

/** A count beside a bar that compares it with the largest of its column. */
export function countBar(count: number, most: number): Html {
  const drawn = html`<svg class="bar" aria-hidden="true">
  <rect class="track" width="100%" height="100%" rx="1"/>
  <rect class="fill" width="${((100 * count) / most).toFixed(1)}%" height="100%" rx="1"/>
</svg>`;
  return html`<span class="cell-bar">${drawn}<span class="fig">${countText(count)}</span></span>`;
}

export interface BarPart {
  /** 0 to 1. */
  readonly share: number;
  readonly ink: '' | 'd2' | 'd3' | 'd4' | 'dr';
}

/** Parts of a whole beside each other. */
export function bar(parts: readonly BarPart[], hasTrack = false): Html {
  let x = 0;
  const fills = parts.map(({ share, ink }) => {
    const width = Math.max(0, Math.min(1 - x, share));
    const rect = `<rect class="fill ${ink}" x="${percent(x)}" width="${percent(width)}" height="100%"/>`;
    x += width;
    return rect;
  });
  const track = hasTrack ? '<rect class="track" width="100%" height="100%" rx="1"/>' : '';
  return raw(`<svg class="bar" aria-hidden="true">${track}${fills.join('')}</svg>`);
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`;
}
