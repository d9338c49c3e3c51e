// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A second opinion on the dumps of our own programs: gdb runs the same program to the same crash, and its backtrace,
// inlined calls included, has the same source positions. It reads DWARF itself and knows nothing of .sym files.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Stackwalk } from '../../src/crash/stackwalk.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { stackwalk } from '../../src/unwind/unwind.ts';
import { symbolsBelow } from '../conformance/stackwalk/testdata.ts';
import { buildPeerDumps, type PeerDump, peerDumpFolder } from './stackwalk-dumps/build.ts';

/** Sources with lines in both: the program's own and the headers of the standard library. */
const isKnownSource = (file: string) => /zoo\.cc$|\/c\+\+\//.test(file);

/** `zoo.cc:88` of every frame and inlined call, innermost first. */
function ourPositions(walk: Stackwalk): string[] {
  const frames = walk.crashing_thread?.frames ?? [];
  return frames
    .flatMap((frame) => [...(frame.inlines ?? []), frame])
    .flatMap(({ file, line }) =>
      file !== null && isKnownSource(file) ? [`${path.basename(file)}:${line ?? '?'}`] : [],
    );
}

function gdbPositions({ program, way, seed }: PeerDump): string[] {
  const commands = ['set debuginfod enabled off', 'set width 0', 'set print frame-arguments none', 'run', 'bt'];
  const args = ['-batch', '-nx', ...commands.flatMap((command) => ['-ex', command])];
  const { stdout } = spawnSync('gdb', [...args, '--args', program, way, String(seed)], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, file = '', number] = /^#\d+ .* at (.*):(\d+)$/.exec(line) ?? [];
    return isKnownSource(file) ? [`${path.basename(file)}:${number}`] : [];
  });
}

/** Line 0 is no position to us; gdb then shows the one of the code before it (docs/stackwalk-differences.md). */
function isSame(ours: readonly string[], theirs: readonly string[]): boolean {
  return (
    ours.length === theirs.length && ours.every((position, at) => position.endsWith(':?') || position === theirs[at])
  );
}

/** The callers of a bad pointer are found by the frame pointer, which is their own: docs/stackwalk-differences.md. */
function skipsCaller({ way, program }: PeerDump): boolean {
  return way.endsWith('-call') && program.includes('-fp');
}

/** A third of them, so that every way and every compiler has its turn; a stack overflow has no end to compare. */
const isCompared = (dump: PeerDump, index: number) => index % 3 === 0 && dump.way !== 'overflow';

test('gdb sees the same source positions in the crashing thread', { timeout: 1_500_000 }, async (context) => {
  const { dumps, symbols } = buildPeerDumps(peerDumpFolder);
  const compared = dumps.filter(isCompared);
  let positions = 0;
  for (const dump of compared) {
    const walk = await stackwalk(openMinidump(bytesSource(readFileSync(dump.path))), symbolsBelow(symbols));
    const theirs = gdbPositions(dump);
    const ours = ourPositions(walk);
    positions += theirs.length;
    assert.ok(theirs.length >= 5, `${dump.path}: gdb has only ${theirs.length} positions`);
    assert.ok(
      isSame(ours, skipsCaller(dump) ? theirs.slice(1) : theirs),
      `${path.basename(dump.path)}\nours ${ours.join(' ')}\ngdb  ${theirs.join(' ')}`,
    );
  }
  context.diagnostic(`${positions} positions in ${compared.length} dumps`);
  assert.ok(compared.length >= 60);
});
