// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts';
import { dig, objectsIn, textAt } from '../../dig.ts';
import type { Rule, RuleContext } from '../../rule.ts';

/** Writes an answer under `classifications.{group}`. */
export function classify(
  { processed }: RuleContext,
  group: 'support' | 'skunk_works',
  classification: string,
  version: string,
  data: JsonValue = null,
): void {
  const classifications = classificationsOf(processed);
  classifications[group] = {
    classification,
    classification_data: data,
    classification_version: version,
  };
}

export function classificationsOf(processed: JsonObject): JsonObject {
  const existing = processed['classifications'];
  if (isJsonObject(existing)) return existing;
  const classifications: JsonObject = {};
  processed['classifications'] = classifications;
  return classifications;
}

export const bitguardClassifier: Rule = {
  name: 'BitguardClassifier',
  doc: 'Classifies crashes with the module `bitguard.dll`.',
  action(context) {
    const modules = objectsIn(dig(context.processed, 'json_dump.modules'));
    if (!modules.some((module) => module['filename'] === 'bitguard.dll')) return false;
    classify(context, 'support', 'bitguard', '1.0');
    return true;
  },
};

/** Firefox below this was out of date in 2015. */
const outOfDateVersion = '17';

export const outOfDateClassifier: Rule = {
  name: 'OutOfDateClassifier',
  doc: 'Classifies crashes of Firefox below 17 by what the user can do about it.',
  predicate: ({ raw }) =>
    raw['ProductName'] === 'Firefox' &&
    typeof raw['Version'] === 'string' &&
    compareVersions(normalisedVersion(raw['Version']), normalisedVersion(outOfDateVersion)) < 0,
  action(context) {
    classify(context, 'support', adviceFor(dig(context.processed, 'json_dump.system_info')), '1.0');
    return true;
  },
};

const update = 'update-firefox-latest-version';

function adviceFor(system: JsonValue | undefined): string {
  const os = textAt(system, 'os');
  const version = textAt(system, 'os_ver');
  if (os.includes('Win')) return windowsAdvice(version);
  if (os === 'Mac OS X') return macAdvice(version, textAt(system, 'cpu_arch'));
  return update;
}

function windowsAdvice(version: string): string {
  const [major, minor] = twoNumbers(version);
  if (major === 5 && minor === 0) return 'firefox-no-longer-works-windows-2000';
  const last = Number.parseInt(version.trim().split(' ').at(-1) ?? '', 10);
  const servicePack = version.includes('Service') && Number.isInteger(last) ? last : 0;
  const isOldXp = major < 5 || (major === 5 && (minor < 1 || (minor === 1 && servicePack < 3)));
  return isOldXp ? 'firefox-no-longer-works-some-versions-windows-xp' : update;
}

function macAdvice(version: string, cpuArch: string): string {
  const [major, minor] = twoNumbers(version);
  if (cpuArch === 'ppc' || major < 10 || (major === 10 && minor <= 4))
    return 'firefox-no-longer-works-mac-os-10-4-or-powerpc';
  return major === 10 && minor === 5 ? 'firefox-no-longer-works-mac-os-x-10-5' : update;
}

/** First two dotted parts; what is no number is beyond all. */
function twoNumbers(version: string): [number, number] {
  const parts = version.split('.');
  const numberAt = (index: number) =>
    /^\s*\d+\s*$/.test(parts[index] ?? '') ? Number(parts[index]) : Number.MAX_SAFE_INTEGER;
  return [numberAt(0), numberAt(1)];
}

type VersionPart = readonly [number, string, number, string];

/**
 * Mozilla's order of versions: each dotted part is number, letters, number, letters. A missing number is 0, missing
 * letters come after all letters, so that 3.6b1 < 3.6 and 3 = 3.0.
 */
export function normalisedVersion(version: string): readonly VersionPart[] {
  const parts = version.split('.').slice(0, 4);
  while (parts.length < 4) parts.push('');
  return parts.map((part) => {
    const [, a, b, c, d] = /^(\d*)([a-z]*)(\d*)([a-z]*)/.exec(part) ?? [];
    return [Number(a || 0), b || 'zzzzzz', Number(c || 0), d || 'zzzzzz'];
  });
}

export function compareVersions(a: readonly VersionPart[], b: readonly VersionPart[]): number {
  for (const [index, part] of a.entries())
    for (const [place, value] of part.entries()) {
      const other = b[index]?.[place] as number | string;
      if (value !== other) return value < other ? -1 : 1;
    }
  return 0;
}
