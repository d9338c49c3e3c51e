// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SalvageError } from '../lib/errors.ts';
import { isJsonObject } from '../lib/json.ts';
import { processorErrors } from './errors.ts';
import type { BuildKey, VersionSource } from './version-source.ts';

/** One known build. */
export interface KnownBuild extends BuildKey {
  readonly version: string;
}

/**
 * Reads builds: a line each, as a JSON object `{"product", "channel", "build_id", "version"}` or as CSV in that order;
 * blank lines, `#` comments and a CSV head line are skipped. A bad line is `bad_versions_file` with its number.
 */
export function parseVersions(text: string): KnownBuild[] {
  const builds: KnownBuild[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || /^product,channel,/i.test(trimmed)) continue;
    const build = trimmed.startsWith('{') ? fromJson(trimmed) : fromCsv(trimmed);
    if (!build) throw new SalvageError(processorErrors.bad_versions_file, `line ${index + 1} cannot be used`);
    builds.push(build);
  }
  return builds;
}

function fromJson(line: string): KnownBuild | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isJsonObject(value)) return null;
  return fromParts([
    value['product'],
    value['channel'],
    value['build_id'],
    value['version'] ?? value['version_string'],
  ]);
}

function fromCsv(line: string): KnownBuild | null {
  return fromParts(line.split(',').map((part) => part.trim().replace(/^"(.*)"$/, '$1')));
}

function fromParts([product, channel, buildId, version, ...rest]: unknown[]): KnownBuild | null {
  if (rest.length > 0) return null;
  const parts = [product, channel, buildId, version].map((part) => (typeof part === 'number' ? String(part) : part));
  if (!parts.every((part): part is string => typeof part === 'string' && part !== '')) return null;
  const [name, on, build, full] = parts as [string, string, string, string];
  return { product: name, channel: on.toLowerCase(), buildId: build, version: full };
}

const keyOf = ({ product, channel, buildId }: BuildKey) => JSON.stringify([product, channel.toLowerCase(), buildId]);

/** How long the file is trusted before its time of change is looked at again. */
const recheckMs = 10_000;

/**
 * Versions from a file that `salvage versions import` writes. Read again when it changes; while it is damaged, what was
 * read before stays. Nothing there = nothing known.
 */
export class VersionsFile implements VersionSource {
  readonly #path: string;
  readonly #nowMs: () => number;
  #versions: ReadonlyMap<string, string> = new Map();
  #products: ReadonlySet<string> = new Set();
  #seen = '';
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string, nowMs: () => number) {
    this.#path = path;
    this.#nowMs = nowMs;
  }

  async versionOf(build: BuildKey): Promise<string | null> {
    await this.refresh();
    return this.#versions.get(keyOf(build)) ?? null;
  }

  async knowsProduct(product: string): Promise<boolean> {
    await this.refresh();
    return this.#products.has(product);
  }

  /** Reads the file if it changed since; whoever asks meanwhile waits for the same reading. */
  refresh(): Promise<void> {
    if (this.#nowMs() - this.#checkedAtMs >= recheckMs) {
      this.#checkedAtMs = this.#nowMs();
      this.#reading = this.#read();
    }
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const { mtimeMs, size } = await stat(this.#path);
      if (`${mtimeMs}:${size}` === this.#seen) return;
      const builds = parseVersions(await readFile(this.#path, 'utf8'));
      this.#versions = new Map(builds.map((build) => [keyOf(build), build.version]));
      this.#products = new Set(builds.map(({ product }) => product));
      this.#seen = `${mtimeMs}:${size}`;
    } catch {
      // Absent or damaged: the versions read before still hold.
    }
  }
}

/** Adds builds to the file: those that it has already are replaced. Returns how many it holds then. */
export async function importVersions(path: string, builds: readonly KnownBuild[]): Promise<number> {
  const known = new Map<string, KnownBuild>();
  const earlier = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  for (const build of [...parseVersions(earlier), ...builds]) known.set(keyOf(build), build);
  const lines = [...known.values()].map(
    ({ product, channel, buildId, version }) => `${JSON.stringify({ product, channel, build_id: buildId, version })}\n`,
  );
  await mkdir(dirname(path), { recursive: true });
  const file = await open(`${path}.new`, 'w');
  try {
    await file.writeFile(lines.join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  return known.size;
}
