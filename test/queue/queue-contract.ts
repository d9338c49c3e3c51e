// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The one contract of all queues: every adapter runs it against the real thing.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { type CrashQueue, type QueuedCrash, type QueueName, queueNames } from '../../src/queue/crash-queue.ts';
import { defaultQueueWeights, FairChoice } from '../../src/queue/fair-choice.ts';
import { until } from '../services/until.ts';

/** How the suite wants its queues: quick to give up, quick to return. */
export interface ContractSettings {
  readonly attemptsMax: number;
  readonly leaseMs: number;
  readonly retryWaitMs: () => number;
  readonly pollMs?: number;
}

export const contractSettings: ContractSettings = { attemptsMax: 3, leaseMs: 400, retryWaitMs: () => 0 };

export interface QueueUnderTest {
  /** A new, empty queue. */
  make(settings: ContractSettings): Promise<CrashQueue>;
  /** A second client of the same queue (another process); absent where only one process can use it. */
  another?(): Promise<CrashQueue>;
  /** True when a taken message comes back after `leaseMs` although its consumer lives. */
  readonly hasLeases: boolean;
  /** Pulls beyond the bound that are allowed where a broker pushes messages in its own time, on a busy machine too. */
  readonly fairnessSlack?: number;
}

export const newId = (): string => makeCrashId(randomUUID(), 0, new Date());

/** Takes messages one by one, with a time limit. */
export class Puller {
  readonly #iterator: AsyncIterator<QueuedCrash>;
  readonly #abort = new AbortController();
  #pending: Promise<IteratorResult<QueuedCrash>> | null = null;

  constructor(queue: CrashQueue, prefetch = 1) {
    this.#iterator = queue.consume({ prefetch, signal: this.#abort.signal })[Symbol.asyncIterator]();
  }

  async pull(timeoutMs = 10_000): Promise<QueuedCrash> {
    const message = await this.pullOrNull(timeoutMs);
    assert.ok(message, `nothing came within ${timeoutMs} ms`);
    return message;
  }

  async pullOrNull(timeoutMs: number): Promise<QueuedCrash | null> {
    this.#pending ??= this.#iterator.next();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), timeoutMs);
    });
    const result = await Promise.race([this.#pending, late]);
    clearTimeout(timer);
    if (result === null) return null;
    this.#pending = null;
    return result.done ? null : result.value;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    const last = await this.#pending;
    assert.ok(!last || last.done, 'nothing may be handed out after the end');
    await this.#iterator.return?.();
  }
}

async function waiting(queue: CrashQueue): Promise<Record<QueueName, number>> {
  const depths = await queue.depths();
  return Object.fromEntries(depths.map((depth) => [depth.queue, depth.waiting])) as Record<QueueName, number>;
}

