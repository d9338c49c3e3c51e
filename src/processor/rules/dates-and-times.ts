// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isCrashId } from '../../crash/crash-id.ts';
import type { JsonValue } from '../../lib/json.ts';
import { bigIntegerOf, integerOf } from '../../lib/python-text.ts';
import type { Rule, RuleContext } from '../rule.ts';

export const datesAndTimes: Rule = {
  name: 'DatesAndTimesRule',
  doc: 'Sets the dates, `crash_time`, `uptime`, `install_age` and `last_crash`.',
  action(context) {
    const { raw, processed, notes } = context;
    const submitted = submittedTimestampOf(context);
    if (submitted === null) {
      notes.add('submitted_timestamp missing, and no date in the crash id');
      return;
    }
    processed['submitted_timestamp'] = submitted;
    processed['date_processed'] = submitted;
    const submittedS = secondsOf(submitted);

    const crashTime = crashTimeOf(context, submittedS);
    processed['crash_time'] = crashTime;
    if (crashTime === submittedS) notes.add('client_crash_date is unknown');
    processed['client_crash_date'] = isoDate(crashTime);

    const startup = processed['startup_time'];
    const startupTime = startup === undefined ? crashTime : integerOrZero(startup, 'startup_time', context);
    const install = raw['InstallTime'];
    const installTime = install === undefined ? startupTime : integerOrZero(install, 'InstallTime', context);
    processed['install_age'] = crashTime - installTime;
    processed['uptime'] = Math.max(0, crashTime - startupTime);
    processed['last_crash'] = lastCrashOf(context);
  },
};

/** The annotation of the collector; without it, midnight of the date in the crash id (Socorro fails here). */
export function submittedTimestampOf({ raw, notes }: RuleContext): string | null {
  const submitted = raw['submitted_timestamp'];
  if (typeof submitted === 'string') return submitted;
  const crashId = raw['uuid'];
  if (typeof crashId !== 'string' || !isCrashId(crashId)) return null;
  notes.add('submitted_timestamp missing: date of the crash id used');
  const [year, month, day] = [crashId.slice(-6, -4), crashId.slice(-4, -2), crashId.slice(-2)];
  return `20${year}-${month}-${day}T00:00:00+00:00`;
}

/** Whole seconds since 1970 of an ISO date; 0 for anything else. Without a zone it is UTC. */
export function secondsOf(text: string): number {
  if (!/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text)) return 0;
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(text.slice(10));
  const ms = Date.parse(hasZone || text.length === 10 ? text : `${text}Z`);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

/** `YYYY-MM-DDTHH:MM:SS+00:00`. */
export function isoDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, '+00:00');
}

function crashTimeOf({ raw, notes }: RuleContext, submittedS: number): number {
  const value = raw['CrashTime'];
  if (value === undefined) {
    notes.add('WARNING: raw_crash missing CrashTime');
    return submittedS;
  }
  if (typeof value !== 'string') {
    notes.add(`WARNING: raw_crash[CrashTime] contains unexpected value: ${shown(value)}; it is no text`);
    return submittedS;
  }
  // Ten characters reach until 2286 and cut the milliseconds that some clients send.
  const seconds = integerOf(value.slice(0, 10));
  if (seconds === null) notes.add('non-integer value of "CrashTime"');
  return seconds ?? 0;
}

function shown(value: JsonValue): string {
  if (value === null) return 'None';
  return typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'an object') : String(value);
}

function integerOrZero(value: JsonValue, name: string, { notes }: RuleContext): number {
  const integer = integerOf(value);
  if (integer === null) notes.add(`non-integer value of "${name}"`);
  return integer ?? 0;
}

const postgresBigIntMax = 2n ** 63n - 1n;

function lastCrashOf({ raw, notes }: RuleContext): number | null {
  const value = raw['SecondsSinceLastCrash'];
  if (value === undefined) return null;
  const seconds = bigIntegerOf(value);
  if (seconds === null) {
    notes.add('non-integer value of "SecondsSinceLastCrash"');
    return null;
  }
  if (seconds > postgresBigIntMax) {
    notes.add('"SecondsSinceLastCrash" larger than MAXINT - set to NULL');
    return null;
  }
  return Number(seconds);
}
