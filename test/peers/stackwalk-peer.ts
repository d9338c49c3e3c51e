// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Stackwalk } from '../../src/crash/stackwalk.ts';

/** The reference walker, installed by hand: `cargo install --locked minidump-stackwalk@0.27.0 dump_syms@2.3.9`. */
export function peerBinary(name: string): string {
  const places = [path.join(homedir(), '.cargo/bin'), ...(process.env['PATH'] ?? '').split(path.delimiter)];
  const found = places.map((place) => path.join(place, name)).find((file) => existsSync(file));
  if (!found)
    throw new Error(`${name} is not installed: cargo install --locked minidump-stackwalk@0.27.0 dump_syms@2.3.9`);
  return found;
}

/** Its document, or null if it refuses the dump. Without a symbol directory it would not even say what is missing. */
export function walkByPeer(dump: string, symbols = '/nonexistent'): Stackwalk | null {
  const args = ['--json', '--verbose=off', '--symbols-path', symbols, dump];
  const { status, stdout } = spawnSync(peerBinary('minidump-stackwalk'), args, { maxBuffer: 1024 ** 3 });
  return status === 0 ? withSortedLimits(JSON.parse(stdout.toString()) as Stackwalk) : null;
}

/** It lists the process's limits in the random order of a hash table; ours keep the order of the stream. */
export function withSortedLimits(walk: Stackwalk): Stackwalk {
  const limits = walk['proc_limits'] as { limits: { name: string }[] } | null | undefined;
  limits?.limits.sort((left, right) => (left.name < right.name ? -1 : 1));
  return walk;
}

/** A value at one place of the two documents that is not the same. */
export interface Difference {
  /** `threads[3].frames[0].line`. */
  readonly path: string;
  /** Undefined: the key is not there. */
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** All differences, keys that only one side has included. */
export function differencesOf(ours: unknown, theirs: unknown, path = ''): Difference[] {
  if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length)
    return ours.flatMap((value, index) => differencesOf(value, theirs[index], `${path}[${index}]`));
  if (isRecord(ours) && isRecord(theirs))
    return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) =>
      differencesOf(ours[key], theirs[key], path === '' ? key : `${path}.${key}`),
    );
  return ours === theirs ? [] : [{ path, ours, theirs }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
