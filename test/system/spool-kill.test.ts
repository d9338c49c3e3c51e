// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  type Acknowledged,
  assertNothingLost,
  drainAll,
  killHarnesses,
  killRounds,
  send,
  startHarness,
  stopHarness,
} from './spool-rounds.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-kill-'));
after(async () => {
  killHarnesses();
  await rm(root, { recursive: true, force: true });
});

/** Runs a program of the system; false when it is not there or not allowed. */
function tool(name: string, ...args: string[]): boolean {
  return spawnSync(name, args).status === 0;
}

test('SIGKILL at random instants under load loses nothing that was acknowledged', { timeout: 110_000 }, async (t) => {
  const directory = join(root, 'kill');
  const acknowledged = await killRounds(directory, 10);
  t.diagnostic(`${acknowledged.size} acknowledged in 10 rounds`);
  // Forty times as many on a machine of one's own; what counts is that rounds did end under load.
  assert.ok(acknowledged.size > 10, `only ${acknowledged.size} acknowledged`);
  await assertNothingLost(directory, acknowledged);
  const damaged = (await readdir(join(directory, 'spool'), { recursive: true })).filter((name) => /damaged/.test(name));
  assert.deepEqual(damaged, []);
});

test('a storage that is away for a while gets everything once it is back', { timeout: 60_000 }, async () => {
  const directory = join(root, 'outage');
  await mkdir(directory);
  // A file where the storage's root should be: every save fails until it is gone.
  await writeFile(join(directory, 'crashes'), '');
  const acknowledged: Acknowledged = new Map();
  const first = await startHarness(directory);
  for (let count = 0; count < 20; count++) assert.equal(await send(first.url, 5000, acknowledged), 200);
  await stopHarness(first, 'SIGKILL');
  const second = await startHarness(directory);
  for (let count = 0; count < 5; count++) assert.equal(await send(second.url, 200_000, acknowledged), 200);
  await rm(join(directory, 'crashes'));
  await stopHarness(second, 'SIGTERM');
  await drainAll(directory);
  await assertNothingLost(directory, acknowledged);
});

test('a full disk answers 503 and keeps what it acknowledged; the fallback takes over where there is one', {
  timeout: 60_000,
}, async (t) => {
  const directory = join(root, 'full');
  const spoolDirectory = join(directory, 'spool');
  await mkdir(spoolDirectory, { recursive: true });
  const isMounted = tool('mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', spoolDirectory);
  if (!isMounted) {
    // Without the right to mount, the same is shown with an injected ENOSPC in test/spool/segment-spool.test.ts.
    t.diagnostic('tmpfs cannot be mounted here: a full disk is only injected');
    return;
  }
  try {
    // Nothing leaves the spool while the storage is away, so that it fills.
    await writeFile(join(directory, 'crashes'), '');
    const acknowledged: Acknowledged = new Map();
    const first = await startHarness(directory);
    const statuses: number[] = [];
    for (let count = 0; count < 120; count++)
      statuses.push(await send(first.url, count % 10 ? 40_000 : 300_000, acknowledged));
    assert.ok(statuses.includes(200) && statuses.includes(503), String(new Set(statuses)));
    await stopHarness(first, 'SIGKILL');
    const fallback = join(directory, 'fallback');
    const second = await startHarness(directory, fallback);
    for (let count = 0; count < 20; count++) assert.equal(await send(second.url, 150_000, acknowledged), 200);
    await stopHarness(second, 'SIGKILL');
    await rm(join(directory, 'crashes'));
    await drainAll(directory, fallback);
    await assertNothingLost(directory, acknowledged);
  } finally {
    tool('umount', '-l', spoolDirectory);
  }
});

test('a spool that became read-only refuses, and takes reports again when it is writable', {
  timeout: 60_000,
}, async (t) => {
  const directory = join(root, 'read-only');
  const spoolDirectory = join(directory, 'spool');
  await mkdir(spoolDirectory, { recursive: true });
  const isMounted = tool('mount', '-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', spoolDirectory);
  if (!isMounted) {
    t.diagnostic('tmpfs cannot be mounted here: a read-only directory is made with its rights');
    await mkdir(join(spoolDirectory, '0'));
    await chmod(join(spoolDirectory, '0'), 0o500);
    await assert.rejects(startHarness(directory), /ended with 1/);
    return;
  }
  try {
    const acknowledged: Acknowledged = new Map();
    const harness = await startHarness(directory);
    assert.equal(await send(harness.url, 1000, acknowledged), 200);
    // Open files forbid a clean read-only remount; a bind mount over the numbered directory does it.
    const slot = join(spoolDirectory, '0');
    tool('mount', '--bind', slot, slot);
    // Refused when the mover has opened a file through the new mount in between; that one stays with the old mount then.
    while (!tool('mount', '-o', 'remount,bind,ro', slot)) {
      tool('umount', '-l', slot);
      tool('mount', '--bind', slot, slot);
    }
    const large = await send(harness.url, 300_000, acknowledged);
    assert.equal(large, 503);
    tool('umount', '-l', slot);
    assert.equal(await send(harness.url, 300_000, acknowledged), 200);
    await stopHarness(harness, 'SIGTERM');
    await assertNothingLost(directory, acknowledged);
  } finally {
    tool('umount', '-l', spoolDirectory);
  }
});
