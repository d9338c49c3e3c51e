// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Stackwalk } from '../../src/crash/stackwalk.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { noSymbols, type SymbolProvider } from '../../src/symbols/symbols.ts';
import { stackwalk } from '../../src/unwind/unwind.ts';
import { dumps, symbolsBelow, testdata, walkShared } from '../conformance/stackwalk/testdata.ts';
import { explainedDifferences, unexplained, usedExplanations } from './stackwalk-differences.ts';
import { buildPeerDumps, peerDumpFolder } from './stackwalk-dumps/build.ts';
import { differencesOf, walkByPeer, withSortedLimits } from './stackwalk-peer.ts';

for (const dump of dumps)
  for (const withSymbols of [true, false])
    test(`${dump} ${withSymbols ? 'with' : 'without'} symbols: the whole document is minidump-stackwalk's`, async () => {
      const theirs = walkByPeer(path.join(testdata, dump), withSymbols ? path.join(testdata, 'symbols') : undefined);
      if (theirs === null) return assert.rejects(walkShared(dump, withSymbols));
      // Through JSON, as a reader gets it.
      const ours = withSortedLimits(JSON.parse(JSON.stringify(await walkShared(dump, withSymbols))));
      assert.deepEqual(unexplained(differencesOf(ours, theirs), ours, theirs), []);
    });

/**
 * Frames of all threads, compared one by one; a missing or surplus frame counts as one that differs. Of a thread that we
 * cut to its two ends only these are compared.
 */
function compareFrames(ours: Stackwalk, theirs: Stackwalk): { frames: number; differing: string[] } {
  const differing: string[] = [];
  let frames = 0;
  theirs.threads.forEach((thread, index) => {
    const own = ours.threads[index];
    const byNumber = new Map(own?.frames.map((frame) => [frame.frame, frame]));
    const numbers = own?.frames_truncated
      ? [...byNumber.keys()]
      : Array.from({ length: Math.max(thread.frames.length, byNumber.size) }, (_, number) => number);
    frames += numbers.length;
    for (const number of numbers) {
      const difference = differencesOf(byNumber.get(number), thread.frames[number])[0];
      if (difference) differing.push(`thread ${index} frame ${number}: ${JSON.stringify(difference)}`);
    }
  });
  return { frames, differing };
}

test('dumps of our own programs: 50 000 frames, 99.9 % as minidump-stackwalk', {
  timeout: 1_500_000,
}, async (context) => {
  const built = buildPeerDumps(peerDumpFolder);
  const withSymbols = symbolsBelow(built.symbols);
  const total = { frames: 0, differing: 0, documents: 0, unexplained: 0 };
  const runs: [SymbolProvider, string | undefined][] = [
    [withSymbols, built.symbols],
    [noSymbols, undefined],
  ];
  for (const dump of built.dumps)
    for (const [symbols, directory] of runs) {
      const theirs = walkByPeer(dump.path, directory);
      assert.ok(theirs, `minidump-stackwalk refuses ${dump.path}`);
      const walk = await stackwalk(openMinidump(bytesSource(readFileSync(dump.path))), symbols);
      assert.match(walk.crash_info.type ?? '', dump.reason, dump.path);
      const ours = withSortedLimits(JSON.parse(JSON.stringify(walk)) as Stackwalk);
      const { frames, differing } = compareFrames(ours, theirs);
      const others = unexplained(differencesOf(ours, theirs), ours, theirs);
      total.frames += frames;
      total.differing += differing.length;
      total.documents += 1;
      total.unexplained += others.length;
      const label = `${path.basename(dump.path)} ${directory ? 'with' : 'without'} symbols`;
      for (const line of differing.slice(0, 3)) context.diagnostic(`${label}: ${line}`);
      for (const one of others.slice(0, 3)) context.diagnostic(`${label}: ${JSON.stringify(one)?.slice(0, 400)}`);
    }
  context.diagnostic(JSON.stringify(total));
  assert.ok(total.frames >= 50_000, `only ${total.frames} frames`);
  assert.ok(total.differing <= total.frames / 1000, `${total.differing} of ${total.frames} frames differ`);
  assert.equal(total.unexplained, 0);
});

test('every explanation is needed', () => {
  assert.deepEqual(
    explainedDifferences.map(({ id }) => id).filter((id) => !usedExplanations.has(id)),
    [],
  );
});
