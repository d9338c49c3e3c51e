// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { SalvageError } from '../../src/lib/errors.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { ChildrenError } from '../../src/storage/containers/children.ts';
import { PolyStorage, polyStoragesOf } from '../../src/storage/containers/poly-storage.ts';
import type { PrimaryDeferredStorage } from '../../src/storage/containers/primary-deferred-storage.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { build, leaf, log, made, metrics, outboxes, Switchable } from './containers-kit.ts';
import { bytesOf, hasSlug, listed, newCrashId, reportOf, storageContract } from './storage-contract.ts';

const trees: Record<string, JsonObject> = {
  poly: { type: 'poly', children: [{ type: 'memory' }, { type: 'fs', root: 'poly' }] },
  fallback: { type: 'fallback', primary: { type: 'fs', root: 'fallback' }, fallback: { type: 'memory' } },
  'primary-deferred': { type: 'primary-deferred', primary: { type: 'fs', root: 'pd' }, deferred: { type: 'memory' } },
  'primary-deferred-processed': {
    type: 'primary-deferred-processed',
    primary: { type: 'fs', root: 'pdp' },
    deferred: { type: 'memory' },
    processed: { type: 'fs', root: 'pdp-processed' },
  },
  migrating: {
    type: 'migrating',
    old: { type: 'fs', root: 'old' },
    new: { type: 'memory' },
    dateThreshold: '20260101',
  },
  counting: { type: 'counting', wrapped: { type: 'fs', root: 'counting' } },
  benchmarking: { type: 'benchmarking', wrapped: { type: 'fs', root: 'benchmarking' } },
  breaker: { type: 'breaker', wrapped: { type: 'fs', root: 'breaker' } },
  redacting: {
    type: 'redacting',
    rawAllowed: ['*'],
    processedAllowed: ['uuid', 'signature', 'text', 'n'],
    dumpsAllowed: ['*'],
    wrapped: { type: 'fs', root: 'redacting' },
  },
  nested: {
    type: 'counting',
    wrapped: {
      type: 'fallback',
      primary: { type: 'poly', children: [{ type: 'fs', root: 'nested' }, { type: 'memory' }] },
      fallback: { type: 'benchmarking', wrapped: { type: 'fs', root: 'nested-2' } },
    },
  },
};

for (const [name, config] of Object.entries(trees)) {
  storageContract(name, {
    make: () => build(config),
    checksIds: false,
    largeDumpBytes: 2_000_000,
  });
}

