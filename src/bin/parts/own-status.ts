// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { statfs } from 'node:fs/promises';
import type { JsonObject } from '../../lib/json.ts';
import { LocalStatus } from '../../lib/status.ts';
import type { ProcessContext } from '../context.ts';

/** What a process says of its own roles, each part for itself; what the whole site shares belongs into `siteStatus`. */
export function makeOwnStatus({ hostname, clock }: ProcessContext): LocalStatus {
  return new LocalStatus({ instance: `${hostname}:${process.pid}`, now: clock.now });
}

/** The disk of a folder; null where the system does not tell. */
export async function diskOf(path: string): Promise<JsonObject | null> {
  const told = await statfs(path).catch(() => null);
  return told && told.blocks > 0 ? { sizeBytes: told.blocks * told.bsize, freeBytes: told.bavail * told.bsize } : null;
}
