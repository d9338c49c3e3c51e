// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { type PythonValue, pythonStr } from '../crash/python-json.ts';
import type { Annotations } from '../crash/report-reader.ts';
import type { ThrottleDecision, ThrottleResult } from '../crash/throttle.ts';
import { errorText } from '../lib/errors.ts';

/** A verdict with what the rules had to say; the collector logs the remarks once, with the final verdict. */
export interface ThrottleVerdict extends ThrottleDecision {
  readonly remarks: readonly string[];
  /** Rules that threw, each with its error: they count as not matching, because a report must not pay for a rule's bug. */
  readonly failures?: readonly string[];
}

/** Decides what becomes of a report. Pure: may be asked twice of one report, early and at the end, with the same draws. */
export interface Throttler {
  /** As configured, for the log at start. */
  readonly name: string;
  /** `draw` gives numbers in [0, 100); `nowUs` is the time in microseconds since the epoch. */
  decide(annotations: Annotations, draw: () => number, nowUs: number): ThrottleVerdict;
  /** One line a crash under a name of its own (the null throttler's promise). */
  readonly logLine?: (crashId: string) => string;
}

/** With this probability `hit`, otherwise `miss`; `continue` goes on to the next rule. */
export interface SampledResult {
  readonly percent: number;
  readonly hit: ThrottleResult | 'continue';
  readonly miss: ThrottleResult | 'continue';
}

/** What a rule sees beside its own value. */
export interface RuleContext {
  readonly annotations: Annotations;
  /** Products to accept; empty = all. */
  readonly products: readonly string[];
  /** Android package names by product; a product without an entry has no such limit. */
  readonly packageNames: ReadonlyMap<string, readonly string[]>;
  readonly nowUs: number;
  /** Text of an annotation as Python prints it, or `missing` when it is not there. */
  text(name: string, missing?: string): string;
  remark(text: string): void;
}

/**
 * One rule of an ordered set. With a key other than `*` it is asked only when that annotation is there (empty counts)
 * and gets its text as Python prints it (null = `None`, true = `True`).
 */
export interface ThrottleRule {
  /** Letters, digits and underscores; it is in replies, metrics and stored crashes. */
  readonly name: string;
  readonly key: string;
  readonly matches: (value: string, context: RuleContext) => boolean;
  readonly result: ThrottleResult | SampledResult;
}

export interface RuleSet {
  readonly name: string;
  readonly rules: readonly ThrottleRule[];
  readonly products?: readonly string[];
  readonly packageNames?: ReadonlyMap<string, readonly string[]>;
}

/** An ordered set of rules as a throttler: the first that matches decides; none = reject as `NO_MATCH`, rate 0 (collector.md §4.2). */
export function makeRuleThrottler(set: RuleSet): Throttler {
  for (const rule of set.rules)
    if (!/^[A-Za-z0-9_]+$/.test(rule.name))
      throw new Error(`throttle rule ${JSON.stringify(rule.name)}: a name has letters, digits and underscores only`);
  const products = set.products ?? [];
  const packageNames = set.packageNames ?? new Map<string, readonly string[]>();
  return {
    name: set.name,
    decide(annotations, draw, nowUs) {
      const remarks: string[] = [];
      const failures: string[] = [];
      const context: RuleContext = {
        annotations,
        products,
        packageNames,
        nowUs,
        text: (name, missing = '') => textOf(annotations.get(name), missing),
        remark: (text) => remarks.push(text),
      };
      for (const rule of set.rules) {
        const value = rule.key === '*' ? '' : annotations.get(rule.key);
        if (value === undefined || !isMatch(rule, pythonStr(value), context, failures)) continue;
        const isSampled = typeof rule.result !== 'string';
        const result = isSampled ? sample(rule.result as SampledResult, draw) : (rule.result as ThrottleResult);
        if (result === 'continue') continue;
        const rate = isSampled ? (rule.result as SampledResult).percent : 100;
        return { result, rule: rule.name, rate, remarks, failures };
      }
      return { result: 'reject', rule: 'NO_MATCH', rate: 0, remarks, failures };
    },
  };
}

function isMatch(rule: ThrottleRule, value: string, context: RuleContext, failures: string[]): boolean {
  try {
    return rule.matches(value, context);
  } catch (error) {
    failures.push(`${rule.name}: ${errorText(error)}`);
    return false;
  }
}

function textOf(value: PythonValue | undefined, missing: string): string {
  return value === undefined ? missing : pythonStr(value);
}

function sample(result: SampledResult, draw: () => number): ThrottleResult | 'continue' {
  return draw() <= result.percent ? result.hit : result.miss;
}

const acceptEverything: ThrottleRule = { name: 'accept_everything', key: '*', matches: () => true, result: 'accept' };

/** Takes every report. */
export function makeAcceptAllThrottler(): Throttler {
  return makeRuleThrottler({ name: 'accept-all', rules: [acceptEverything] });
}

/** Takes every report and says so in one line each, so that nobody forgets that nothing is sampled. */
export function makeNullThrottler(): Throttler {
  return {
    ...makeRuleThrottler({ name: 'null', rules: [acceptEverything] }),
    logLine: (crashId) => `throttle no-op: ${crashId} accepted`,
  };
}

const drawsPerDigest = 5;
const bytesPerDraw = 6;

/**
 * Draws in [0, 100) that anybody can repeat from the crash id: a hash of its first 28 characters, which the throttle
 * digit and the date are not part of (decisions: draw the id first, sample by it, write the digit last).
 */
export function drawsOf(uuid: string): () => number {
  let count = 0;
  let digest = Buffer.alloc(0);
  return () => {
    const index = count % drawsPerDigest;
    if (index === 0)
      digest = createHash('sha256')
        .update(`${uuid.slice(0, 28)}/${count / drawsPerDigest}`)
        .digest();
    count++;
    return (digest.readUIntBE(index * bytesPerDraw, bytesPerDraw) / 2 ** 48) * 100;
  };
}
