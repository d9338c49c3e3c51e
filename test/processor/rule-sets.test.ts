// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SalvageError } from '../../src/lib/errors.ts';
import { applyRuleSet, type RuleSetMode } from '../../src/processor/apply-rules.ts';
import { presetNames } from '../../src/processor/presets.ts';
import type { Rule } from '../../src/processor/rule.ts';
import { loadOwnRules, makePipelines, parsePipelines, RuleRegistry } from '../../src/processor/rule-sets.ts';
import { socorro2015Rules } from '../../src/processor/rules/socorro-2015/socorro-2015.ts';
import { todayRules } from '../../src/processor/rules/today.ts';
import { temporaryFolder } from '../services/temporary-folder.ts';
import { contextOf } from './fakes.ts';

const increment: Rule = {
  name: 'Increment',
  doc: '',
  action({ processed }) {
    if (typeof processed['one'] !== 'number') return false;
    processed['one'] += 1;
    return true;
  },
};
const assign: Rule = {
  name: 'Assign',
  doc: '',
  action({ processed }) {
    processed['one'] = 1;
    return true;
  },
};
const refused: Rule = { ...increment, name: 'Refused', predicate: () => false };
const rules = [increment, assign, refused, increment];

for (const [mode, expected, result] of [
  ['apply_all_rules', { one: 2 }, true],
  ['apply_until_action_succeeds', { one: 1 }, true],
  ['apply_until_action_fails', {}, true],
  ['apply_until_predicate_succeeds', {}, false],
  ['apply_until_predicate_fails', { one: 1 }, false],
] as const satisfies readonly (readonly [RuleSetMode, object, boolean | null])[]) {
  test(`mode ${mode}`, async () => {
    const context = contextOf({});
    const outcome = await applyRuleSet({ name: 'set', mode, rules }, context, 'default');
    assert.deepEqual(context.processed, expected);
    assert.equal(outcome.result, result);
  });
}

test('modes at their end', async () => {
  const end = async (mode: RuleSetMode, list: readonly Rule[]) =>
    (await applyRuleSet({ name: 'set', mode, rules: list }, contextOf({}), 'default')).result;
  assert.equal(await end('apply_until_action_succeeds', [refused]), false);
  assert.equal(await end('apply_until_action_fails', [assign]), false);
  assert.equal(await end('apply_until_action_fails', [refused]), true);
  assert.equal(await end('apply_until_predicate_succeeds', [refused]), null);
  assert.equal(await end('apply_until_predicate_fails', [assign]), null);
});

test('a failing rule leaves a note with its name and class alone, and the next rule runs', async () => {
  const secret: Rule = {
    name: 'Secret',
    doc: '',
    action() {
      throw new TypeError('cannot read alice@example.org');
    },
  };
  const badPredicate: Rule = {
    ...assign,
    name: 'BadPredicate',
    predicate() {
      throw new RangeError('x');
    },
  };
  const context = contextOf({});
  const outcome = await applyRuleSet(
    { name: 'set', mode: 'apply_all_rules', rules: [secret, badPredicate, assign] },
    context,
    'default',
  );
  assert.deepEqual(context.notes.lines, [
    "ruleset 'default' rule 'Secret' failed: TypeError",
    "ruleset 'default' rule 'BadPredicate' failed: RangeError",
  ]);
  assert.deepEqual(outcome.failedRules, ['Secret', 'BadPredicate']);
  assert.deepEqual(context.processed, { one: 1 });
});

test('every preset can be made and has both pipelines', () => {
  for (const preset of presetNames) {
    const pipelines = makePipelines(preset);
    assert.ok(pipelines.get('default'));
    assert.equal(pipelines.get('regenerate_signature')?.keepsProcessed, true);
  }
});

test('the configuration of 2016 is read as it stands', () => {
  const rows = [
    [
      'raw_transform',
      'processor.json_rewrite',
      'socorro.lib.transform_rules.TransformRuleSystem',
      'apply_all_rules',
      'socorro.processor.mozilla_transform_rules.ProductRewrite, socorro.processor.mozilla_transform_rules.ESRVersionRewrite, ',
    ],
    ['empty', 'tag', 'class', 'apply_until_action_succeeds', ''],
  ];
  const specs = parsePipelines(rows);
  assert.deepEqual(specs[0]?.sets[0]?.tag, 'processor.json_rewrite');
  const sets = makePipelines('base', new RuleRegistry(), specs).get('default')?.sets ?? [];
  assert.deepEqual(
    sets.map(({ name, mode, rules: list }) => [name, mode, list.map((rule) => rule.name)]),
    [
      ['raw_transform', 'apply_all_rules', ['ProductRewrite', 'ESRVersionRewrite']],
      ['empty', 'apply_until_action_succeeds', []],
    ],
  );
  // The rule of then changes the raw crash; that of today the processed one.
  const esr = sets[0]?.rules[1];
  assert.equal(esr?.predicate?.(contextOf({ raw: { ReleaseChannel: 'esr' } })), true);
});

test('a name means the rule of its era', () => {
  const registry = new RuleRegistry();
  assert.notEqual(registry.find('AddonsRule', 'today'), registry.find('AddonsRule', 'socorro-2015'));
  assert.equal(registry.find('socorro-2015:Addons', 'today'), registry.find('AddonsRule', 'socorro-2015'));
  assert.equal(registry.find('SigTrunc', 'today').name, 'SigTrunc');
});

test('what cannot be used is refused with its place', () => {
  for (const [value, message] of [
    [5, /must be an object/],
    [{ default: {} }, /default: "sets"/],
    [{ 'bad name': { sets: [] } }, /no name for a pipeline/],
    [[{ name: 'a', rules: 'x' }], /set a: "rules"/],
    [[['a', 'tag', 'class', 'sometimes', 'X']], /set a: the mode must be one of/],
    [[7], /set 1 has no name/],
  ] as const)
    assert.throws(
      () => parsePipelines(value),
      (error) => error instanceof SalvageError && error.slug === 'bad_ruleset' && message.test(error.message),
    );
  assert.throws(
    () => makePipelines('base', new RuleRegistry(), parsePipelines([{ name: 'a', rules: ['Nonsense'] }])),
    /there is no rule "Nonsense"/,
  );
});

test('rules of one’s own come from a module', async () => {
  const folder = temporaryFolder('rules');
  await writeFile(
    join(folder, 'rules.mjs'),
    `export const rules = [{ name: 'Mine', doc: 'Mine.', action({ processed }) { processed.mine = 1; return true; } }];`,
  );
  await writeFile(join(folder, 'bad.mjs'), 'export const rules = [{ name: 5 }];');
  const registry = new RuleRegistry(await loadOwnRules('rules.mjs', folder));
  const pipelines = makePipelines(
    'base',
    registry,
    parsePipelines({ default: { sets: [{ name: 'a', rules: ['Mine'] }] } }),
  );
  const context = contextOf({});
  for (const set of pipelines.get('default')?.sets ?? []) await applyRuleSet(set, context, 'default');
  assert.equal(context.processed['mine'], 1);
  await assert.rejects(loadOwnRules('bad.mjs', folder), /must export "rules"/);
  await assert.rejects(loadOwnRules('absent.mjs', folder), /cannot load/);
});

test('the page on processing names every rule with what it does', () => {
  const page = readFileSync('docs/processing.md', 'utf8');
  for (const { name, doc } of [...todayRules, ...socorro2015Rules])
    assert.ok(page.includes(`| \`${name}\` | ${doc} |`), `docs/processing.md does not describe ${name}`);
});
