// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeThrottler } from '../../src/collector/make-throttler.ts';
import { collectorOptions } from '../../src/collector/options.ts';
import { loadRuleThrottler } from '../../src/collector/throttle-file.ts';
import { compareVersions, defaultLegacyOptions, makeLegacyThrottler } from '../../src/collector/throttle-legacy.ts';
import { makeMozilla2018Throttler, makeMozillaThrottler } from '../../src/collector/throttle-mozilla.ts';
import { drawsOf, makeRuleThrottler, type Throttler } from '../../src/collector/throttler.ts';
import type { PythonValue } from '../../src/crash/python-json.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { defaultsOf } from '../../src/lib/options.ts';

const nowUs = Date.UTC(2026, 2, 14, 12) * 1000;
const noDraw = () => assert.fail('no draw is due');

function verdict(throttler: Throttler, annotations: Record<string, PythonValue>, ...draws: number[]) {
  const left = [...draws];
  const { result, rule, rate } = throttler.decide(
    new Map(Object.entries(annotations)),
    draws.length ? () => left.shift() ?? noDraw() : noDraw,
    nowUs,
  );
  return [result, rule, rate];
}

test('throttler: the null one takes everything and has a line of its own', async () => {
  const throttler = await makeThrottler(defaultsOf(collectorOptions));
  assert.deepEqual(verdict(throttler, {}), ['accept', 'accept_everything', 100]);
  assert.equal(throttler.logLine?.('ID'), 'throttle no-op: ID accepted');
});

test("throttler: Antenna's names choose rules and products", async () => {
  const options = defaultsOf(collectorOptions);
  const mozilla = await makeThrottler({ ...options, throttler: 'antenna.throttler.MOZILLA_RULES' });
  assert.deepEqual(verdict(mozilla, { ProductName: 'Mine' }), ['reject', 'unsupported_product', 100]);
  const all = await makeThrottler({ ...options, throttler: 'mozilla', products: ['antenna.throttler.ALL_PRODUCTS'] });
  assert.deepEqual(verdict(all, { ProductName: 'Mine' }), ['accept', 'accept_everything', 100]);
  const mine = await makeThrottler({
    ...options,
    throttler: 'mozilla',
    products: ['Mine', 'Other'],
    packageNames: 'all',
  });
  assert.deepEqual(verdict(mine, { ProductName: 'Mine' }), ['accept', 'accept_everything', 100]);
  assert.deepEqual(verdict(mine, { ProductName: 'Firefox' }), ['reject', 'unsupported_product', 100]);
  const old = await makeThrottler({
    ...options,
    profile: 'antenna-2018',
    throttler: 'antenna.throttler.MOZILLA_RULES',
    products: ['antenna.throttler.MOZILLA_PRODUCTS'],
  });
  assert.deepEqual(verdict(old, { ProductName: 'SeaMonkey', Email: 'a@b' }), ['accept', 'has_email', 100]);
  const all2 = await makeThrottler({ ...options, throttler: 'antenna.throttler.ACCEPT_ALL' });
  assert.equal(all2.logLine, undefined, 'accept-all is not the null throttler');
});

test('throttler: lists of Python are refused, not taken for the name of a product', async () => {
  const options = { ...defaultsOf(collectorOptions), throttler: 'mozilla' };
  for (const wrong of [{ products: ['my_rules.PRODUCTS'] }, { packageNames: 'my_rules.PACKAGES' }])
    await assert.rejects(makeThrottler({ ...options, ...wrong }), { slug: 'bad_throttle_rules' });
  const dotted = await makeThrottler({ ...options, products: ['com.example.Editor', 'Paint.NET'] });
  assert.deepEqual(verdict(dotted, { ProductName: 'Paint.NET' }), ['accept', 'accept_everything', 100]);
});

test('throttler: a rule name that metrics could not carry is refused', () => {
  const rule = { key: '*', matches: () => true, result: 'accept' } as const;
  assert.throws(() => makeRuleThrottler({ name: 'x', rules: [{ ...rule, name: 'a b' }] }), /a b/);
  assert.throws(() => makeRuleThrottler({ name: 'x', rules: [{ ...rule, name: '' }] }));
});

