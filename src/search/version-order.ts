// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { VersionSeen } from './search-index.ts';

/** Order of the stages of one release: alpha, beta, release candidate, release, extended support (web.md §5.4). */
const stages = { a: 0, alpha: 0, pre: 0, dev: 0, b: 1, beta: 1, rc: 2, '': 3, esr: 4 } as const;

interface ParsedVersion {
  readonly numbers: readonly number[];
  readonly stage: number;
  /** `.N` after the stage: the 2 of beta.2. */
  readonly step: number;
}

const versionText =
  /^v?(\d{1,9}(?:\.\d{1,9}){0,5})(?:[.-]?(alpha|beta|pre|dev|esr|rc|a|b)[.-]?(\d{1,9})?(?:\.\d{1,9})*)?(?:\+[\w.-]*)?$/i;

/** `8.3.0-beta.2`, `4.0b2`, `115.3esr`, `1.0rc1` in parts; null for a text that is no version. */
export function parseVersion(text: string): ParsedVersion | null {
  const match = versionText.exec(text.trim());
  if (!match) return null;
  const stage = (match[2] ?? '').toLowerCase() as keyof typeof stages;
  return { numbers: (match[1] as string).split('.').map(Number), stage: stages[stage], step: Number(match[3] ?? 0) };
}

/** Below 0 when `a` is older than `b`. Texts that are no version are older than all that are, and equal among themselves. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [parseVersion(a), parseVersion(b)];
  if (!x || !y) return Number(x !== null) - Number(y !== null);
  for (let at = 0; at < Math.max(x.numbers.length, y.numbers.length); at++) {
    const difference = (x.numbers[at] ?? 0) - (y.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return x.stage - y.stage || x.step - y.step;
}

/** Newest first; texts that are no version come after, by the date of their first report. */
export function newestFirst(versions: readonly VersionSeen[]): readonly VersionSeen[] {
  return versions.toSorted(
    (a, b) =>
      compareVersions(b.version, a.version) || (a.firstDate < b.firstDate ? 1 : a.firstDate > b.firstDate ? -1 : 0),
  );
}

const activeDays = 60;
/** A version counts as active from this share of its product's reports on, at most 50 of them: one stray report of a developer's build is no release. */
const activeShare = 0.001;
const featuredCount = 3;

/** Versions with reports in the last 60 days, newest first. The threshold grows with the product: 1 on small sites. */
export function activeVersions(versions: readonly VersionSeen[], now: Date): readonly VersionSeen[] {
  const since = new Date(now.getTime() - activeDays * 86_400_000).toISOString();
  const recent = versions.filter((version) => version.lastDate >= since);
  const total = recent.reduce((sum, version) => sum + version.reportCount, 0);
  const least = Math.min(50, Math.max(1, Math.floor(total * activeShare)));
  return newestFirst(recent.filter((version) => version.reportCount >= least));
}

/** The newest active version of each major.minor, the newest three of those, without extended support. */
export function featuredVersions(versions: readonly VersionSeen[], now: Date): readonly VersionSeen[] {
  const lines = new Map<string, VersionSeen>();
  for (const version of activeVersions(versions, now)) {
    const parsed = parseVersion(version.version);
    if (parsed?.stage === stages.esr) continue;
    const line = parsed ? `${parsed.numbers[0]}.${parsed.numbers[1] ?? 0}` : version.version;
    if (!lines.has(line)) lines.set(line, version);
  }
  return [...lines.values()].slice(0, featuredCount);
}

/** The versions to begin with: the featured ones, else the active ones. */
export function featuredOrActive(versions: readonly VersionSeen[], now: Date): readonly VersionSeen[] {
  const featured = featuredVersions(versions, now);
  return featured.length > 0 ? featured : activeVersions(versions, now);
}