describe('poly', () => {
  const config = { type: 'poly', children: [leaf('a'), leaf('b'), { ...leaf('c'), name: 'third' }] };

  test('every child is tried and every outcome kept', async () => {
    const poly = await build(config);
    (made.get('a') as Switchable).isAway = true;
    const crashId = newCrashId();
    await assert.rejects(poly.saveRawCrash(reportOf(crashId)), (error) => {
      assert.ok(error instanceof ChildrenError);
      assert.equal(error.slug, 'storage_outage');
      assert.deepEqual(
        error.outcomes.map(({ role, error: cause }) => [role, cause === undefined]),
        [
          ['a0', false],
          ['b1', true],
          ['third', true],
        ],
      );
      return true;
    });
    assert.ok(await (made.get('c') as Switchable).getRawCrash(crashId));
    assert.ok(await poly.getRawCrash(crashId), 'read from one that has it, though another is away');
    await assert.rejects(poly.getRawCrash(newCrashId()), hasSlug('storage_outage'), 'an outage is not "not found"');
  });

  test('with an outbox the save succeeds and the missing child is paid later', async () => {
    const outbox = outboxes();
    const poly = await build<PolyStorage>(config, { outbox });
    const [a, b, c] = ['a', 'b', 'c'].map((id) => made.get(id) as Switchable) as [Switchable, Switchable, Switchable];
    a.isAway = true;
    c.isAway = true;
    const crashId = newCrashId();
    const report = reportOf(crashId);
    await poly.check();
    await poly.saveRawCrash(report);
    await poly.saveProcessedCrash(crashId, { signature: 'x' }, report.rawCrash);
    assert.deepEqual(
      await outbox.raw.counts(),
      new Map([
        ['a0', 1],
        ['third', 1],
      ]),
    );
    const now = () => new Date(Date.now() + 5);
    const later = () => new Date(Date.now() + 60_000);
    assert.equal(await poly.payDebts(now(), 100, later), 0);
    assert.equal((await outbox.raw.list(10))[0]?.attempts, 2);
    a.isAway = false;
    c.isAway = false;
    assert.equal(await poly.payDebts(now(), 100, later), 0, 'not before the next try is due');
    assert.equal(await outbox.raw.retryNow(), 2);
    assert.equal(await outbox.processed.retryNow('a0'), 1);
    assert.equal(await poly.payDebts(now(), 100, later), 3);
    assert.equal(String(await bytesOf(await a.getDump(crashId, 'upload_file_minidump'))), `MDMP ${crashId}`);
    assert.deepEqual(Buffer.from(await a.getRawCrashJson(crashId)), Buffer.from(report.rawCrashJson));
    assert.equal((await a.getProcessedCrash(crashId))['signature'], 'x');
    assert.equal(await outbox.processed.drop('third'), 1);
    assert.deepEqual(await outbox.processed.counts(), new Map());
    b.isAway = a.isAway = c.isAway = true;
    await assert.rejects(poly.saveRawCrash(reportOf(newCrashId())), hasSlug('storage_outage'));
    assert.deepEqual(await outbox.raw.counts(), new Map(), 'nothing is owed for a crash that nobody has');
  });

  test('in nested ones each child is paid what it lacks itself', async () => {
    const outbox = outboxes();
    const inner = { type: 'poly', name: 'inner', children: [leaf('b'), { ...leaf('c'), name: 'third' }] };
    const outer = await build<PolyStorage>({ type: 'poly', children: [leaf('a'), inner] }, { outbox });
    const c = made.get('c') as Switchable;
    c.isAway = true;
    const crashId = newCrashId();
    await outer.saveRawCrash(reportOf(crashId));
    c.isAway = false;
    const now = () => new Date(Date.now() + 5);
    for (const poly of polyStoragesOf(outer)) await poly.payDebts(now(), 100, now);
    assert.ok(await c.getRawCrash(crashId));
    assert.deepEqual(await outbox.raw.counts(), new Map());
  });

  test('children get copies that they cannot change, and the caller’s object stays as it was', async () => {
    const processed = { list: [{ deep: 1 }] };
    let seen: unknown;
    const vandal = new Switchable();
    vandal.saveProcessedCrash = async (_id, given) => {
      seen = given;
      (given as typeof processed).list[0] = { deep: 2 };
    };
    const poly = new PolyStorage({
      children: [
        { role: 'vandal', storage: vandal },
        { role: 'other', storage: new MemoryStorage() },
      ],
      logger: nullLogger,
    });
    const crashId = newCrashId();
    await assert.rejects(poly.saveProcessedCrash(crashId, processed, {}));
    assert.notEqual(seen, processed);
    assert.deepEqual(processed, { list: [{ deep: 1 }] });
    assert.ok(!Object.isFrozen(processed));
    assert.deepEqual(JSON.parse(JSON.stringify(await poly.getProcessedCrash(crashId))), processed);
  });

  test('closes every child even if one cannot', async () => {
    const poly = await build(config);
    (made.get('a') as Switchable).isAway = true;
    await assert.rejects(poly.close(), /cannot close/);
    assert.deepEqual(
      ['a', 'b', 'c'].map((id) => made.get(id)?.closed),
      [1, 1, 1],
    );
  });
});