test('throttler: the first match decides, continue goes on, no match rejects', () => {
  const throttler = makeRuleThrottler({
    name: 'x',
    rules: [
      { name: 'sampled', key: 'A', matches: () => true, result: { percent: 50, hit: 'continue', miss: 'defer' } },
      { name: 'null_text', key: 'B', matches: (value) => value === 'None', result: 'fakeaccept' },
      { name: 'last', key: 'A', matches: () => true, result: 'accept' },
    ],
  });
  assert.deepEqual(verdict(throttler, { A: '' }, 50), ['accept', 'last', 100]);
  assert.deepEqual(verdict(throttler, { A: '' }, 50.001), ['defer', 'sampled', 50]);
  assert.deepEqual(verdict(throttler, { B: null }), ['fakeaccept', 'null_text', 100]);
  assert.deepEqual(verdict(throttler, {}), ['reject', 'NO_MATCH', 0]);
});

test('throttler: the Mozilla rules of 2018 and of today', () => {
  const [then, today] = [makeMozilla2018Throttler(), makeMozillaThrottler()];
  const release = { ProductName: 'Firefox', ReleaseChannel: 'release' };
  assert.deepEqual(verdict(then, { ...release, Email: 'a@b' }), ['accept', 'has_email', 100]);
  assert.deepEqual(verdict(today, { ...release, Email: 'a@b' }, 99), ['reject', 'is_firefox_desktop', 10]);
  assert.deepEqual(verdict(then, { ProductName: 'SeaMonkey', BuildID: '20010101000000' }), [
    'accept',
    'accept_everything',
    100,
  ]);
  assert.deepEqual(verdict(today, { ProductName: 'Firefox', BuildID: '20010101000000' }), [
    'reject',
    'has_old_buildid',
    100,
  ]);
  assert.deepEqual(verdict(today, { ProductName: 'Fenix' }), ['reject', 'unsupported_packagename', 100]);
});

test('throttler: the legacy one defers what it samples out', () => {
  const throttler = makeLegacyThrottler();
  assert.deepEqual(verdict(throttler, { HangID: '1' }), ['fakeaccept', 'legacy_1', null]);
  assert.deepEqual(verdict(throttler, { Comments: 'c', ProductName: 'Firefox' }, 100), ['accept', 'legacy_2', 100]);
  assert.deepEqual(verdict(throttler, { Comments: '', ProductName: 'Firefox' }, 10), ['accept', 'legacy_5', 10]);
  assert.deepEqual(verdict(throttler, { ReleaseChannel: 'nightly-x' }, 1), ['accept', 'legacy_4', 100]);
  assert.deepEqual(verdict(throttler, { ProductName: 'Firefox' }, 10.1), ['defer', 'legacy_5', 10]);
  assert.deepEqual(verdict(throttler, { ProductName: 'Mine', Version: '1.0b2' }, 1), ['accept', 'legacy_7', 100]);
  assert.deepEqual(verdict(throttler, { ProductName: 'Camino' }, 1), ['accept', 'legacy_8', 100]);
  assert.deepEqual(verdict(throttler, { ProductName: 'Mine' }, 1), ['defer', 'legacy_9', 0]);
  assert.deepEqual(verdict(makeLegacyThrottler({ ...defaultLegacyOptions, conditions: [] }), {}), [
    'defer',
    'NO_MATCH',
    0,
  ]);
});

test('throttler: the legacy one refuses only who understands it', () => {
  const throttler = makeLegacyThrottler({ ...defaultLegacyOptions, neverDiscard: false });
  const firefox = (Version: string) => verdict(throttler, { ProductName: 'Firefox', Version }, 50)[0];
  assert.equal(firefox('3.5.4'), 'reject');
  assert.equal(firefox('3.6'), 'reject');
  assert.equal(firefox('3.5.3'), 'defer');
  assert.equal(firefox('3.5'), 'defer');
  assert.equal(verdict(throttler, { ProductName: 'Mine', Version: '9' }, 50)[0], 'defer');
});

test('throttler: versions are ordered by number, pre-releases before their release', () => {
  const ordered = ['1.9', '3.5', '3.5.4', '3.6a1', '3.6b2', '3.6b10', '3.6', '10.0'];
  for (const [i, version] of ordered.entries())
    for (const [j, other] of ordered.entries())
      assert.equal(Math.sign(compareVersions(version, other)), Math.sign(i - j), `${version} ${other}`);
  assert.equal(compareVersions('1', '1.0.0'), 0);
});

