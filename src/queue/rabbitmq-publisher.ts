// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Connection, Envelope, Publisher } from 'rabbitmq-client';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { DeadLetter } from './crash-queue.ts';
import { queueErrors } from './errors.ts';
import { queueLimits } from './limits.ts';
import { formatMessageBody } from './message-body.ts';
import { attemptsHeader, brokerQueues, type QueueTopology } from './rabbitmq-topology.ts';

/** Publishes with confirms: a send resolves when the broker has the message on disk and in a queue. */
export class RabbitmqPublisher {
  readonly #topology: QueueTopology;
  readonly #timeoutMs: number;
  readonly #connection: Connection;
  readonly #publisher: Publisher;
  readonly #returned = new Set<string>();
  #sent = 0;

  constructor(connection: Connection, options: QueueTopology & { readonly publishTimeoutMs?: number }) {
    this.#topology = options;
    this.#timeoutMs = options.publishTimeoutMs ?? queueLimits.publishTimeoutMs.value;
    this.#connection = connection;
    this.#publisher = connection.createPublisher({
      confirm: true,
      maxAttempts: 1,
      queues: [...brokerQueues(options).declared],
    });
    this.#publisher.on('basic.return', ({ messageId }) => {
      if (messageId) this.#returned.add(messageId);
    });
  }

  async send(envelope: Envelope, body: string): Promise<void> {
    // A message for a queue that does not exist is confirmed and thrown away, unless it is mandatory.
    const messageId = String(++this.#sent);
    try {
      await this.#withTimeout(
        this.#publisher.send(
          { ...envelope, durable: true, mandatory: true, messageId, contentType: 'text/plain' },
          body,
        ),
      );
    } catch (cause) {
      throw rabbitmqError(cause, `publishing to ${envelope.routingKey}`);
    }
    // The client hands out returned messages one turn after the confirm that follows them.
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.#returned.delete(messageId)) return;
    throw new SalvageError(queueErrors.queue_refused, `the broker has no queue ${envelope.routingKey}`);
  }

  /**
   * Proves that the queues are there and that the broker takes messages, by one to a queue of its own. Of somebody else's
   * queues it only proves that they are there.
   */
  async ready(): Promise<void> {
    const { declares, queueNames, deadQueueName } = this.#topology;
    if (declares) return this.send({ routingKey: brokerQueues(this.#topology).check }, 'test');
    for (const queue of [...Object.values(queueNames), deadQueueName]) {
      await this.#connection.queueDeclare({ queue, passive: true }).catch((cause: unknown) => {
        throw rabbitmqError(cause, `looking for ${queue}`);
      });
    }
  }

  async sendDead(letter: DeadLetter): Promise<void> {
    const headers = {
      'x-salvage-queue': letter.queue,
      'x-salvage-reason': letter.reason.slice(0, queueLimits.reasonCharactersMax.value),
      'x-salvage-died-at': Date.now(),
      [attemptsHeader]: letter.attempts,
    };
    await this.send({ routingKey: this.#topology.deadQueueName, headers }, formatMessageBody(letter));
  }

  async close(): Promise<void> {
    await this.#publisher.close().catch(() => {});
  }

  async #withTimeout(sent: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const reason = this.#connection.ready ? 'no confirm from the broker' : 'the broker is away or blocked';
      timer = setTimeout(() => {
        // Should it still arrive, the crash is announced twice, which does no harm.
        sent.catch(() => {});
        reject(new SalvageError(queueErrors.queue_outage, `${reason} for ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
    });
    try {
      await Promise.race([sent, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Reply codes of the broker that will not go away by themselves. */
const refusals = ['ACCESS_REFUSED', 'NOT_FOUND', 'PRECONDITION_FAILED', 'NOT_ALLOWED', 'RESOURCE_LOCKED'];

/** The client's error as one of ours. */
export function rabbitmqError(cause: unknown, doing: string): SalvageError {
  if (cause instanceof SalvageError) return cause;
  const code = (cause as { code?: unknown } | null)?.code;
  const kind = refusals.includes(String(code)) ? queueErrors.queue_refused : queueErrors.queue_outage;
  return new SalvageError(kind, `${doing} failed: ${errorText(cause)}`, { cause });
}
