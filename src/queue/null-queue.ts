// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { CrashQueue, DeadLetter, QueueDepth, QueuedCrash, QueueMessage, QueueName } from './crash-queue.ts';
import { queueErrors } from './errors.ts';

const keptMax = 10;

/** Publishes nothing and logs one line a crash; the last ten ids are remembered for tests. */
export class NullQueue implements CrashQueue {
  readonly name = 'null';
  readonly lastMessages: { readonly queue: QueueName; readonly crashId: CrashId }[] = [];
  readonly #logger: Logger;

  constructor(options: { readonly logger: Logger }) {
    this.#logger = options.logger.named('salvage.queue.null');
  }

  async check(): Promise<void> {}

  async publish(queue: QueueName, message: QueueMessage): Promise<void> {
    this.lastMessages.push({ queue, crashId: message.crashId });
    if (this.lastMessages.length > keptMax) this.lastMessages.shift();
    this.#logger.info(`crash publish no-op: ${message.crashId}`);
  }

  consume(): AsyncIterable<QueuedCrash> {
    throw new SalvageError(queueErrors.queue_unsupported, 'the null queue keeps nothing');
  }

  async depths(): Promise<readonly QueueDepth[]> {
    return [];
  }

  async deadLetters(): Promise<readonly DeadLetter[]> {
    return [];
  }

  async replayDeadLetters(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}
}
