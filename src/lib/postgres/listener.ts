// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import pg from 'pg';
import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import { postgresLimits } from './limits.ts';

export interface ListenerOptions {
  /** Must reach the server directly: poolers such as pgbouncer do not pass notifications on. */
  readonly url: string;
  readonly channel: string;
  readonly logger: Logger;
  /** Called for each notification, and after every (re)connect, when notifications may have been missed. */
  readonly onWake: () => void;
}

/** Listens on one channel; reconnects for ever. Users must also poll: a notification is a hint, not a message. */
export class PostgresListener {
  readonly #options: ListenerOptions;
  #client: pg.Client | null = null;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ListenerOptions) {
    if (!/^[a-z_]+$/.test(options.channel)) throw new Error(`not a channel name: ${options.channel}`);
    this.#options = options;
    void this.#connect(100);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#client?.end().catch(() => {});
  }

  async #connect(waitMs: number): Promise<void> {
    const { url, channel, onWake } = this.#options;
    const client = new pg.Client({
      connectionString: url,
      application_name: `salvage listen ${channel}`,
      keepAlive: true,
      connectionTimeoutMillis: postgresLimits.connectTimeoutMs.value,
    });
    this.#client = client;
    let isOver = false;
    const again = (error: unknown) => {
      if (isOver) return;
      isOver = true;
      void client.end().catch(() => {});
      if (this.#isClosed) return;
      this.#options.logger.warning(`not listening for ${channel}, polling until reconnected: ${errorText(error)}`);
      this.#retry = setTimeout(() => void this.#connect(Math.min(waitMs * 2, 10_000)), waitMs);
      this.#retry.unref();
    };
    client.on('error', again);
    client.on('end', () => again('connection ended'));
    client.on('notification', onWake);
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      waitMs = 100;
      onWake();
    } catch (error) {
      again(error);
    }
  }
}
