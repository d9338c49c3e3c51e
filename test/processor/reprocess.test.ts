// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mainDumpName } from '../../src/crash/raw-crash.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import { type CrashFinder, type ReprocessFilter, reprocess, reprocessDryRun } from '../../src/processor/reprocess.ts';
import { makePipelines } from '../../src/processor/rule-sets.ts';
import type { QueueMessage, QueueName } from '../../src/queue/crash-queue.ts';
import { crashDataFromProcessedCrash, generateSignature } from '../../src/signature/signature.ts';
import { anotherId, crashId, FakeQueue, partsOf, plainSiglists, stackwalkOf, walkerOf } from './fakes.ts';

const pipelines = makePipelines('salvage');
const dumps = { [mainDumpName]: Buffer.from('MDMP') };

class CountingQueue extends FakeQueue {
  readonly published: [QueueName, QueueMessage][] = [];
  override async publish(queue?: QueueName, message?: QueueMessage): Promise<void> {
    if (message?.crashId === anotherId) throw new Error('refused');
    this.published.push([queue as QueueName, message as QueueMessage]);
  }
}

function finderOf(ids: readonly string[]): CrashFinder & { asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    async *findCrashes(filter) {
      asked.push(filter);
      yield* ids;
    },
  };
}

test('ids go to the reprocessing queue once each, with their rule set; a failure does not stop the rest', async () => {
  const queue = new CountingQueue();
  const progress: unknown[] = [];
  const result = await reprocess(
    { crashIds: [`bp-${crashId}`, crashId.toUpperCase(), anotherId] },
    'regenerate_signature',
    { finder: finderOf([]), queue, pipelines, onProgress: (state) => progress.push(state) },
  );
  assert.deepEqual(queue.published, [['reprocessing', { crashId, ruleset: 'regenerate_signature' }]]);
  assert.deepEqual([result.done, result.failed], [1, 1]);
  assert.match(result.errors[0] ?? '', /refused/);
  assert.deepEqual(progress, [{ done: 1, failed: 1, changed: 0 }]);
});

test('conditions go to the index', async () => {
  const queue = new CountingQueue();
  const finder = finderOf([crashId]);
  const filter: ReprocessFilter = { signature: 'a | b', product: 'Lantern', missingSymbols: 'app.pdb' };
  await reprocess(filter, 'default', { finder, queue, pipelines });
  assert.deepEqual(finder.asked, [filter]);
  assert.deepEqual(queue.published, [['reprocessing', { crashId }]]);
});

test('what makes no sense is refused before anything is queued', async () => {
  const queue = new CountingQueue();
  const parts = { finder: finderOf([crashId]), queue, pipelines };
  for (const [filter, ruleset, slug] of [
    [{}, 'default', 'bad_reprocess_filter'],
    [{ crashIds: [crashId], product: 'x' }, 'default', 'bad_reprocess_filter'],
    [{ crashIds: ['../x'] }, 'default', 'bad_crash_id'],
    [{ crashIds: [crashId] }, 'nonsense', 'unknown_ruleset'],
  ] as const)
    await assert.rejects(
      reprocess(filter, ruleset, parts),
      (error) => error instanceof SalvageError && error.slug === slug,
    );
  assert.deepEqual(queue.published, []);
});

test('a dry run counts the signatures that would change and touches nothing', async () => {
  const stored = new Map<string, object>([
    [crashId, { signature: 'old', json_dump: stackwalkOf(['App::Crash(int)']) }],
    [anotherId, { signature: 'App::Crash', json_dump: stackwalkOf(['App::Crash(int)']) }],
  ]);
  const changes: unknown[] = [];
  const result = await reprocessDryRun(
    { product: 'Lantern' },
    {
      finder: finderOf([crashId, anotherId, 'gone']),
      getProcessed: async (id) => {
        const found = stored.get(id);
        if (!found) throw new Error('gone');
        return found as never;
      },
      newSignatureOf: (processed) =>
        generateSignature(crashDataFromProcessedCrash(processed), {
          lists: plainSiglists,
          era: 'today',
          provisional: false,
        }).signature,
      onChange: (change) => changes.push(change),
    },
  );
  assert.deepEqual(result, { done: 2, failed: 1, changed: 1 });
  assert.deepEqual(changes, [{ crashId, before: 'old', after: 'App::Crash' }]);
});

test('reprocessing starts afresh, keeps the notes of earlier passes, and leaves the raw crash alone', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, { ProductName: 'Lantern', ReleaseChannel: 'esr', Version: '1.0', 'Odd\0': 'x' }, dumps);
  const raw = structuredClone(parts.storage.raw.get(crashId));
  const processor = makeProcessor(parts);
  await processor.process(crashId);
  Object.assign(parts.storage.processed.get(crashId) as object, { stale: 'of a rule that is gone' });
  const { processed } = await processor.process(crashId);
  assert.equal(processed['version'], '1.0esr');
  assert.equal(processed['stale'], undefined);
  assert.equal((processed['processor_history'] as unknown[]).length, 1);
  assert.match(String((processed['processor_history'] as unknown[])[0]), /^>>> Start processing: .* \(host\)/);
  assert.deepEqual(parts.storage.raw.get(crashId), raw);
  for (let pass = 0; pass < 25; pass++) await processor.process(crashId);
  const again = parts.storage.processed.get(crashId);
  assert.equal(Array.isArray(again?.['processor_history']) && again['processor_history'].length, 20);
});

test('regenerate_signature leaves the walk as it is; without an earlier pass the crash gets its first', async () => {
  let walks = 0;
  const walker = walkerOf(stackwalkOf(['App::Crash(int)']));
  const counting = {
    ...walker,
    walk: (...args: Parameters<typeof walker.walk>) => {
      walks++;
      return walker.walk(...args);
    },
  };
  const parts = partsOf({ services: { ...partsOf().services, walker: counting } });
  parts.storage.add(crashId, { ProductName: 'Lantern' }, dumps);
  const processor = makeProcessor(parts);
  const first = await processor.process(crashId, 'regenerate_signature');
  assert.equal(first.processed['product'], 'Lantern');
  assert.equal(walks, 1);
  Object.assign(parts.storage.processed.get(crashId) as object, { signature: 'wrong' });
  const second = await processor.process(crashId, 'regenerate_signature');
  assert.equal(second.processed['signature'], 'App::Crash');
  assert.equal(second.processed['product'], 'Lantern');
  assert.equal(walks, 1);
});

test('in the set of 2015 the notes of earlier passes follow in the same text', async () => {
  const parts = partsOf({ pipelines: makePipelines('lite') });
  parts.storage.add(crashId, { CrashTime: '1795155000', SecondsSinceLastCrash: '1' }, dumps);
  parts.storage.processed.set(crashId, {
    started_datetime: '2014-01-01T00:00:00',
    processor_notes: "we've been here before; yep",
  });
  const { processed } = await makeProcessor(parts).process(crashId);
  assert.equal(
    processed['processor_notes'],
    "host; Processor2015; earlier processing: 2014-01-01T00:00:00; we've been here before; yep",
  );
  assert.equal(processed['startedDateTime'], processed['started_datetime']);
  assert.equal(processed['completeddatetime'], '2026-11-20T06:30:15+00:00');
});
