// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { IncomingMessage } from 'node:http';
import { SalvageError } from '../lib/errors.ts';
import { symbolErrors } from './errors.ts';
import { type HttpGetOptions, httpGet } from './http-get.ts';
import { type FetchSym, RemoteSupplier, type RemoteSupplierOptions } from './remote-supplier.ts';
import type { SymbolKey } from './symbol-key.ts';
import type { SymbolModule } from './symbol-provider.ts';

export interface HttpSupplierOptions
  extends Omit<RemoteSupplierOptions, 'id'>,
    Omit<HttpGetOptions, 'signal' | 'headers'> {
  readonly id?: string;
  /** Base URL; the Breakpad path is appended. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `lower`: the server has every path in lower case (Electron's). */
  readonly casing?: 'default' | 'lower';
  /** A bucket without the right to list says 403 for what is not there. */
  readonly absentIs403?: boolean;
}

/** A symbol server with Breakpad's layout below a URL (Mozilla's, Electron's, a bucket behind a web server). */
export function makeHttpSupplier(options: HttpSupplierOptions): RemoteSupplier {
  const base = new URL(options.url.endsWith('/') ? options.url : `${options.url}/`);
  const shownBase = new URL(base);
  shownBase.username = shownBase.password = shownBase.search = '';
  const authorization: Record<string, string> = base.username
    ? {
        authorization: `Basic ${Buffer.from(`${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`).toString('base64')}`,
      }
    : {};
  const casing = options.casing ?? 'default';
  const headers = { ...authorization, ...options.headers };
  const fetch: FetchSym = async (key, module, signal) => {
    const response = await httpGet(symbolUrl(base, key, casing, module), { ...options, headers, signal });
    if (isAbsent(response, options.absentIs403 ?? false)) {
      response.destroy();
      return null;
    }
    if (response.statusCode !== 200) {
      response.destroy();
      throw refusal(response.statusCode ?? 0);
    }
    const length = Number(response.headers['content-length'] ?? 0);
    if (length > options.sizeBytesMax) {
      response.destroy();
      throw new SalvageError(symbolErrors.sym_too_large, `announces ${length} bytes`);
    }
    return { body: response, url: symbolUrl(shownBase, key, casing, null).href };
  };
  return new RemoteSupplier({ ...options, id: options.id ?? shownBase.href }, fetch);
}

/** Names are percent-encoded as path parts; the query is for servers that collect what is missing. */
function symbolUrl(base: URL, key: SymbolKey, casing: 'default' | 'lower', module: SymbolModule | null): URL {
  const url = new URL(base);
  url.username = url.password = '';
  const path = [key.debugFile, key.debugId, key.symFile].map(encodeURIComponent).join('/');
  url.pathname += casing === 'lower' ? path.toLowerCase() : path;
  if (module?.codeFile) url.searchParams.set('code_file', module.codeFile.slice(0, 255));
  if (module?.codeId) url.searchParams.set('code_id', module.codeId.slice(0, 128));
  return url;
}

function isAbsent({ statusCode }: IncomingMessage, absentIs403: boolean): boolean {
  return statusCode === 404 || statusCode === 410 || (absentIs403 && statusCode === 403);
}

/** 408, 429 and 5xx pass by themselves; any other answer is a refusal that somebody must look at. */
function refusal(status: number): SalvageError {
  const passes = status === 408 || status === 429 || status >= 500;
  return new SalvageError(
    passes ? symbolErrors.symbol_source_unreachable : symbolErrors.symbol_source_denied,
    `HTTP ${status}`,
  );
}

/** Public servers by name. Off until named: asking one tells it the names of your modules. */
const presets: Readonly<Record<string, { readonly url: string; readonly casing?: 'lower' }>> = {
  mozilla: { url: 'https://symbols.mozilla.org/' },
  electron: { url: 'https://symbols.electronjs.org/', casing: 'lower' },
};

/** What an entry of the option `symbols.servers` means: the name of a preset, or a URL. */
export function serverOf(entry: string): { readonly url: string; readonly casing?: 'lower' } {
  return Object.hasOwn(presets, entry) ? presets[entry]! : { url: entry };
}
