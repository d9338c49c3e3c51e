// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../../lib/json.ts';
import type { Permission, Reader } from '../../people/permissions.ts';
import type { Access } from '../access.ts';
import type { WebParts } from '../web-parts.ts';

/** One parameter of an endpoint; requests are validated and the OpenAPI document is written from it. */
export interface ApiParameter {
  readonly name: string;
  readonly kind: 'text' | 'integer' | 'list' | 'choice';
  readonly isRequired: boolean;
  /** Stands in the path, as `{name}` in the endpoint's name. */
  readonly isPath?: boolean;
  readonly choices?: readonly string[];
  readonly description: string;
}

/** Values of a validated request: unknown parameters are left out, lists are arrays. */
export class ApiValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** The last value, or an empty text. */
  text(name: string): string {
    return this.#values.get(name)?.at(-1) ?? '';
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  integer(name: string, fallback: number): number {
    const text = this.text(name);
    return text === '' ? fallback : Number(text);
  }
}

export interface ApiCall {
  readonly parts: WebParts;
  readonly access: Access;
  readonly reader: Reader;
  readonly values: ApiValues;
  /** Everything as it came, for searches, whose parameters are the fields. */
  readonly parameters: ReadonlyMap<string, readonly string[]>;
  /** The JSON body of a POST, where the endpoint takes one. */
  readonly body: JsonValue;
  /** The address of one of our pages, for texts that are read elsewhere. */
  pageUrl(path: string): string;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** JSON, or a text or bytes with their headers. */
export type ApiAnswer =
  | { readonly json: unknown; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly text: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly bytes: AsyncIterable<Uint8Array>; readonly headers: Readonly<Record<string, string>> };

export interface ApiEndpoint {
  /** Name in the path: `/api/<name>/`; those of our own begin with `v1/`. */
  readonly name: string;
  readonly methods: readonly ('GET' | 'POST')[];
  readonly summary: string;
  readonly parameters: readonly ApiParameter[];
  /** Takes any search field besides its own parameters. */
  readonly takesSearchFields?: boolean;
  readonly takesJson?: boolean;
  /** Answers 202 while the crash is not processed. */
  readonly mayBePending?: boolean;
  /** Media type of the answer; absent = JSON. */
  readonly answerType?: string;
  readonly needs: readonly Permission[];
  /** JSON Schema of a good answer, for the OpenAPI document. */
  readonly answer: JsonValue;
  handle(call: ApiCall): Promise<ApiAnswer>;
}

/** Names of crash-stats end in a slash, ours do not; both are answered with and without. */
export function endpointUrl(endpoint: ApiEndpoint): string {
  return endpoint.name.startsWith('v1/') ? `/api/${endpoint.name}` : `/api/${endpoint.name}/`;
}

export const crashIdParameter: ApiParameter = {
  name: 'crash_id',
  kind: 'text',
  isRequired: true,
  description: 'Crash id in any spelling: bare, `bp-`, 32 hex digits, or a report URL.',
};