test('throttler: draws can be repeated from the crash id, and are even', () => {
  const uuid = '0c3f9a11-7b52-4e0d-9f64-a1b2c3d4e5f6';
  const draw = drawsOf(uuid);
  const again = drawsOf(`${uuid.slice(0, 28)}X1261121`);
  const drawn = Array.from({ length: 12 }, () => draw());
  assert.deepEqual(
    Array.from({ length: 12 }, () => again()),
    drawn,
    'digit and date do not matter',
  );
  assert.equal(new Set(drawn).size, 12);
  let hits = 0;
  for (let i = 0; i < 20_000; i++) if (drawsOf(`${i}`.padStart(28, 'f'))() <= 10) hits++;
  assert.ok(hits > 1800 && hits < 2200, `${hits} of 20,000 at 10 %`);
});

const ruleFile = {
  products: ['Game'],
  rules: [
    { name: 'dev_builds', doc: 'never', when: [{ key: 'Version', startsWith: '0.' }], result: 'reject' },
    {
      name: 'editor',
      when: [
        { key: 'ProductName', in: ['Editor', 'Tool'] },
        { key: 'Crashy', present: false },
      ],
      result: 'defer',
    },
    {
      name: 'sampled',
      when: [{ key: 'ProductName', equals: 'Game' }],
      result: { percent: 20, hit: 'accept', miss: 'fakeaccept' },
    },
    { name: 'pattern', when: [{ key: 'Build', matches: '^[0-9]+$' }], result: 'accept' },
  ],
};

test('throttler: rules of people: a data file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'throttle-'));
  try {
    const path = join(folder, 'rules.json');
    await writeFile(path, JSON.stringify(ruleFile));
    const throttler = await makeThrottler({ ...defaultsOf(collectorOptions), throttler: path });
    assert.deepEqual(verdict(throttler, { Version: '0.9' }), ['reject', 'dev_builds', 100]);
    assert.deepEqual(verdict(throttler, { ProductName: 'Tool' }), ['defer', 'editor', 100]);
    assert.deepEqual(verdict(throttler, { ProductName: 'Tool', Crashy: '' }), ['reject', 'NO_MATCH', 0]);
    assert.deepEqual(verdict(throttler, { ProductName: 'Game' }, 21), ['fakeaccept', 'sampled', 20]);
    assert.deepEqual(verdict(throttler, { Build: '12' }), ['accept', 'pattern', 100]);
    for (const [wrong, what] of [
      ['{', /JSON/],
      ['{"rules":[{"name":"a","when":[],"result":"maybe"}]}', /result/],
      ['{"rules":[{"name":"a b","when":[],"result":"accept"}]}', /a b/],
      ['{"rules":[{"name":"a","when":[{"key":"K","eqals":"x"}],"result":"accept"}]}', /eqals/],
    ] as const) {
      await writeFile(path, wrong);
      await assert.rejects(loadRuleThrottler(path), (error) => {
        assert.ok(error instanceof SalvageError && error.slug === 'bad_throttle_rules');
        assert.match(error.message, what);
        return error.message.includes(path);
      });
    }
    await assert.rejects(loadRuleThrottler(join(folder, 'none.json')), /none\.json/);
    await assert.rejects(loadRuleThrottler('mycompany.rules.RULES'), /Python rules are written anew.*throttling\.md/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('throttler: rules of people: a module', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'throttle-'));
  try {
    const path = join(folder, 'rules.mjs');
    await writeFile(
      path,
      `export const products = ['Game'];
       export const rules = [
         { name: 'old', key: 'Version', matches: (value, { nowUs }) => Number(value) < nowUs / 1e15, result: 'reject' },
         { name: 'rest', key: '*', matches: (_, { products, text }) => products.includes(text('ProductName')), result: 'accept' },
       ];`,
    );
    const throttler = await loadRuleThrottler(path);
    assert.deepEqual(verdict(throttler, { Version: '1' }), ['reject', 'old', 100]);
    assert.deepEqual(verdict(throttler, { Version: '2', ProductName: 'Game' }), ['accept', 'rest', 100]);
    await writeFile(join(folder, 'bad.mjs'), 'export const rules = [{ name: "x", key: "*", result: "accept" }];');
    await assert.rejects(loadRuleThrottler(join(folder, 'bad.mjs')), /matches/);
    await writeFile(join(folder, 'none.mjs'), 'export const x = 1;');
    await assert.rejects(loadRuleThrottler(join(folder, 'none.mjs')), /rules/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
