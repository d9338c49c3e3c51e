// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { makeDirectory, readRange, writeSyncedFile } from '../lib/durable-files.ts';
import type { Files } from '../lib/files.ts';
import type { Segment } from './segment.ts';

/** A damaged part of a segment. Offsets are bytes of its log. */
export interface Damage {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  /** Known when the head could still be read. */
  readonly crashId?: string;
  readonly bodyFileName?: string;
}

/**
 * Copies the damaged bytes to `damaged/<segment>-<offset>.bin`, its body file beside it, and says why in `.json`. All
 * of it is on the disk when this resolves; only then may the segment forget the entry.
 */
export async function setAside(
  files: Files,
  damagedPath: string,
  segment: Segment,
  damage: Damage,
  at: Date,
): Promise<string> {
  await makeDirectory(files, damagedPath);
  const base = join(damagedPath, `${segment.name}-${damage.from}`);
  for (const ending of ['bin', 'json']) await files.unlink(`${base}.${ending}`).catch(() => {});
  await writeSyncedFile(files, `${base}.bin`, readRange(files, segment.logPath, damage.from, damage.to));
  if (damage.bodyFileName) {
    const bodyPath = join(segment.path, damage.bodyFileName);
    if (await files.stat(bodyPath)) await files.rename(bodyPath, `${base}.body`);
  }
  const note = {
    segment: segment.name,
    nonce: segment.nonce.toString('hex'),
    from: damage.from,
    to: damage.to,
    reason: damage.reason,
    crash_id: damage.crashId ?? null,
    set_aside_at: at.toISOString(),
  };
  await writeSyncedFile(files, `${base}.json`, [Buffer.from(`${JSON.stringify(note, null, 2)}\n`)]);
  await files.syncDirectory(damagedPath);
  return `${base}.json`;
}

/** How many damaged parts lie in a `damaged` folder. */
export async function countDamaged(files: Files, damagedPath: string): Promise<number> {
  if (!(await files.stat(damagedPath))) return 0;
  return (await files.list(damagedPath)).filter((name) => name.endsWith('.json')).length;
}
