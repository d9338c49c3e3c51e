// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText } from '../lib/errors.ts';
import { processorMetrics } from './metrics.ts';
import type { Rule, RuleContext } from './rule.ts';

/** When a set of rules stops (processor.md §1.2). */
export const ruleSetModes = [
  'apply_all_rules',
  'apply_until_action_succeeds',
  'apply_until_action_fails',
  'apply_until_predicate_succeeds',
  'apply_until_predicate_fails',
] as const;
export type RuleSetMode = (typeof ruleSetModes)[number];

/** Rules in order with their mode. */
export interface RuleSet {
  readonly name: string;
  readonly mode: RuleSetMode;
  readonly rules: readonly Rule[];
}

/** What one rule did: refused (predicate false), or ran and succeeded or not. */
export interface RuleResult {
  readonly hasRun: boolean;
  /** Null when the predicate refused. */
  readonly hasSucceeded: boolean | null;
  readonly hasThrown: boolean;
}

/** What a pass over one set says, as in 2016: true, false, or null where the mode found nothing to say. */
export interface SetResult {
  readonly result: boolean | null;
  readonly failedRules: readonly string[];
}

/**
 * Applies the rules of a set in order; never throws. When the time of the crash is used up, walks end by its signal and
 * the quick rules still run.
 */
export async function applyRuleSet(ruleSet: RuleSet, context: RuleContext, pipelineName: string): Promise<SetResult> {
  const failedRules: string[] = [];
  for (const rule of ruleSet.rules) {
    const outcome = await act(rule, context, pipelineName);
    if (outcome.hasThrown) failedRules.push(rule.name);
    const stop = resultThatStops(ruleSet.mode, outcome);
    if (stop !== undefined) return { result: stop, failedRules };
  }
  return { result: resultAtEnd(ruleSet.mode), failedRules };
}

function resultThatStops(mode: RuleSetMode, { hasRun, hasSucceeded }: RuleResult): boolean | null | undefined {
  switch (mode) {
    case 'apply_all_rules':
      return undefined;
    case 'apply_until_action_succeeds':
      return hasSucceeded ? true : undefined;
    case 'apply_until_action_fails':
      // A refused predicate counts as a failure here, as it did in 2016.
      return hasSucceeded ? undefined : true;
    case 'apply_until_predicate_succeeds':
      return hasRun ? hasSucceeded : undefined;
    case 'apply_until_predicate_fails':
      return hasRun ? undefined : false;
  }
}

function resultAtEnd(mode: RuleSetMode): boolean | null {
  if (mode === 'apply_all_rules') return true;
  return mode === 'apply_until_action_succeeds' || mode === 'apply_until_action_fails' ? false : null;
}

/** Asks the predicate, runs the action, times both. What a rule throws ends here as a note. */
async function act(rule: Rule, context: RuleContext, pipelineName: string): Promise<RuleResult> {
  const { clock, metrics } = context.services;
  const startedMs = clock.monotonicMs();
  let hasRun = false;
  try {
    if (rule.predicate && !rule.predicate(context)) return { hasRun, hasSucceeded: null, hasThrown: false };
    hasRun = true;
    const result = await rule.action(context);
    return { hasRun, hasSucceeded: result === true, hasThrown: false };
  } catch (error) {
    noteFailure(rule, error, context, pipelineName);
    return { hasRun, hasSucceeded: hasRun ? false : null, hasThrown: true };
  } finally {
    metrics.timing(processorMetrics.ruleAct, clock.monotonicMs() - startedMs, { rule: rule.name });
  }
}

/** Notes are public, so the note has the class of the error alone; its text may quote an annotation and is only logged. */
function noteFailure(rule: Rule, error: unknown, context: RuleContext, pipelineName: string): void {
  const { logger, metrics } = context.services;
  const className = error instanceof Error ? error.name.slice(0, 60) : 'Error';
  context.notes.add(`ruleset '${pipelineName}' rule '${rule.name}' failed: ${className}`);
  metrics.incr(processorMetrics.ruleFailed, { rule: rule.name });
  logger.error(`rule ${rule.name} failed: ${errorText(error)}`, {
    crash_id: context.raw['uuid'],
    rule: rule.name,
    error,
  });
}