describe('fallback', () => {
  const config = { type: 'fallback', primary: leaf('p'), fallback: leaf('f') };
  const pair = () => [made.get('p') as Switchable, made.get('f') as Switchable] as const;

  test('saves go to the second when the first fails; both failing names both', async () => {
    const store = await build(config);
    const [p, f] = pair();
    p.isAway = true;
    const crashId = newCrashId();
    await store.saveRawCrash(reportOf(crashId));
    assert.ok(await f.getRawCrash(crashId));
    assert.equal(log.records.at(-1)?.level, 'critical');
    await assert.rejects(store.getRawCrash(crashId), hasSlug('storage_outage'));
    p.isAway = false;
    assert.ok(await store.getRawCrash(crashId), 'not found in the first is looked for in the second');
    p.isAway = f.isAway = true;
    await assert.rejects(
      store.saveRawCrash(reportOf(newCrashId())),
      (error) => error instanceof ChildrenError && error.outcomes.length === 2,
    );
  });

  test('reads during an outage only when told to', async () => {
    const store = await build({ ...config, readsOnOutage: true });
    const [p, f] = pair();
    const crashId = newCrashId();
    await f.saveRawCrash(reportOf(crashId));
    p.isAway = true;
    assert.ok(await store.getRawCrash(crashId));
    await assert.rejects(store.getRawCrash(newCrashId()), hasSlug('storage_outage'));
  });

  test('deletes both copies and lists a crash once', async () => {
    const store = await build(config);
    const [p, f] = pair();
    const crashId = newCrashId();
    for (const one of [p, f]) await one.saveRawCrash(reportOf(crashId));
    assert.deepEqual(await listed(store), [crashId]);
    await store.deleteCrash(crashId);
    await assert.rejects(f.getRawCrash(crashId), hasSlug('crash_not_found'));
  });

  test('of two healthy stores behaves as its first, whatever is done', async () => {
    const ids = Array.from({ length: 3 }, () => newCrashId());
    const step = fc.record({
      what: fc.constantFrom('save', 'saveProcessed', 'read', 'readProcessed', 'delete', 'list'),
      id: fc.constantFrom(...ids),
    });
    const outcome = async (store: CrashStorage, { what, id }: { what: string; id: string }): Promise<unknown> => {
      try {
        if (what === 'save') await store.saveRawCrash(reportOf(id));
        if (what === 'saveProcessed') await store.saveProcessedCrash(id, { uuid: id }, {});
        if (what === 'read') return { ...(await store.getRawCrash(id)) };
        if (what === 'readProcessed') return { ...(await store.getProcessedCrash(id)) };
        if (what === 'delete') await store.deleteCrash(id);
        if (what === 'list') return (await listed(store)).sort();
        return 'done';
      } catch (error) {
        return (error as SalvageError).slug;
      }
    };
    const shapes: JsonObject[] = [
      config,
      { type: 'breaker', wrapped: config },
      { type: 'poly', children: [leaf('p'), leaf('f')] },
      { type: 'migrating', new: leaf('p'), old: leaf('f') },
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...shapes), fc.array(step, { maxLength: 25 }), async (shape, steps) => {
        const [store, model] = [await build(shape), new MemoryStorage()];
        for (const one of steps) assert.deepEqual(await outcome(store, one), await outcome(model, one));
      }),
      { numRuns: 60 },
    );
  });
});

describe('primary-deferred', () => {
  const config = { type: 'primary-deferred-processed', primary: leaf('p'), deferred: leaf('d'), processed: leaf('x') };

  test('deferred crashes lie apart, can be listed and promoted; all processed ones are in the third store, which is closed', async () => {
    const store = await build<PrimaryDeferredStorage>(config);
    const [p, d, x] = ['p', 'd', 'x'].map((id) => made.get(id) as Switchable) as [Switchable, Switchable, Switchable];
    const [plain, byDigit, byVerdict] = [newCrashId(), newCrashId('2026-11-21', 1), newCrashId('2026-11-21', 0)];
    await store.saveRawCrash(reportOf(plain));
    await store.saveRawCrash(reportOf(byDigit));
    await store.saveRawCrash(reportOf(byVerdict, [], { legacy_processing: '1' }));
    const deferred: string[] = [];
    for await (const crashId of store.listDeferred()) deferred.push(crashId);
    assert.deepEqual(deferred.sort(), [byDigit, byVerdict].sort());
    await store.promote(byDigit);
    assert.ok(await p.getRawCrash(byDigit));
    await assert.rejects(d.getRawCrash(byDigit), hasSlug('crash_not_found'));
    await store.saveProcessedCrash(byVerdict, { uuid: byVerdict }, {});
    assert.ok(await x.getProcessedCrash(byVerdict));
    await store.close();
    assert.deepEqual([p.closed, d.closed, x.closed], [1, 1, 1]);
  });
});

