// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html } from '../html.ts';

const steps: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** Seconds as the two largest units: `6 min 12 s`, `9 days`, `2 h 11 min`. */
export function durationText(seconds: number): string {
  const sign = seconds < 0 ? '−' : '';
  const whole = Math.abs(Math.round(seconds));
  if (whole >= 14 * 86_400) return `${sign}${Math.round(whole / 86_400)} days`;
  const at = steps.findIndex(([, size]) => whole >= size);
  if (at < 0) return '0 s';
  const [unit, size] = steps[at] as (typeof steps)[number];
  const count = Math.floor(whole / size);
  const next = steps[at + 1];
  const rest = next ? Math.floor((whole % size) / next[1]) : 0;
  const first = unit === 'd' ? `${count} day${count === 1 ? '' : 's'}` : `${count} ${unit}`;
  return `${sign}${first}${next && rest > 0 ? ` ${rest} ${next[0]}` : ''}`;
}

/** The date of a text, or null when it is none. */
export function dateIn(value: unknown): Date | null {
  const date = new Date(typeof value === 'number' ? value * 1000 : typeof value === 'string' ? value : Number.NaN);
  const year = date.getUTCFullYear();
  return year >= 1970 && year < 2200 ? date : null;
}

/** `2026-11-19 08:15:02` (UTC, as the foot of every page says). */
export function dateTimeText(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `19 Nov` */
export function dayText(date: Date): string {
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
}

/** `19 Nov 08:15:02` */
export function shortDateText(date: Date): string {
  return `${dayText(date)} ${date.toISOString().slice(11, 19)}`;
}

/** `4 min ago`; days and more as the date. */
export function agoText(date: Date, now: Date): string {
  const seconds = (now.getTime() - date.getTime()) / 1000;
  if (seconds < 0) return dateTimeText(date);
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days < 14 ? `${days} day${days === 1 ? '' : 's'} ago` : date.toISOString().slice(0, 10);
}

/** A time as text, with the exact moment on hover. */
export function timeElement(date: Date, shown: string): Html {
  return html`<time datetime="${date.toISOString()}" title="${dateTimeText(date)} UTC">${shown}</time>`;
}

export function ago(date: Date, now: Date): Html {
  return timeElement(date, agoText(date, now));
}
