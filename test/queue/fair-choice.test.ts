// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type QueueName, queueNames } from '../../src/queue/crash-queue.ts';
import { defaultQueueWeights, FairChoice } from '../../src/queue/fair-choice.ts';
import { formatMessageBody, parseMessageBody } from '../../src/queue/message-body.ts';
import { newId } from './queue-contract.ts';

const weights = fc.record({
  priority: fc.integer({ min: 1, max: 50 }),
  standard: fc.integer({ min: 1, max: 50 }),
  reprocessing: fc.integer({ min: 1, max: 50 }),
});
const traffic = fc.array(fc.subarray([...queueNames]), { minLength: 1, maxLength: 300 });

describe('fair choice', () => {
  test('no queue that has messages waits longer than its bound, for any weights and traffic', () => {
    fc.assert(
      fc.property(weights, traffic, (share, pulls) => {
        const choice = new FairChoice(share);
        const waited = { priority: 0, standard: 0, reprocessing: 0 };
        for (const filled of pulls) {
          const chosen = choice.next((queue) => filled.includes(queue));
          assert.equal(chosen === null, filled.length === 0);
          for (const queue of queueNames) {
            waited[queue] = queue === chosen || !filled.includes(queue) ? 0 : waited[queue] + 1;
            assert.ok(waited[queue] < choice.waitMax(queue), `${queue} waited ${waited[queue]}`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('8 : 4 : 1 is what it says under full load, and priority has all while the others are not due', () => {
    const choice = new FairChoice(defaultQueueWeights);
    const counts: Record<QueueName, number> = { priority: 0, standard: 0, reprocessing: 0 };
    for (let pull = 0; pull < 1300; pull++) counts[choice.next(() => true) as QueueName]++;
    assert.ok(counts.priority >= 800, JSON.stringify(counts));
    assert.ok(counts.standard >= 300 && counts.reprocessing >= 95, JSON.stringify(counts));
    assert.equal(
      new FairChoice().next(() => true),
      'priority',
    );
  });

  test('a plan is what the pulls then give, and planning changes nothing', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20 }), (share, before, pulls) => {
        const choice = new FairChoice(share);
        for (let pull = 0; pull < before; pull++) choice.next(() => true);
        const plan = choice.plan(pulls, queueNames);
        const counts = { priority: 0, standard: 0, reprocessing: 0 };
        for (let pull = 0; pull < pulls; pull++) counts[choice.next(() => true) as QueueName]++;
        assert.deepEqual(counts, plan);
      }),
    );
  });
});

describe('message body', () => {
  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.option(fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/), { nil: undefined }), (ruleset) => {
        const message = { crashId: newId(), ...(ruleset === undefined ? {} : { ruleset }) };
        assert.deepEqual(parseMessageBody(formatMessageBody(message)), message);
      }),
    );
  });

  test('any text is read or refused, and never with a path in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `${newId()}:${text}`),
        ),
        (text) => {
          const message = parseMessageBody(text);
          if (message) assert.doesNotMatch(`${message.crashId}${message.ruleset ?? ''}`, /[/\\\s:]/);
        },
      ),
    );
    assert.equal(parseMessageBody('test'), null);
    assert.equal(parseMessageBody(`bp-${newId()}`), null);
  });
});
