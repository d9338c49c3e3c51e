// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { pythonStr } from '../crash/python-json.ts';
import type { Annotations } from '../crash/report-reader.ts';
import type { Throttler } from './throttler.ts';

// The throttler of Socorro's 2016 collector (collector.md §4.4): whoever is sampled out is deferred, not rejected,
// unless refusing is allowed and the client understands it.

/** Key of an annotation, `*` for the whole report, or null for a test without a value. */
export interface LegacyCondition {
  readonly key: string | null;
  /** Text = equality, a pattern = search, a function, or a constant. */
  readonly test: string | boolean | RegExp | ((value: string, annotations: Annotations) => boolean);
  /** Percent to accept; null = ignore the report. */
  readonly percent: number | null;
}

export interface LegacyThrottlerOptions {
  readonly conditions: readonly LegacyCondition[];
  /** True (the default of 2016): sampled-out reports are always kept as deferred. */
  readonly neverDiscard: boolean;
  /** By product, the first version that understands a refusal. */
  readonly refusalVersions: Readonly<Record<string, string>>;
}

const text = (annotations: Annotations, name: string, missing: string) => pythonStr(annotations.get(name) ?? missing);

/** The default conditions of 2016. */
export const legacyConditions: readonly LegacyCondition[] = [
  {
    key: '*',
    test: (_, annotations) => annotations.has('HangID') && text(annotations, 'ProcessType', 'browser') === 'browser',
    percent: null,
  },
  { key: 'Comments', test: (value) => value !== '', percent: 100 },
  { key: 'ReleaseChannel', test: (value) => ['aurora', 'beta', 'esr'].includes(value), percent: 100 },
  { key: 'ReleaseChannel', test: (value) => value.startsWith('nightly'), percent: 100 },
  { key: 'ProductName', test: 'Firefox', percent: 10 },
  { key: 'ProductName', test: 'Fennec', percent: 100 },
  { key: 'Version', test: /\..*?[a-zA-Z]+/, percent: 100 },
  { key: 'ProductName', test: (value) => ['T', 'S', 'C'].includes(value.charAt(0)), percent: 100 },
  { key: null, test: true, percent: 0 },
];

export const defaultLegacyOptions: LegacyThrottlerOptions = {
  conditions: legacyConditions,
  neverDiscard: true,
  refusalVersions: { Firefox: '3.5.4' },
};

export function makeLegacyThrottler(options: LegacyThrottlerOptions = defaultLegacyOptions): Throttler {
  return {
    name: 'legacy',
    decide(annotations, draw) {
      const index = options.conditions.findIndex((condition) => isMet(condition, annotations));
      const percent = index < 0 ? 0 : (options.conditions[index] as LegacyCondition).percent;
      const rule = index < 0 ? 'NO_MATCH' : `legacy_${index + 1}`;
      if (percent === null) return { result: 'fakeaccept', rule, rate: null, remarks: [] };
      if (index >= 0 && draw() <= percent) return { result: 'accept', rule, rate: percent, remarks: [] };
      const mayDiscard = !options.neverDiscard && understandsRefusal(annotations, options.refusalVersions);
      return { result: mayDiscard ? 'reject' : 'defer', rule, rate: percent, remarks: [] };
    },
  };
}

function isMet({ key, test }: LegacyCondition, annotations: Annotations): boolean {
  const value = key === null || key === '*' ? '' : annotations.get(key);
  if (value === undefined) return false;
  const given = pythonStr(value);
  if (typeof test === 'boolean') return test;
  if (typeof test === 'string') return given === test;
  return test instanceof RegExp ? test.test(given) : test(given, annotations);
}

function understandsRefusal(annotations: Annotations, versions: Readonly<Record<string, string>>): boolean {
  const product = text(annotations, 'ProductName', '');
  if (!Object.hasOwn(versions, product)) return false;
  return compareVersions(text(annotations, 'Version', ''), versions[product] as string) >= 0;
}

/**
 * Orders versions as Socorro normalised them: numbers by value, and a pre-release (`4.0b2`) before its release. Parts
 * that are missing count as zero.
 */
export function compareVersions(a: string, b: string): number {
  const [partsA, partsB] = [versionParts(a), versionParts(b)];
  for (let i = 0; i < Math.max(partsA.length, partsB.length); i++) {
    const [numberA, suffixA, extraA] = partsA[i] ?? [0, '', 0];
    const [numberB, suffixB, extraB] = partsB[i] ?? [0, '', 0];
    if (numberA !== numberB) return numberA - numberB;
    // No suffix is later than any suffix.
    if (suffixA !== suffixB) return suffixA === '' ? 1 : suffixB === '' ? -1 : suffixA < suffixB ? -1 : 1;
    if (extraA !== extraB) return extraA - extraB;
  }
  return 0;
}

function versionParts(version: string): [number, string, number][] {
  return version.split('.').map((part) => {
    const match = /^(\d*)([A-Za-z]*)(\d*)/.exec(part);
    return [Number(match?.[1] ?? 0), match?.[2] ?? '', Number(match?.[3] ?? 0)];
  });
}
