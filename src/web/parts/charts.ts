// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { raw } from 'hono/html';
import { type Html, html } from '../html.ts';
import { countText } from './figures.ts';
import { dayText } from './times.ts';

/** One series of a chart: a value for every day. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  /** What is left over after the others. */
  readonly is_rest?: boolean;
}

/** Colours in their fixed order; what is left over is the rest. */
const seriesInks = ['s1', 's2', 's3', 's4', 'sr'] as const;

const inkOf = (series: Series, at: number): string => (series.is_rest ? 'sr' : (seriesInks[Math.min(at, 4)] as string));

/** Series stacked into one column a day, with gridlines, labels and the sentence that says what is seen. */
export function dayChart(days: readonly Date[], series: readonly Series[], title: string): Html {
  const height = 170;
  const totals = days.map((_, day) => series.reduce((sum, { values }) => sum + (values[day] ?? 0), 0));
  const top = niceTop(Math.max(1, ...totals));
  const step = 100 / Math.max(1, days.length);
  const columns = days.map((_, day) => {
    let y = height;
    return series.map((one, at) => {
      const value = one.values[day] ?? 0;
      if (value === 0) return '';
      const size = Math.max(0.8, (value / top) * height);
      y -= size;
      return rect(inkOf(one, at), day * step + step * 0.1, y, step * 0.8, size);
    });
  });
  const lines = gridValues(top).map((value) => ({ value, y: height - (value / top) * height }));
  const every = Math.max(1, Math.ceil(days.length / 6));
  const labels = days.map((date, day) => {
    if (day % every !== 0) return '';
    const rank = (day / every) % 2 === 0 ? '' : 'minor';
    const anchor = day === 0 ? 'start' : 'middle';
    const x = fixed(day * step + step / 2);
    return `<text class="${rank}" x="${x}%" y="185" text-anchor="${anchor}">${dayText(date)}</text>`;
  });
  const scale = lines.map(
    ({ value, y }) => `<text x="24" y="${fixed(y + 4)}" text-anchor="end">${short(value)}</text>`,
  );
  const grid = lines.map(({ y }) => `<rect class="gridline" x="0" y="${fixed(y)}" width="100%" height="1"/>`);
  return html`<figure class="trend"><div class="plot">
<svg class="chart" aria-hidden="true">${raw(scale.join(''))}</svg>
<svg class="chart" role="img" aria-label="${title}">
${raw(grid.join(''))}
${raw(columns.flat().join(''))}
<rect class="axisline" x="0" y="170" width="100%" height="1"/>
${raw(labels.join(''))}
</svg>
</div></figure>`;
}

/** The names of a chart's series in its colours. */
export function legend(series: readonly Series[]): Html {
  return html`<ul class="legend">${series.map((one, at) => html`<li class="${inkOf(one, at)}">${one.name}</li>`)}</ul>`;
}

/** A chart for the margin: one column a day, without scale. */
export function smallChart(days: readonly Date[], values: readonly number[], title: string): Html {
  const top = Math.max(1, ...values);
  const step = 100 / Math.max(1, days.length);
  const columns = values.map((value, day) => {
    const size = value === 0 ? 0 : Math.max(1, (value / top) * 44);
    return value === 0 ? '' : rect('s1', day * step, 44 - size, step * 0.85, size);
  });
  const [first, last] = [days[0], days.at(-1)];
  const text =
    first && last
      ? `<text x="0" y="57">${dayText(first)}</text><text x="100%" y="57" text-anchor="end">${dayText(last)}</text>`
      : '';
  return html`<svg class="chart small" role="img" aria-label="${title}">
${raw(columns.join(''))}
<rect class="axisline" x="0" y="44" width="100%" height="1"/>
${raw(text)}
</svg>`;
}

/** Fourteen or so equal buckets in a table cell; the last one is now. */
export function spark(values: readonly number[], title: string): Html {
  const top = Math.max(1, ...values);
  const step = 83 / Math.max(1, values.length);
  const bars = values.map((value, at) => {
    const size = Math.max(1, Math.round((value / top) * 18));
    const now = at === values.length - 1 ? ' class="now"' : '';
    return `<rect${now} x="${fixed(at * step)}" y="${18 - size}" width="${fixed(step * 0.85)}" height="${size}"/>`;
  });
  return html`<svg class="spark" viewBox="0 0 83 18" role="img" aria-label="${title}">${raw(bars.join(''))}</svg>`;
}

function rect(ink: string, x: number, y: number, width: number, height: number): string {
  return `<rect class="${ink}" x="${fixed(x)}%" y="${fixed(y)}" width="${fixed(width)}%" height="${fixed(height)}"/>`;
}

const fixed = (value: number): string => String(Math.round(value * 100) / 100);
const short = (value: number): string => (value >= 10_000 ? `${value / 1000}k` : countText(value));

/** The next of 1, 2, 4, 5, 10 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

function gridValues(top: number): number[] {
  return [1, 2, 3, 4].map((part) => (top * part) / 4).filter((value) => Number.isInteger(value));
}
