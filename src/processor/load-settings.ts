// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { OptionValues } from '../lib/options.ts';
import type { processorOptions } from './options.ts';
import { loadOwnRules, makePipelines, type Pipelines, parsePipelines, RuleRegistry } from './rule-sets.ts';
import { firstOf, makeHttpVersions, type VersionSource } from './version-source.ts';
import { VersionsFile } from './versions-file.ts';

type Settings = OptionValues<typeof processorOptions.options>;

/** The pipelines that the options ask for: a preset, rule sets of one's own, rules of one's own. */
export async function loadPipelines(
  { ruleSet, ruleSets, rulesModule }: Pick<Settings, 'ruleSet' | 'ruleSets' | 'rulesModule'>,
  baseFolder: string,
): Promise<Pipelines> {
  const ownRules = rulesModule === '' ? [] : await loadOwnRules(rulesModule, baseFolder);
  return makePipelines(ruleSet, new RuleRegistry(ownRules), ruleSets === null ? [] : parsePipelines(ruleSets));
}

/** Where `salvage versions import` keeps what it was fed. */
export function versionsPath(dataDir: string): string {
  return join(dataDir, 'versions.jsonl');
}

/** What was imported, then the service if there is one. */
export function openVersions(
  { versionsUrl }: Pick<Settings, 'versionsUrl'>,
  dataDir: string,
  clock: Clock,
  metrics: Metrics,
): VersionSource {
  const file = new VersionsFile(versionsPath(dataDir), () => clock.monotonicMs());
  if (versionsUrl === '') return file;
  const products = ['Firefox', 'DevEdition', 'Thunderbird'];
  return firstOf([file, makeHttpVersions({ url: versionsUrl, products, clock, metrics })]);
}
