// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SalvageError } from '../lib/errors.ts';
import { isJsonObject } from '../lib/json.ts';
import { type RuleSet, type RuleSetMode, ruleSetModes } from './apply-rules.ts';
import { processorErrors } from './errors.ts';
import { type PipelineSpec, type PresetName, presets, type RuleSetSpec } from './presets.ts';
import type { Rule } from './rule.ts';
import { socorro2015Rules } from './rules/socorro-2015/socorro-2015.ts';
import { todayRules } from './rules/today.ts';

/** A pipeline with its rules found. */
export interface Pipeline {
  readonly name: string;
  /** How the pass keeps its notes and dates. */
  readonly era: PipelineSpec['era'];
  readonly sets: readonly RuleSet[];
  readonly keepsProcessed: boolean;
}

/** Pipelines by name; `default` is always there. */
export type Pipelines = ReadonlyMap<string, Pipeline>;

/** Finds rules by name: one's own first, then those of the era, then the others. */
export class RuleRegistry {
  readonly #own: ReadonlyMap<string, Rule>;
  readonly #eras: Readonly<Record<PipelineSpec['era'], ReadonlyMap<string, Rule>>>;

  constructor(ownRules: readonly Rule[] = []) {
    const byName = (rules: readonly Rule[]) => new Map(rules.map((rule) => [rule.name, rule]));
    this.#own = byName(ownRules);
    this.#eras = { today: byName(todayRules), 'socorro-2015': byName(socorro2015Rules) };
  }

  /** Takes plain names, names with or without `Rule`, Socorro's dotted class paths, and `era:Name`. */
  find(name: string, era: PipelineSpec['era']): Rule {
    const [, prefix, rest] = /^(today|socorro-2015):(.*)$/.exec(name) ?? [];
    const wanted = (rest ?? name).split('.').at(-1) as string;
    const first = (prefix as PipelineSpec['era'] | undefined) ?? era;
    const other = first === 'today' ? 'socorro-2015' : 'today';
    for (const rules of [this.#own, this.#eras[first], this.#eras[other]])
      for (const spelling of [wanted, `${wanted}Rule`, wanted.replace(/Rule$/, '')]) {
        const rule = rules.get(spelling);
        if (rule) return rule;
      }
    throw new SalvageError(processorErrors.bad_ruleset, `there is no rule ${JSON.stringify(name)}`);
  }
}

/** Makes the pipelines of a preset, with further ones of one's own; those replace others of the same name. */
export function makePipelines(
  preset: PresetName,
  registry: RuleRegistry = new RuleRegistry(),
  ownPipelines: readonly PipelineSpec[] = [],
): Pipelines {
  const pipelines = new Map<string, Pipeline>();
  for (const spec of [...presets[preset], ...ownPipelines]) pipelines.set(spec.name, makePipeline(spec, registry));
  return pipelines;
}

export function makePipeline(spec: PipelineSpec, registry: RuleRegistry): Pipeline {
  return {
    name: spec.name,
    era: spec.era,
    keepsProcessed: spec.keepsProcessed ?? false,
    sets: spec.sets.map(({ name, mode, rules }) => ({
      name,
      mode,
      rules: rules.map((rule) => registry.find(rule, spec.era)),
    })),
  };
}

/**
 * Reads rule sets from configuration: an object of pipelines `{"name": {"era", "sets": […], "keepsProcessed"}}`, or one
 * list of sets for `default`. A set is `{"name", "mode", "rules": […]}` or the row of 2016
 * `[name, tag, class, mode, "Class1, Class2, "]`. What cannot be used is `bad_ruleset` with its place.
 */
export function parsePipelines(value: unknown): PipelineSpec[] {
  if (Array.isArray(value)) return [{ name: 'default', era: eraOf(value), sets: value.map(parseSet) }];
  if (!isJsonObject(value)) throw badSet('the rule sets must be an object of pipelines or a list of sets');
  return Object.entries(value).map(([name, pipeline]) => {
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(name)) throw badSet(`${JSON.stringify(name)} is no name for a pipeline`);
    if (!isJsonObject(pipeline) || !Array.isArray(pipeline['sets'])) throw badSet(`${name}: "sets" must be a list`);
    const era = pipeline['era'] ?? eraOf(pipeline['sets']);
    if (era !== 'today' && era !== 'socorro-2015') throw badSet(`${name}: "era" is today or socorro-2015`);
    return {
      name,
      era,
      sets: pipeline['sets'].map(parseSet),
      keepsProcessed: pipeline['keepsProcessed'] === true,
    };
  });
}

/** Rows of five are the configuration of 2016, so their names mean the rules of then. */
function eraOf(sets: readonly unknown[]): PipelineSpec['era'] {
  return sets.some((set) => Array.isArray(set)) ? 'socorro-2015' : 'today';
}

function parseSet(value: unknown, index: number): RuleSetSpec {
  const set = Array.isArray(value)
    ? { name: value[0], tag: value[1], mode: value[3], rules: namesIn(value[4]) }
    : isJsonObject(value)
      ? { name: value['name'], tag: value['tag'], mode: value['mode'] ?? 'apply_all_rules', rules: value['rules'] }
      : null;
  if (!set || typeof set.name !== 'string') throw badSet(`set ${index + 1} has no name`);
  if (!ruleSetModes.includes(set.mode as RuleSetMode))
    throw badSet(`set ${set.name}: the mode must be one of ${ruleSetModes.join(', ')}`);
  if (!Array.isArray(set.rules) || !set.rules.every((rule) => typeof rule === 'string'))
    throw badSet(`set ${set.name}: "rules" must be a list of names`);
  return {
    name: set.name,
    mode: set.mode as RuleSetMode,
    rules: set.rules as string[],
    ...(typeof set.tag === 'string' ? { tag: set.tag } : {}),
  };
}

/** `"Class1, Class2, "`: blanks and the last comma do not count. */
function namesIn(value: unknown): unknown {
  return typeof value === 'string'
    ? value
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean)
    : value;
}

function badSet(message: string): SalvageError {
  return new SalvageError(processorErrors.bad_ruleset, message);
}

/**
 * Loads rules of one's own: a module whose `rules` (or default) export is a list of rules. The path is relative to
 * `baseFolder`.
 */
export async function loadOwnRules(path: string, baseFolder: string): Promise<readonly Rule[]> {
  const file = isAbsolute(path) ? path : resolve(baseFolder, path);
  let module: { rules?: unknown; default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    throw new SalvageError(processorErrors.bad_ruleset, `cannot load the rules module ${path}`, { cause: error });
  }
  const rules = module.rules ?? module.default;
  if (!Array.isArray(rules) || !rules.every(isRule))
    throw badSet(`${path} must export "rules", a list of objects with a name and an action`);
  return rules;
}

function isRule(value: unknown): value is Rule {
  const rule = value as Partial<Rule> | null;
  return (
    typeof rule === 'object' &&
    rule !== null &&
    typeof rule.name === 'string' &&
    typeof rule.action === 'function' &&
    (rule.predicate === undefined || typeof rule.predicate === 'function')
  );
}
