// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { searchErrors } from './errors.ts';
import { searchLimits } from './limits.ts';

const dayMs = 86_400_000;
const absolute = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;
const relative = /^-(\d{1,5})(m|h|d|w)$/;
const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs };

/**
 * Reads `2026-11-01`, `2026-11-01T10:00:00.5+03:00`, the same with a space, or `-7d` (from now). No zone = UTC.
 * Null for anything else, dates that the calendar lacks included.
 */
export function parseSearchDate(text: string, now: Date): Date | null {
  const past = relative.exec(text);
  if (past) return new Date(now.getTime() - Number(past[1]) * (unitMs[past[2] as string] as number));
  return parseUtcDate(text);
}

/** As `parseSearchDate`, without the relative ones. */
export function parseUtcDate(text: string): Date | null {
  const match = absolute.exec(text.trim());
  if (!match) return null;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}${offset}`);
  if (Number.isNaN(date.getTime())) return null;
  // JavaScript turns 31 February into 3 March: refuse what the calendar lacks.
  const dayOfMonth = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate();
  return dayOfMonth === Number(day) ? date : null;
}

export interface DateBound {
  readonly date: Date;
  readonly inclusive: boolean;
}

/** Values of the parameter `date` (`>=2026-11-01`, `<-1d`) as the tightest pair of bounds (web.md §3.4). */
export function parseDateRange(
  values: readonly string[],
  now: Date,
  rangeDaysMax: number = searchLimits.dateRangeDaysMax.value,
): { from: DateBound; to: DateBound } {
  let from: DateBound | null = null;
  let to: DateBound | null = null;
  for (const value of values) {
    const match = /^(>=|<=|>|<)(.*)$/s.exec(value);
    if (!match) throw badArgument('date must have a prefix operator');
    const date = parseSearchDate(match[2] as string, now);
    if (!date) throw badArgument('Bad value for parameter date: not a valid datetime');
    const bound = { date, inclusive: (match[1] as string).endsWith('=') };
    if ((match[1] as string).startsWith('>')) from = from ? tighter(from, bound, 1) : bound;
    else to = to ? tighter(to, bound, -1) : bound;
  }
  to ??= { date: now, inclusive: true };
  from ??= { date: new Date(to.date.getTime() - 7 * dayMs), inclusive: true };
  const days = (to.date.getTime() - from.date.getTime()) / dayMs;
  if (days > rangeDaysMax) throw badArgument(`Date range is bigger than ${rangeDaysMax} days`);
  return { from, to };
}

function tighter(a: DateBound, b: DateBound, sign: 1 | -1): DateBound {
  const difference = (b.date.getTime() - a.date.getTime()) * sign;
  if (difference !== 0) return difference > 0 ? b : a;
  return a.inclusive ? b : a;
}

function badArgument(text: string): SalvageError {
  return new SalvageError(searchErrors.search_bad_argument, text);
}
