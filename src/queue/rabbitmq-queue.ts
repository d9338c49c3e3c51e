// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type AsyncMessage, Connection, type Consumer, ConsumerStatus, type Envelope } from 'rabbitmq-client';
import type { CrashId } from '../crash/crash-id.ts';
import { backoffMs } from '../lib/backoff.ts';
import { errorText } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { AttemptCounter } from './attempt-counter.ts';
import {
  type CrashQueue,
  type DeadLetter,
  type QueueDepth,
  type QueuedCrash,
  type QueueMessage,
  type QueueName,
  queueNames,
} from './crash-queue.ts';
import { FairChoice, type QueueWeights } from './fair-choice.ts';
import { queueLimits } from './limits.ts';
import { formatMessageBody, parseMessageBody } from './message-body.ts';
import { RabbitmqPublisher, rabbitmqError } from './rabbitmq-publisher.ts';
import { attemptsHeader, brokerQueues, type QueueTopology } from './rabbitmq-topology.ts';
import { Slots } from './slots.ts';

export interface RabbitmqQueueOptions extends QueueTopology {
  readonly url: string;
  readonly logger: Logger;
  readonly weights?: QueueWeights;
  readonly attemptsMax?: number;
  readonly retryWaitMs?: (attempt: number) => number;
  /** How long crashes that are out when their consumer ends may still be settled before the broker gets them back. */
  readonly leaseMs?: number;
  /** Without it a classic queue counts failures but not processors that died. */
  readonly attempts?: AttemptCounter;
  /** A publish without the broker's word after this long counts as an outage (memory alarm, half-open connection). */
  readonly publishTimeoutMs?: number;
}

/** A delivery that waits to be handed out, or is out. */
interface Delivery {
  readonly queue: QueueName;
  readonly message: QueueMessage;
  readonly raw: AsyncMessage;
  readonly settle: (status: ConsumerStatus) => void;
}

interface ConsumerStart {
  readonly queue: QueueName;
  readonly prefetch: number;
  readonly waiting: Delivery[];
  readonly slots: Slots;
  readonly ending: AbortSignal;
}

