// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { SalvageError } from '../lib/errors.ts';
import { collectorErrors } from './errors.ts';
import { makeRuleThrottler, type RuleSet, type ThrottleRule, type Throttler } from './throttler.ts';

// Rule sets of people's own: a TypeScript or JavaScript module that exports `rules` (and `products`, `packageNames`),
// or a JSON file. Nothing is evaluated but the module that the operator names.

const resultSchema = z.enum(['accept', 'defer', 'reject', 'fakeaccept']);
const outcomeSchema = z.union([
  resultSchema,
  z.strictObject({
    percent: z.number().min(0).max(100),
    hit: z.union([resultSchema, z.literal('continue')]),
    miss: z.union([resultSchema, z.literal('continue')]),
  }),
]);

const testSchema = z.strictObject({
  key: z.string().min(1),
  equals: z.string().optional(),
  in: z.array(z.string()).optional(),
  startsWith: z.string().optional(),
  matches: z.string().optional(),
  /** True: the annotation is there; false: it is not. */
  present: z.boolean().optional(),
});

const fileSchema = z.strictObject({
  products: z.array(z.string()).optional(),
  packageNames: z.record(z.string(), z.array(z.string())).optional(),
  rules: z.array(
    z.strictObject({ name: z.string(), doc: z.string().optional(), when: z.array(testSchema), result: outcomeSchema }),
  ),
});

type FileTest = z.infer<typeof testSchema>;

/** Reads a rule set; errors name the file and what is wrong in it (`bad_throttle_rules`). */
export async function loadRuleThrottler(path: string): Promise<Throttler> {
  try {
    return makeRuleThrottler(extname(path) === '.json' ? await ruleSetFromJson(path) : await ruleSetFromModule(path));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String((error as Error).message ?? error);
    throw new SalvageError(collectorErrors.bad_throttle_rules, `${path}: ${reason}`, { cause: error });
  }
}

async function ruleSetFromJson(path: string): Promise<RuleSet> {
  const file = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  return {
    name: path,
    rules: file.rules.map(({ name, when, result }) => ({ name, key: '*', matches: allOf(when), result })),
    ...(file.products ? { products: file.products } : {}),
    ...(file.packageNames ? { packageNames: new Map(Object.entries(file.packageNames)) } : {}),
  };
}

/** All tests must hold; no test at all always holds. */
function allOf(tests: readonly FileTest[]): ThrottleRule['matches'] {
  const checks = tests.map((test) => {
    const pattern = test.matches === undefined ? null : new RegExp(test.matches, 'u');
    const among = test.in ? new Set(test.in) : null;
    return (value: string | null) => {
      if (test.present !== undefined && (value !== null) !== test.present) return false;
      if (value === null) return test.present === false;
      return (
        (test.equals === undefined || value === test.equals) &&
        (among === null || among.has(value)) &&
        (test.startsWith === undefined || value.startsWith(test.startsWith)) &&
        (pattern === null || pattern.test(value))
      );
    };
  });
  return (_, { annotations, text }) =>
    tests.every((test, i) => checks[i]?.(annotations.has(test.key) ? text(test.key) : null));
}

async function ruleSetFromModule(path: string): Promise<RuleSet> {
  if (!/\.[cm]?[jt]s$/.test(path))
    throw new Error(
      'is neither a rule set of ours nor a .json, .js or .ts file; Python rules are written anew as one of these (docs/throttling.md)',
    );
  const module = (await import(pathToFileURL(resolve(path)).href)) as Partial<RuleSet>;
  if (!Array.isArray(module.rules)) throw new Error('the module exports no `rules` list');
  for (const rule of module.rules as readonly ThrottleRule[]) {
    if (typeof rule?.matches !== 'function') throw new Error(`rule ${rule?.name}: \`matches\` is not a function`);
    outcomeSchema.parse(rule.result);
  }
  return { ...module, name: path, rules: module.rules };
}
