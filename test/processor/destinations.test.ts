// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { type Destination, makeCountingDestination, makeExportDestination } from '../../src/processor/destinations.ts';
import { makeIndexDestination } from '../../src/processor/index-destination.ts';
import { makeIndexFinder } from '../../src/processor/index-finder.ts';
import { MemorySearch } from '../../src/search/memory-search.ts';
import { anotherId, crashId, FakeClock, FakeDestination } from './fakes.ts';

test('the counter counts by product', async () => {
  const metrics = new MemoryMetrics();
  const counter = makeCountingDestination(metrics);
  await counter.saveProcessedCrash(crashId, { product: 'Lantern' }, {});
  await counter.saveProcessedCrash(crashId, {}, {});
  assert.deepEqual(
    metrics.records.map(({ name, value, tags }) => [name, value, tags['product']]),
    [
      ['socorro.save_processed.save_processed_crash', 1, 'Lantern'],
      ['socorro.save_processed.save_processed_crash', 1, 'unknown'],
    ],
  );
});

test('an export hands on the reduced crash and withholds the raw one', async () => {
  const target = new FakeDestination();
  const raws: unknown[] = [];
  const spy: Destination = {
    name: 'spy',
    saveProcessedCrash(id, processed, raw) {
      raws.push(raw);
      return target.saveProcessedCrash(id, processed);
    },
  };
  const destination = makeExportDestination('telemetry', spy, new Set(['signature', 'url']));
  await destination.saveProcessedCrash(crashId, { signature: 's', url: 'secret', product: 'p' }, { URL: 'secret' });
  assert.deepEqual(target.saved.get(crashId), { signature: 's' });
  assert.deepEqual(raws, [{}]);
  const everything = makeExportDestination('telemetry', spy, null);
  const browser = { mdsw_status_string: 'OK' };
  await everything.saveProcessedCrash(crashId, { signature: 's', url: 'x', upload_file_minidump_browser: browser }, {});
  assert.deepEqual(target.saved.get(crashId), { signature: 's', upload_file_minidump_browser: browser });
});

test('what the index got is found again for reprocessing, each crash once', async () => {
  const index = new MemorySearch();
  const destination = makeIndexDestination(index, systemClock);
  const base = { product: 'Lantern', date_processed: '2026-11-19T10:00:00+00:00' };
  await Promise.all([
    destination.saveProcessedCrash(
      crashId,
      { ...base, uuid: crashId, signature: 'a | b', missing_symbols: 'app.pdb/1/AB12;x.dll/2/CD' },
      {},
    ),
    destination.saveProcessedCrash(anotherId, { ...base, uuid: anotherId, signature: 'c', product: 'Other' }, {}),
  ]);
  const finder = makeIndexFinder(index, new FakeClock());
  const found = async (filter: Parameters<typeof finder.findCrashes>[0]) => {
    const ids: string[] = [];
    for await (const id of finder.findCrashes(filter)) ids.push(id);
    return ids;
  };
  assert.deepEqual(await found({ signature: 'a | b' }), [crashId]);
  assert.deepEqual(await found({ signature: 'a' }), []);
  assert.deepEqual(await found({ product: 'Other' }), [anotherId]);
  assert.deepEqual(await found({ missingSymbols: 'app.pdb' }), [crashId]);
  assert.deepEqual(await found({ missingSymbols: 'AB12' }), [crashId]);
  assert.deepEqual((await found({ since: new Date('2026-11-19T00:00:00Z') })).sort(), [crashId, anotherId].sort());
  assert.deepEqual(await found({ since: new Date('2026-11-20T00:00:00Z') }), []);
});
