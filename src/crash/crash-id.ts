// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * A crash id: 36 lower-case characters in uuid shape; the last seven are the throttle digit (0 accept, 1 defer) and the
 * UTC date of receipt as YYMMDD (spec collector.md §2). Stored and published without the `bp-` prefix.
 */
export type CrashId = string;

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{5}([0-9])([0-9]{2})([0-9]{2})([0-9]{2})$/;

/** True for text in the shape of a crash id with a date that the calendar has. Any throttle digit passes: stores hold 2-9 too. */
export function isCrashId(text: string): text is CrashId {
  const match = shape.exec(text);
  if (!match || text.length !== 36) return false;
  const [year, month, day] = [2000 + Number(match[2]), Number(match[3]), Number(match[4])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Makes a crash id from a random uuid (lower case, with dashes), a throttle digit and the time of receipt. */
export function makeCrashId(randomUuid: string, throttleDigit: number, receivedAt: Date): CrashId {
  const yymmdd = receivedAt.toISOString().slice(2, 10).replaceAll('-', '');
  return `${randomUuid.slice(0, 29)}${throttleDigit}${yymmdd}`;
}

/** The digit at index -7: the throttle result for ids of 2018 and later, a radix depth in older stores. */
export function throttleDigitOf(crashId: CrashId): number {
  return Number(crashId.at(-7));
}

/** The submit date of the id, as `YYYYMMDD`: the partition of most storage layouts. */
export function dateOf(crashId: CrashId): string {
  return `20${crashId.slice(-6)}`;
}
