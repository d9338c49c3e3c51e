// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mainDumpName } from '../../src/crash/raw-crash.ts';
import { makePoolWalker } from '../../src/processor/pool-walker.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import type { WalkResult } from '../../src/unwind/unwind.ts';
import { crashId, partsOf } from './fakes.ts';

const fine: WalkResult = { status: 'ok', json: Buffer.from('{"status": "OK", "pid": 7}') };

/** Processes one crash with a pool that answers in turn; the last answer stays. */
async function processWith(...results: readonly WalkResult[]): Promise<{ status: unknown; walks: number }> {
  let walks = 0;
  const pool = { walk: async () => results[Math.min(walks++, results.length - 1)] as WalkResult };
  const parts = partsOf({ services: { ...partsOf().services, walker: makePoolWalker(pool, '1.0') } });
  parts.storage.add(crashId, { ProductName: 'Lantern' }, { [mainDumpName]: Buffer.from('MDMP') });
  const { processed } = await makeProcessor(parts).process(crashId);
  return { status: processed['mdsw_status_string'], walks };
}

const failed = (slug: string): WalkResult => ({ status: 'failed', slug, detail: 'gone' });

test('a walk whose process died is done once more, and no oftener', async () => {
  assert.deepEqual(await processWith(failed('walk_died'), fine), { status: 'OK', walks: 2 });
  assert.deepEqual(await processWith(failed('walk_died')), { status: 'walk_died', walks: 2 });
});

test('a dump that went away between fetch and walk is fetched again', async () => {
  assert.deepEqual(await processWith(failed('dump_unreadable'), fine), { status: 'OK', walks: 2 });
  assert.deepEqual(await processWith(failed('dump_unreadable')), { status: 'dump_unreadable', walks: 2 });
});

test('limits of time and memory are not tried again', async () => {
  assert.deepEqual(await processWith(failed('walk_timeout'), fine), { status: 'walk_timeout', walks: 1 });
  assert.deepEqual(await processWith(failed('walk_memory'), fine), { status: 'walk_memory', walks: 1 });
});
