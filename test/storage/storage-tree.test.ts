// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Trees of stores as configuration: what is built, printed and refused.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '../../src/lib/json.ts';
import { nullMetrics } from '../../src/lib/metrics.ts';
import { printStorageTree } from '../../src/storage/containers/print-tree.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { build, leaf, parts } from './containers-kit.ts';
import { hasSlug, newCrashId } from './storage-contract.ts';

describe('configuration as data', () => {
  test('a tree prints itself', async () => {
    const store = await build({
      type: 'fallback',
      primary: { type: 'poly', children: [{ type: 'memory' }, { type: 'null', name: 'sink' }] },
      fallback: { type: 'fs', root: 'x' },
    });
    assert.equal(
      printStorageTree(store),
      [
        'storage: fallback',
        '  primary: poly',
        '    memory0: memory',
        '    sink: null (only writes raw, writes processed)',
        '  fallback: fs',
      ].join('\n'),
    );
  });

  test('class paths of Socorro are accepted names', async () => {
    const type = 'socorro.external.crashstorage_base.PolyCrashStorage';
    const leaves = [
      { type: 'antenna.ext.fs.crashstorage.FSCrashStorage', root: 'class-path' },
      { type: 'socorro.external.crashstorage_base.NullCrashStorage' },
    ];
    const poly = await build({ type, children: leaves });
    assert.deepEqual([poly.name, ...(poly.children ?? []).map(({ storage }) => storage.name)], ['poly', 'fs', 'null']);
  });

  const bad: [string, JsonObject, RegExp][] = [
    ['an unknown type', { type: 'tape' }, /unknown type "tape"; known are .*poly/],
    ['no type', {}, /lacks a type/],
    ['a type of the prototype', { type: 'constructor' }, /unknown type/],
    ['a poly of one', { type: 'poly', children: [leaf('a')] }, /at least two/],
    ['the same store twice', { type: 'poly', children: [leaf('a'), leaf('a')] }, /same store twice/],
    [
      'two of one name',
      {
        type: 'poly',
        children: [
          { ...leaf('a'), name: 'x' },
          { ...leaf('b'), name: 'x' },
        ],
      },
      /two poly children called x/,
    ],
    [
      'nested ones of one name',
      {
        type: 'poly',
        children: [
          { ...leaf('a'), name: 'x' },
          { type: 'poly', children: [{ ...leaf('b'), name: 'x' }, leaf('c')] },
        ],
      },
      /two poly children called x/,
    ],
    [
      'the same store behind a wrapper',
      { type: 'fallback', primary: { type: 'breaker', wrapped: leaf('a') }, fallback: leaf('a') },
      /same store twice/,
    ],
    ['a fallback to itself', { type: 'fallback', primary: leaf('a'), fallback: leaf('a') }, /same store twice/],
    [
      'a fallback that keeps nothing',
      { type: 'fallback', primary: leaf('a'), fallback: { type: 'null' } },
      /lose crashes/,
    ],
    ['a primary that never fails', { type: 'fallback', primary: { type: 'null' }, fallback: leaf('a') }, /do nothing/],
    ['a missing child', { type: 'fallback', primary: leaf('a') }, /storage.fallback is missing/],
    ['a misspelt key', { type: 'counting', wraped: leaf('a') }, /does not know "wraped"/],
    [
      'code for a predicate',
      { type: 'primary-deferred', primary: leaf('a'), deferred: leaf('b'), predicate: 'lambda x: x' },
      /unknown predicate/,
    ],
    [
      'a redaction of nothing',
      { type: 'redacting', wrapped: leaf('a'), rawAllowed: ['*'], processedAllowed: ['*'], dumpsAllowed: ['*'] },
      /everything/,
    ],
    ['a redaction of everything', { type: 'redacting', wrapped: leaf('a') }, /lets nothing through/],
    [
      'an old store that cannot be read',
      { type: 'migrating', new: leaf('a'), old: { type: 'null' } },
      /cannot be read/,
    ],
  ];
  for (const [name, config, message] of bad) {
    test(`refused: ${name}`, async () => {
      await assert.rejects(
        build(config),
        (error) => hasSlug('storage_bad_wiring')(error) && message.test(String(error)),
      );
    });
  }

  test('what a store can do beside the rest is not hidden by wrappers and containers', async () => {
    const dropped: string[] = [];
    const memory = new MemoryStorage() as CrashStorage;
    memory.dropBefore = async (date) => void dropped.push(date);
    memory.newCrashes = async function* () {
      yield { crashId: newCrashId(), async ack() {}, async release() {} };
    };
    const factories = { ...parts.factories, dropping: () => memory };
    const wrapped = { type: 'breaker', wrapped: { type: 'counting', wrapped: { type: 'dropping' } } };
    const poly = await build({ type: 'poly', children: [wrapped, leaf('a')] }, { factories });
    await poly.dropBefore?.('20260101');
    assert.deepEqual(dropped, ['20260101']);
    assert.equal((await build(leaf('a'))).dropBefore, undefined);
    const breaker = await build(wrapped, { factories });
    assert.equal((await Array.fromAsync(breaker.newCrashes?.() ?? [])).length, 1);
  });

  test('refused: nesting without end', async () => {
    let config: JsonObject = leaf('deep');
    for (let depth = 0; depth < 12; depth++) config = { type: 'counting', wrapped: config };
    await assert.rejects(build(config, { metrics: nullMetrics }), hasSlug('storage_bad_wiring'));
  });
});
