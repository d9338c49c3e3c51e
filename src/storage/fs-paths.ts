// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { type CrashId, dateOf, isCrashId } from '../crash/crash-id.ts';

// Antenna's tree under the root (collector.md §6). The crash id is checked here: it becomes part of a path.

export function rawCrashPath(root: string, crashId: CrashId): string {
  return inDate(root, crashId, 'raw_crash', `${crashId}.json`);
}

export function dumpNamesPath(root: string, crashId: CrashId): string {
  return inDate(root, crashId, 'dump_names', `${crashId}.json`);
}

export function processedCrashPath(root: string, crashId: CrashId): string {
  return inDate(root, crashId, 'processed_crash', `${crashId}.json`);
}

/** An empty dump name lands beside the other directories, as with Antenna. */
export function dumpPath(root: string, crashId: CrashId, name: string): string {
  return inDate(root, crashId, safeName(name), crashId);
}

/** Where files are written before they get their place; a name that no date has. */
export function workPath(root: string): string {
  return join(root, '.salvage');
}

export function isDateName(name: string): boolean {
  return /^\d{8}$/.test(name);
}

function inDate(root: string, crashId: CrashId, ...rest: string[]): string {
  if (!isCrashId(crashId)) throw new Error(`not a crash id: ${JSON.stringify(crashId)}`);
  return join(root, dateOf(crashId), ...rest);
}

/** The collector cleans dump names; a copy from another store may still bring anything. Clean names stay as they are. */
function safeName(name: string): string {
  const escaped = name.replace(
    /[^A-Za-z0-9_.-]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return /^\.+$/.test(escaped) ? escaped.replaceAll('.', '%002e') : escaped;
}
