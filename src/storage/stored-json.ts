// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { SalvageError } from '../lib/errors.ts';
import { isJsonObject, type JsonObject } from '../lib/json.ts';
import { storageErrors } from './errors.ts';

/** A stored JSON object; objects in it have no prototype, since clients choose the keys. Else `storage_corrupt`. */
export function parseStoredJson(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    value = JSON.parse(text);
    takePrototypes(value);
  } catch (error) {
    throw new SalvageError(storageErrors.storage_corrupt, `${what} is not JSON`, { cause: error });
  }
  if (!isJsonObject(value)) throw new SalvageError(storageErrors.storage_corrupt, `${what} is not a JSON object`);
  return value;
}

/** In place: a reviver takes five times as long, and the copies that it makes are slower to read. */
function takePrototypes(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) Object.setPrototypeOf(value, null);
  for (const item of Array.isArray(value) ? value : Object.values(value)) takePrototypes(item);
}

/** The list of a crash's dumps as Antenna writes it: a space behind the comma. */
export function formatDumpNames(names: readonly string[]): Buffer {
  return Buffer.from(`[${names.map((name) => JSON.stringify(name)).join(', ')}]`);
}

/** Sorted; `storage_corrupt` for anything but a list of names. */
export function parseDumpNames(bytes: Uint8Array, crashId: CrashId): readonly string[] {
  try {
    const names: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names.toSorted();
  } catch {
    // Said below.
  }
  throw new SalvageError(storageErrors.storage_corrupt, `the dump names of ${crashId} are damaged`);
}
