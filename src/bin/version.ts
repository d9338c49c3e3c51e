// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../lib/json.ts';

/** The package's root: where package.json, sql/ and siglists/ stand, from src/bin as from dist/bin. */
export const packageRoot = join(import.meta.dirname, '../..');

/** `.ts` when run from a checkout, `.js` from the packed dist/: the ending of child entry files. */
export const sourceExtension = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';

function readJson(path: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The version of the package, e.g. `0.1.0`. */
export const packageVersion = String(readJson(join(packageRoot, 'package.json'))?.['version'] ?? 'unknown');

/** The commit of a checkout, read from .git without starting git; null outside one. */
function commitOfCheckout(): string | null {
  try {
    const head = readFileSync(join(packageRoot, '.git/HEAD'), 'utf8').trim();
    const ref = /^ref: (.+)$/.exec(head)?.[1];
    return ref ? readFileSync(join(packageRoot, '.git', ref), 'utf8').trim() : head;
  } catch {
    return null;
  }
}

/**
 * What `/__version__` answers: version.json as written when the package was packed (keys build, commit, source,
 * version), else what the checkout knows.
 */
export function readVersion(): JsonObject {
  const packed = readJson(join(packageRoot, 'version.json')) ?? readJson(join(packageRoot, 'dist/version.json'));
  if (packed) return packed;
  const commit = commitOfCheckout();
  return { version: packageVersion, ...(commit ? { commit } : {}) };
}

/** `VERSION:COMMIT8`, as Sentry's release (collector.md §9.4). */
export function releaseName(version: JsonObject): string {
  const commit = version['commit'];
  return `${String(version['version'] ?? 'none')}:${typeof commit === 'string' ? commit.slice(0, 8) : 'unknown'}`;
}