export function queueContract(name: string, subject: QueueUnderTest): void {
  describe(`queue contract: ${name}`, { timeout: 60_000 }, () => {
    const open: { close?(): Promise<void>; stop?(): Promise<void> }[] = [];
    afterEach(async () => {
      for (const one of open.splice(0).reverse()) await (one.stop?.() ?? one.close?.());
    });
    const make = async (settings: Partial<ContractSettings> = {}) => {
      const queue = await subject.make({ ...contractSettings, ...settings });
      open.push(queue);
      return queue;
    };
    const pullerOf = (queue: CrashQueue, prefetch?: number) => {
      const puller = new Puller(queue, prefetch);
      open.push(puller);
      return puller;
    };

    test('a published id comes with its queue, rule set and attempt 1, and is gone once acked', async () => {
      const queue = await make();
      await queue.check();
      const puller = pullerOf(queue);
      for (const one of queueNames) {
        const crashId = newId();
        await queue.publish(one, { crashId, ...(one === 'priority' ? { ruleset: 'regenerate_signature' } : {}) });
        const taken = await puller.pull();
        assert.deepEqual(
          [taken.crashId, taken.queue, taken.ruleset, taken.attempt],
          [crashId, one, one === 'priority' ? 'regenerate_signature' : undefined, 1],
        );
        await taken.ack();
      }
      await until(async () => Object.values(await waiting(queue)).every((count) => count === 0));
      assert.equal(await puller.pullOrNull(600), null);
    });

    test('ids that wait or are leased are listed where the queue can tell, and nothing is taken by it', async () => {
      const queue = await make({ leaseMs: 60_000 });
      await queue.check();
      if (!queue.listCrashIds) return;
      const crashIds = [newId(), newId(), newId()].sort();
      for (const [index, crashId] of crashIds.entries())
        await queue.publish(queueNames[index] as QueueName, { crashId });
      const taken = await pullerOf(queue).pull();
      assert.deepEqual((await Array.fromAsync(queue.listCrashIds())).sort(), crashIds);
      await taken.ack();
      await until(async () => (await Array.fromAsync(queue.listCrashIds?.() ?? [])).length === 2);
    });

    test('where a crash stands is told where the queue can tell: place, attempts, and why the last one failed', async () => {
      const queue = await make({ leaseMs: 60_000, retryWaitMs: () => 60_000 });
      await queue.check();
      if (!queue.placeOf) return;
      const [first, second, third] = [newId(), newId(), newId()] as const;
      for (const crashId of [first, second, third]) await queue.publish('standard', { crashId });
      assert.equal(await queue.placeOf(newId()), null);
      const place = { queue: 'standard', isTaken: false, attempts: 0, lastReason: null };
      assert.deepEqual(await queue.placeOf(third), { ...place, ahead: 2 });
      const puller = pullerOf(queue);
      const taken = await puller.pull();
      assert.equal(taken.crashId, first);
      assert.deepEqual(await queue.placeOf(first), { ...place, isTaken: true, attempts: 1, ahead: 0 });
      assert.deepEqual(await queue.placeOf(third), { ...place, ahead: 1 });
      await taken.nack('the symbol source did not answer');
      await until(async () => (await queue.placeOf?.(first))?.isTaken === false);
      assert.deepEqual(await queue.placeOf(first), {
        ...place,
        attempts: 1,
        lastReason: 'the symbol source did not answer',
        ahead: 2,
      });
      await queue.publish('priority', { crashId: third });
      assert.deepEqual(await queue.placeOf(third), { ...place, queue: 'priority', ahead: 0 });
    });

    test('what is no crash id or rule set is refused before it is published', async () => {
      const queue = await make();
      for (const message of [
        { crashId: 'test' },
        { crashId: '../../etc/passwd' },
        { crashId: `bp-${newId()}` },
        { crashId: newId(), ruleset: 'a b' },
        { crashId: newId(), ruleset: '' },
      ]) {
        await assert.rejects(
          queue.publish('standard', message),
          (error) => error instanceof SalvageError && error.slug === 'queue_bad_message',
        );
      }
      assert.deepEqual(await waiting(queue), { standard: 0, priority: 0, reprocessing: 0 });
    });

    test('at most `prefetch` messages are out at a time', async () => {
      const queue = await make({ leaseMs: 20_000 });
      for (let index = 0; index < 6; index++) await queue.publish('standard', { crashId: newId() });
      const puller = pullerOf(queue, 3);
      const out = [await puller.pull(), await puller.pull(), await puller.pull()];
      assert.equal(await puller.pullOrNull(500), null);
      await out[1]?.ack();
      const fourth = await puller.pull();
      assert.equal(await puller.pullOrNull(300), null);
      for (const message of [out[0], out[2], fourth]) await message?.ack();
      for (let rest = 0; rest < 2; rest++) await (await puller.pull()).ack();
    });

    test('a crash that was nacked comes again with the next attempt, then dies with its reason and can be replayed', async () => {
      const queue = await make();
      const crashId = newId();
      await queue.publish('reprocessing', { crashId, ruleset: 'today' });
      const puller = pullerOf(queue);
      for (let attempt = 1; attempt <= contractSettings.attemptsMax; attempt++) {
        const taken = await puller.pull();
        assert.deepEqual([taken.crashId, taken.attempt], [crashId, attempt]);
        await taken.nack(`walker died ${attempt}`);
      }
      assert.equal(await puller.pullOrNull(300), null);
      const [dead, ...more] = await queue.deadLetters();
      assert.equal(more.length, 0);
      assert.equal(dead?.crashId, crashId);
      assert.equal(dead?.queue, 'reprocessing');
      assert.equal(dead?.ruleset, 'today');
      assert.equal(dead?.attempts, contractSettings.attemptsMax);
      assert.match(dead?.reason ?? '', /walker died 3/);
      assert.equal(await queue.replayDeadLetters([newId()]), 0);
      assert.equal(await queue.replayDeadLetters([crashId]), 1);
      const again = await puller.pull();
      assert.deepEqual(
        [again.crashId, again.queue, again.ruleset, again.attempt],
        [crashId, 'reprocessing', 'today', 1],
      );
      await again.ack();
      assert.deepEqual(await queue.deadLetters(), []);
    });

    test('a crash can be buried at once, and all dead letters replayed', async () => {
      const queue = await make();
      const ids = [newId(), newId()];
      const puller = pullerOf(queue, 2);
      for (const crashId of ids) {
        await queue.publish('standard', { crashId });
        await (await puller.pull()).bury(`no such crash\n${'x'.repeat(10_000)}`);
      }
      // A broker that replicates takes a moment to get back the letters that were only looked at.
      await until(async () => {
        const dead = await queue.deadLetters();
        return dead.length === 2 && ids.every((crashId) => dead.some((letter) => letter.crashId === crashId));
      });
      await until(async () => (await queue.deadLetters({ limit: 1 })).length === 1);
      let replayed = 0;
      await until(async () => (replayed += await queue.replayDeadLetters()) === 2);
      for (const _ of ids) await (await puller.pull()).ack();
    });

    test('settling twice does nothing the second time', async () => {
      const queue = await make();
      await queue.publish('standard', { crashId: newId() });
      const puller = pullerOf(queue);
      const taken = await puller.pull();
      await taken.ack();
      await taken.nack('late');
      await taken.ack();
      assert.equal(await puller.pullOrNull(500), null);
      assert.deepEqual(await queue.deadLetters(), []);
    });

    test('what was taken and not settled when its consumer ended comes to another', async () => {
      const queue = await make();
      const crashId = newId();
      await queue.publish('standard', { crashId });
      const first = new Puller(queue);
      assert.equal((await first.pull()).crashId, crashId);
      await first.stop();
      const second = pullerOf(queue);
      const taken = await second.pull();
      assert.equal(taken.crashId, crashId);
      assert.equal(taken.attempt, 2);
      await taken.ack();
    });

    if (subject.hasLeases) {
      test('a lease that runs out gives the crash to another; the first one can no longer ack it', async () => {
        const queue = await make();
        const crashId = newId();
        await queue.publish('standard', { crashId });
        const puller = pullerOf(queue, 2);
        const first = await puller.pull();
        const second = await puller.pull();
        assert.deepEqual([second.crashId, second.attempt], [crashId, 2]);
        await first.ack();
        const third = await pullerOf(queue).pull();
        assert.deepEqual([third.crashId, third.attempt], [crashId, 3]);
        await assert.rejects(second.extendLease(), (error) => (error as SalvageError).slug === 'queue_lease_lost');
        await third.ack();
      });

      test('a crash whose last lease runs out dies too', async () => {
        const queue = await make({ attemptsMax: 1 });
        const crashId = newId();
        await queue.publish('standard', { crashId });
        const puller = pullerOf(queue, 2);
        await puller.pull();
        await until(async () => {
          await puller.pullOrNull(100);
          return (await queue.deadLetters()).length === 1;
        });
        assert.match((await queue.deadLetters())[0]?.reason ?? '', /lease/);
      });
    }

    test('a lease that is extended is kept', async () => {
      const queue = await make();
      await queue.publish('standard', { crashId: newId() });
      const taken = await pullerOf(queue).pull();
      const other = pullerOf(queue);
      for (let round = 0; round < 8; round++) {
        assert.equal(await other.pullOrNull(100), null);
        await taken.extendLease();
      }
      await taken.ack();
      assert.equal(await other.pullOrNull(500), null);
    });

    test('priority goes first and no queue waits longer than the fairness bound', async () => {
      const queue = await make({ leaseMs: 20_000 });
      const count = 30;
      await Promise.all(
        queueNames.flatMap((one) => Array.from({ length: count }, () => queue.publish(one, { crashId: newId() }))),
      );
      const puller = pullerOf(queue);
      const order: QueueName[] = [];
      const bound = new FairChoice(defaultQueueWeights);
      // A broker delivers in its own time: the first pulls come before all queues are seen.
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (let pull = 0; pull < 3 * count; pull++) {
        const taken = await puller.pull();
        order.push(taken.queue);
        await taken.ack();
        // Work takes longer than a round trip to the broker, which pushes the next ones meanwhile.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const saturated = order.slice(0, order.lastIndexOf('priority') + 1);
      for (const one of queueNames) {
        let waited = 0;
        for (const pulled of saturated.slice(1)) {
          waited = pulled === one ? 0 : waited + 1;
          assert.ok(
            waited <= bound.waitMax(one) + (subject.fairnessSlack ?? 2),
            `${one} waited ${waited} pulls in ${saturated.join(' ')}`,
          );
        }
      }
      assert.ok(saturated.filter((one) => one === 'priority').length > saturated.length * 0.4, saturated.join(' '));
    });

    test('an idle consumer gets a crash soon after it is published', async () => {
      // Nothing comes by polling here, so every round proves that the consumer is woken.
      const queue = await make({ pollMs: 60_000, leaseMs: 60_000 });
      const puller = pullerOf(queue);
      assert.equal(await puller.pullOrNull(300), null);
      const tookMs: number[] = [];
      for (let round = 0; round < 7; round++) {
        const started = performance.now();
        await queue.publish('standard', { crashId: newId() });
        const taken = await puller.pull();
        tookMs.push(performance.now() - started);
        await taken.ack();
      }
      // On a busy machine a round may have to wait for its turn, but not all of them.
      assert.ok(Math.min(...tookMs) < 100, `took ${tookMs.map(Math.round)} ms`);
    });

    test('many published at once all arrive, once each, over two consumers', async () => {
      const queue = await make({ leaseMs: 20_000 });
      const other = (await subject.another?.()) ?? queue;
      if (other !== queue) open.push(other);
      const ids = Array.from({ length: 300 }, newId);
      await Promise.all(ids.map((crashId) => queue.publish('standard', { crashId })));
      const seen: string[] = [];
      const pullers = [pullerOf(queue, 10), pullerOf(other, 10)];
      await Promise.all(
        pullers.map(async (puller) => {
          for (let taken = await puller.pullOrNull(700); taken; taken = await puller.pullOrNull(700)) {
            seen.push(taken.crashId);
            await taken.ack();
          }
        }),
      );
      assert.deepEqual(seen.toSorted(), ids.toSorted());
    });

    test('depths tell waiting from leased', async () => {
      const queue = await make({ leaseMs: 20_000 });
      for (let index = 0; index < 3; index++) await queue.publish('priority', { crashId: newId() });
      await until(async () => (await waiting(queue)).priority === 3);
      const taken = await pullerOf(queue).pull();
      await until(async () => {
        const depth = (await queue.depths()).find((one) => one.queue === 'priority');
        return depth !== undefined && depth.waiting + depth.leased === 3 && depth.leased >= 1;
      });
      await taken.ack();
    });
  });
}