/** RabbitMQ: three durable queues whose bodies old processors read, publisher confirms, reconnects by itself. */
export class RabbitmqQueue implements CrashQueue {
  readonly name = 'rabbitmq';
  readonly #options: RabbitmqQueueOptions;
  readonly #logger: Logger;
  readonly #attemptsMax: number;
  readonly #connection: Connection;
  readonly #publisher: RabbitmqPublisher;
  readonly #deliveries = new Set<Delivery>();
  readonly #consumers = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: RabbitmqQueueOptions) {
    this.#options = options;
    this.#logger = options.logger.named('salvage.queue.rabbitmq');
    this.#attemptsMax = options.attemptsMax ?? queueLimits.attemptsMax.value;
    const hosts = options.url.split(',').map((url) => url.trim());
    this.#connection = new Connection({
      url: hosts[0] as string,
      ...(hosts.length > 1 ? { hosts: hosts.map((url) => new URL(url).host) } : {}),
      connectionName: 'salvage',
      // Small frames would wait 40 ms for the broker's delayed acknowledgement.
      noDelay: true,
      retryLow: 200,
      retryHigh: 10_000,
      acquireTimeout: options.publishTimeoutMs ?? queueLimits.publishTimeoutMs.value,
    });
    // Without a listener the loss of the connection would end this process.
    this.#connection.on('error', (error) => this.#logger.warning(`lost the broker, reconnecting: ${errorText(error)}`));
    this.#connection.on('connection.blocked', (reason) =>
      this.#logger.error(`the broker takes no messages at the moment: ${reason}`),
    );
    this.#connection.on('connection.unblocked', () => this.#logger.info('the broker takes messages again'));
    this.#publisher = new RabbitmqPublisher(this.#connection, options);
  }

  async check(): Promise<void> {
    await this.#publisher.ready();
  }

  async publish(queue: QueueName, message: QueueMessage): Promise<void> {
    const body = formatMessageBody(message);
    await this.#publisher.send({ routingKey: this.#options.queueNames[queue] }, body);
  }

  async *consume(options: { readonly prefetch: number; readonly signal: AbortSignal }): AsyncGenerator<QueuedCrash> {
    const { prefetch, signal } = options;
    const slots = new Slots(prefetch);
    const choice = new FairChoice(this.#options.weights);
    const waiting: Record<QueueName, Delivery[]> = { standard: [], priority: [], reprocessing: [] };
    const out = new Set<Delivery>();
    const ending = new AbortController();
    const consumers = queueNames.map((queue) =>
      this.#startConsumer({ queue, prefetch, waiting: waiting[queue], slots, ending: ending.signal }),
    );
    try {
      while (!signal.aborted) {
        const queue = slots.free > 0 ? choice.next((one) => waiting[one].length > 0) : null;
        if (queue === null) {
          await slots.wait(queueLimits.pollMs.value, signal);
          continue;
        }
        const delivery = waiting[queue].shift() as Delivery;
        out.add(delivery);
        slots.take();
        const taken = await this.#handle(delivery, () => {
          if (out.delete(delivery)) slots.release();
        });
        if (taken) yield taken;
      }
    } finally {
      ending.abort();
      for (const delivery of Object.values(waiting).flat()) delivery.settle(ConsumerStatus.REQUEUE);
      this.#endConsumers(consumers, out);
    }
  }

  async depths(): Promise<readonly QueueDepth[]> {
    try {
      return await Promise.all(
        queueNames.map(async (queue) => {
          const { messageCount } = await this.#connection.queueDeclare({
            queue: this.#options.queueNames[queue],
            passive: true,
          });
          // The broker tells only what waits; what is out is known of this process alone.
          const leased = [...this.#deliveries].filter((delivery) => delivery.queue === queue).length;
          return { queue, waiting: messageCount, leased, oldestAgeS: null };
        }),
      );
    } catch (cause) {
      throw rabbitmqError(cause, 'reading queue depths');
    }
  }

  async deadLetters(options: { readonly limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const limit = options.limit ?? queueLimits.deadLettersShownMax.value;
    const letters: DeadLetter[] = [];
    await this.#withDeadLetters(async (letter) => {
      letters.push(letter);
      return letters.length < limit ? 'keep' : 'stop';
    });
    return letters;
  }

  async replayDeadLetters(crashIds?: readonly CrashId[]): Promise<number> {
    let count = 0;
    await this.#withDeadLetters(async (letter) => {
      if (crashIds && !crashIds.includes(letter.crashId)) return 'keep';
      await this.publish(letter.queue, letter);
      count++;
      return 'remove';
    });
    return count;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const delivery of this.#deliveries) delivery.settle(ConsumerStatus.REQUEUE);
    await Promise.allSettled(this.#consumers);
    await this.#publisher.close();
    await this.#connection.close().catch(() => {});
  }

  #startConsumer({ queue, prefetch, waiting, slots, ending }: ConsumerStart): Consumer {
    const props = {
      ...brokerQueues(this.#options).consumed[queue],
      // Some more than are handed out: with an empty buffer the next pull could not tell that a queue has messages.
      qos: { prefetchCount: Math.min(prefetch + queueLimits.bufferedItemsMax.value, 65_535) },
      requeue: true,
    };
    const consumer = this.#connection.createConsumer(props, (raw) => {
      const message = parseMessageBody(bodyText(raw.body));
      if (!message) return this.#drop(queue, raw);
      if (ending.aborted || this.#isClosed) return ConsumerStatus.REQUEUE;
      return new Promise<ConsumerStatus>((resolve) => {
        const delivery: Delivery = {
          queue,
          message,
          raw,
          settle: (status) => {
            this.#deliveries.delete(delivery);
            resolve(status);
          },
        };
        this.#deliveries.add(delivery);
        waiting.push(delivery);
        slots.wake();
      });
    });
    consumer.on('error', (error) => {
      this.#logger.warning(`consumer of ${queue}, starting again: ${errorText(error)}`);
    });
    return consumer;
  }

  /** Start-up checks of other programs publish `test`; anything else that is no crash id is somebody's mistake. */
  #drop(queue: QueueName, raw: AsyncMessage): ConsumerStatus {
    const body = bodyText(raw.body);
    if (body !== 'test') {
      this.#logger.error(`dropped a message of ${queue} that is no crash id: ${JSON.stringify(body.slice(0, 100))}`);
    }
    return ConsumerStatus.ACK;
  }

  /** Null when the crash went to the dead letters instead, because its processors died with it each time. */
  async #handle(delivery: Delivery, onSettled: () => void): Promise<QueuedCrash | null> {
    const { message, queue } = delivery;
    const attempt = await this.#countAttempt(delivery);
    let isSettled = false;
    const settle = async (action: () => Promise<void>) => {
      if (isSettled) return;
      isSettled = true;
      try {
        await action();
        delivery.settle(ConsumerStatus.ACK);
      } catch (error) {
        // Its new copy is not safe: the broker gets this one back.
        delivery.settle(ConsumerStatus.REQUEUE);
        throw error;
      } finally {
        onSettled();
      }
    };
    const forget = async () => this.#options.attempts?.forget(message.crashId).catch(() => {});
    const bury = async (reason: string, attempts: number) => {
      await this.#publisher.sendDead({ ...message, queue, attempts, reason, diedAt: null });
      await forget();
    };
    if (attempt > this.#attemptsMax) {
      await settle(() => bury('its processor died or hung at the last attempt', attempt - 1)).catch((error) =>
        this.#logger.warning(`cannot bury ${message.crashId}: ${errorText(error)}`),
      );
      return null;
    }
    return {
      ...message,
      queue,
      attempt,
      ack: () => settle(async () => void (await forget())),
      nack: (reason) =>
        settle(() => (attempt >= this.#attemptsMax ? bury(reason, attempt) : this.#comeBack(delivery, attempt))),
      bury: (reason) => settle(() => bury(reason, attempt)),
      // The broker keeps a message until its consumer's channel closes.
      extendLease: async () => {},
    };
  }

  async #countAttempt({ message, raw }: Delivery): Promise<number> {
    const counted = Number(raw.headers?.[attemptsHeader] ?? 0) || 0;
    const deliveries = Number(raw.headers?.['x-delivery-count'] ?? 0) || 0;
    const known = counted + Math.max(deliveries, raw.redelivered ? 1 : 0) + 1;
    if (!this.#options.attempts) return known;
    try {
      return await this.#options.attempts.count(message.crashId);
    } catch (error) {
      this.#logger.warning(`attempt of ${message.crashId} not counted: ${errorText(error)}`);
      return known;
    }
  }

  /** Through the queue of resting messages, so that no worker and no lease is held by the wait. */
  async #comeBack({ message, queue }: Delivery, attempt: number): Promise<void> {
    const waitMs = (this.#options.retryWaitMs ?? backoffMs)(attempt);
    const envelope: Envelope = { headers: { [attemptsHeader]: attempt } };
    const { resting } = brokerQueues(this.#options);
    const target =
      waitMs > 0
        ? { routingKey: resting[queue], expiration: String(Math.ceil(waitMs)) }
        : { routingKey: this.#options.queueNames[queue] };
    await this.#publisher.send({ ...envelope, ...target }, formatMessageBody(message));
  }

  /** No new messages; those that are out may still be settled for the length of a lease. */
  #endConsumers(consumers: readonly Consumer[], out: ReadonlySet<Delivery>): void {
    const timer = setTimeout(() => {
      for (const delivery of out) delivery.settle(ConsumerStatus.REQUEUE);
    }, this.#options.leaseMs ?? queueLimits.leaseMs.value);
    timer.unref();
    const closed = Promise.allSettled(consumers.map((consumer) => consumer.close())).finally(() => clearTimeout(timer));
    this.#consumers.add(closed);
    void closed.finally(() => this.#consumers.delete(closed));
  }

  /** Shows each dead letter to `decide`; what it does not remove returns to the broker in its old place. */
  async #withDeadLetters(decide: (letter: DeadLetter) => Promise<'keep' | 'remove' | 'stop'>): Promise<void> {
    const queue = this.#options.deadQueueName;
    try {
      await this.#publisher.ready();
      const channel = await this.#connection.acquire();
      try {
        const { messageCount } = await channel.queueDeclare({ queue, passive: true });
        for (let seen = 0; seen < messageCount; seen++) {
          const got = await channel.basicGet({ queue });
          if (!got) return;
          const letter = readDeadLetter(got.body, got.headers ?? {});
          const decision = letter ? await decide(letter) : 'keep';
          if (decision === 'remove') channel.basicAck({ deliveryTag: got.deliveryTag });
          if (decision === 'stop') return;
        }
      } finally {
        await channel.close();
      }
    } catch (cause) {
      throw rabbitmqError(cause, 'reading dead letters');
    }
  }
}

function bodyText(body: unknown): string {
  return Buffer.isBuffer(body) ? body.toString('utf8') : typeof body === 'string' ? body : JSON.stringify(body);
}

function readDeadLetter(body: unknown, headers: Record<string, unknown>): DeadLetter | null {
  const message = parseMessageBody(bodyText(body));
  if (!message) return null;
  const queue = queueNames.find((name) => name === headers['x-salvage-queue']) ?? 'standard';
  const diedAt = Number(headers['x-salvage-died-at']);
  return {
    ...message,
    queue,
    reason: String(headers['x-salvage-reason'] ?? ''),
    attempts: Number(headers[attemptsHeader] ?? 0) || 0,
    diedAt: Number.isFinite(diedAt) ? new Date(diedAt) : null,
  };
}