describe('wrappers', () => {
  test('counting counts calls with outcomes and whole durations; dump names are not lost', async () => {
    const store = await build({ type: 'counting', wrapped: leaf('counted') });
    metrics.records.length = 0;
    const crashId = newCrashId();
    await store.saveRawCrash(
      reportOf(crashId, [dumpFromBytes('a', Buffer.from('1')), dumpFromBytes('b', Buffer.from('2'))]),
    );
    assert.equal(String(await bytesOf(await store.getDump(crashId, 'b'))), '2');
    await assert.rejects(store.getRawCrash(newCrashId()));
    const calls = metrics.records.filter(({ name }) => name === 'salvage.storage.calls').map(({ tags }) => tags);
    assert.deepEqual(
      calls.map(({ method, outcome }) => [method, outcome]),
      [
        ['save_raw_crash', 'ok'],
        ['get_dump', 'ok'],
        ['get_raw_crash', 'crash_not_found'],
      ],
    );
    assert.equal(metrics.records.filter(({ kind }) => kind === 'timing').length, 3);
  });

  test('benchmarking logs a line for calls that fail too', async () => {
    const store = await build({ type: 'benchmarking', tag: 'Bench', wrapped: leaf('timed') });
    await assert.rejects(store.getProcessedCrash(newCrashId()));
    assert.match(log.records.at(-1)?.message ?? '', /^Bench get_processed_crash \d+\.\d ms crash_not_found$/);
  });

  test('redacting lets through only its lists, at any depth, and changes no input', async () => {
    const store = await build({
      type: 'redacting',
      rawAllowed: ['ProductName'],
      processedAllowed: ['signature', 'json_dump.system_info', 'json_dump.threads.frames'],
      dumpsAllowed: [],
      wrapped: leaf('inside'),
    });
    const inside = made.get('inside') as Switchable;
    const crashId = newCrashId();
    const report = reportOf(crashId, undefined, { ProductName: 'A', Email: 'x@example.com' });
    await store.saveRawCrash(report);
    const processed = Object.freeze({
      signature: 's',
      url: 'https://example.com/secret',
      json_dump: { system_info: { os: 'Linux' }, sensitive: 1, threads: [{ frames: [1], registers: 2 }] },
    });
    await store.saveProcessedCrash(crashId, processed, report.rawCrash);
    assert.deepEqual({ ...(await inside.getRawCrash(crashId)) }, { ProductName: 'A' });
    assert.deepEqual(await inside.getDumpNames(crashId), []);
    const expected = { signature: 's', json_dump: { system_info: { os: 'Linux' }, threads: [{ frames: [1] }] } };
    assert.deepEqual(JSON.parse(JSON.stringify(await inside.getProcessedCrash(crashId))), expected);
    await inside.saveProcessedCrash(crashId, processed, {});
    assert.deepEqual(JSON.parse(JSON.stringify(await store.getProcessedCrash(crashId))), expected);
    await inside.saveRawCrash(report);
    assert.deepEqual({ ...(await store.getRawCrash(crashId)) }, { ProductName: 'Fénix' });
    await assert.rejects(store.getDump(crashId, 'upload_file_minidump'), hasSlug('crash_not_found'));
  });

  test('a breaker answers at once while its store is away, and lets one call try after the rest', async () => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const store = await build({ type: 'breaker', wrapped: leaf('sick') }, { clock });
    const sick = made.get('sick') as Switchable;
    sick.isAway = true;
    for (let failure = 0; failure < 5; failure++) await assert.rejects(store.check(), /sick is away/);
    await assert.rejects(store.check(), /left alone/);
    nowMs = 10_001;
    await assert.rejects(store.check(), /sick is away/);
    await assert.rejects(store.check(), /left alone/);
    nowMs = 20_100;
    sick.isAway = false;
    await store.check();
    await store.check();
    for (let round = 0; round < 9; round++)
      await assert.rejects(store.getRawCrash(newCrashId()), hasSlug('crash_not_found'));
  });
});
