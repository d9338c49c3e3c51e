// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, extname, join } from 'node:path';

export interface Asset {
  /** `/assets/<name>-<hash>.<ending>`: the content never changes under its address. */
  readonly url: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Reads stylesheets, pictures and islands once, at start. From a checkout the islands are TypeScript and are stripped
 * here; in the packed product they are JavaScript already.
 */
export function readAssets(): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  const add = (name: string, bytes: Buffer) => {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
    const ending = extname(name);
    assets.set(name, {
      url: `/assets/${basename(name, ending)}-${hash}${ending}`,
      contentType: contentTypes[ending] as string,
      bytes,
    });
  };
  const folder = (name: string) => join(import.meta.dirname, name);
  // Pictures first: stylesheets name them by their final address.
  for (const name of list(folder('assets'), ['.svg'])) add(name, readFileSync(join(folder('assets'), name)));
  for (const name of list(folder('assets'), ['.css'])) {
    const text = readFileSync(join(folder('assets'), name), 'utf8');
    add(
      name,
      Buffer.from(
        text.replace(/url\(["']?([a-z-]+\.svg)["']?\)/g, (whole, svg: string) =>
          assets.has(svg) ? `url(${assets.get(svg)?.url})` : whole,
        ),
      ),
    );
  }
  for (const name of list(folder('islands'), ['.ts', '.js'])) {
    const text = readFileSync(join(folder('islands'), name), 'utf8');
    add(name.replace(/\.ts$/, '.js'), Buffer.from(name.endsWith('.ts') ? stripTypeScriptTypes(text) : text));
  }
  return assets;
}

function list(folder: string, endings: readonly string[]): string[] {
  return readdirSync(folder)
    .filter((name) => endings.includes(extname(name)) && !name.endsWith('.d.ts'))
    .sort();
}
