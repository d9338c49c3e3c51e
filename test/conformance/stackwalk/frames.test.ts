// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deviation, deviations } from './deviations.ts';
import { type FlatFrame, flatFrames, type Reference, referencesOf } from './reference-frames.ts';
import { dumps, walkShared } from './testdata.ts';

const used = new Set<string>();
const counts = { frames: 0, agreeing: 0, deviating: 0 };

const fields = ['module', 'function', 'file', 'line', 'trust'] as const;

function isSame(ours: FlatFrame | undefined, theirs: FlatFrame): boolean {
  if (ours === undefined) return false;
  // Breakpad's name for a scan whose first word is the return address (README of the test data).
  const isLeaf = theirs.trust === 'leaf' && ours.trust === 'scan';
  return fields.every((field) => ours[field] === theirs[field] || (field === 'trust' && isLeaf));
}

function listed(dump: string, thread: number, frame: number): Deviation | undefined {
  const found = deviations.find((one) => one.dump === dump && one.thread === thread && one.frame === frame);
  if (found) used.add(`${dump} ${thread} ${frame}`);
  return found;
}

/** Compares down to the last reference frame that was not scanned for. */
function compare(dump: string, ours: readonly (readonly FlatFrame[])[], reference: Reference): string[] {
  const problems: string[] = [];
  reference.threads.forEach((theirs, thread) => {
    const last = theirs?.findLastIndex(({ trust }) => trust !== 'scan') ?? -1;
    for (let frame = 0; frame <= last; frame += 1) {
      const expected = theirs?.[frame] as FlatFrame;
      const actual = ours[thread]?.[frame];
      counts.frames += 1;
      const deviation = isSame(actual, expected) ? null : listed(dump, thread, frame);
      if (deviation === null) counts.agreeing += 1;
      else if (deviation) counts.deviating += 1;
      else problems.push(`thread ${thread} frame ${frame}: ${JSON.stringify([actual, expected])}`);
      if (deviation?.endsComparison) break;
    }
  });
  return problems;
}

test('all forty-one shared dumps are there', () => assert.equal(dumps.length, 41));

for (const dump of dumps)
  for (const reference of referencesOf(dump))
    test(`${dump}: frames as ${reference.name}`, async () => {
      const walk = await walkShared(dump, reference.withSymbols);
      assert.deepEqual(compare(dump, walk.threads.map(flatFrames), reference), []);
    });

test('the comparison covers what it should, and every listed deviation still occurs', (context) => {
  context.diagnostic(
    `${counts.frames} frames compared, ${counts.agreeing} agree, ${counts.deviating} deviate as listed`,
  );
  assert.ok(counts.frames >= 370, `only ${counts.frames} frames were compared`);
  assert.equal(used.size, deviations.length);
});
