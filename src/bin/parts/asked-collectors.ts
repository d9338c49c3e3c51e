// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText } from '../../lib/errors.ts';
import { isJsonObject } from '../../lib/json.ts';
import type { StatusRow, StatusSource } from '../../lib/status.ts';

/** A collector that does not answer in this time is away as far as the status page goes. */
const answerMsMax = 2_000;

/** Collectors without a database, each asked over HTTP for what it says of itself (decisions.md 44). */
export class AskedCollectors implements StatusSource {
  readonly #urls: readonly string[];
  readonly #token: string;
  readonly #now: () => Date;

  constructor(options: { readonly urls: readonly string[]; readonly token: string; readonly now: () => Date }) {
    this.#urls = options.urls;
    this.#token = options.token;
    this.#now = options.now;
  }

  async rows(): Promise<readonly StatusRow[]> {
    return (await Promise.all(this.#urls.map((url) => this.#ask(url)))).flat();
  }

  async #ask(url: string): Promise<readonly StatusRow[]> {
    const row = (role: string, instance: string, details: StatusRow['details']): StatusRow => {
      return { role, instance, updatedAt: this.#now(), details };
    };
    try {
      const response = await fetch(new URL('/__status__', url), {
        signal: AbortSignal.timeout(answerMsMax),
        headers: this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` },
        redirect: 'error',
      });
      if (response.status === 404) throw new Error('it does not tell this machine: set collector.statusToken there');
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      const answer: unknown = await response.json();
      const roles = isJsonObject(answer) && Array.isArray(answer['roles']) ? answer['roles'].filter(isJsonObject) : [];
      return roles.map(({ role, instance, details }) =>
        row(String(role), String(instance), isJsonObject(details) ? details : {}),
      );
    } catch (error) {
      return [row('collector', URL.parse(url)?.host ?? url, { error: errorText(error) })];
    }
  }
}
