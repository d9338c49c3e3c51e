// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mainDumpName } from '../../src/crash/raw-crash.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { processorErrors } from '../../src/processor/errors.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import { settleDueDebts } from '../../src/processor/settle-debts.ts';
import { queueErrors } from '../../src/queue/errors.ts';
import { anotherId, corrupt, crashId, FakeDestination, type FakeParts, outage, partsOf, settled } from './fakes.ts';

const dumps = { [mainDumpName]: Buffer.from('MDMP') };

/** Runs the processor while `during` happens, then drains it. */
async function running(parts: FakeParts, during: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const run = makeProcessor(parts).run(stop.signal);
  await during();
  stop.abort();
  await settled();
  await parts.clock.advance(60_000);
  await run;
  assert.deepEqual(readdirSync(parts.settings.tmpDir), [], 'no folder of a crash is left');
}

test('a crash goes from its id to every destination and is acked after the last save', async () => {
  const search = new FakeDestination();
  const parts = partsOf({ destinations: [search] });
  parts.storage.add(crashId, { ProductName: 'Lantern', Version: '1.2' }, dumps);
  parts.queue.beforeSettle = () => {
    assert.ok(parts.storage.processed.has(crashId));
    assert.ok(search.saved.has(crashId));
  };
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.queue.whenSettled(parts.queue.settled.length + 1);
  });
  const processed = parts.storage.processed.get(crashId);
  assert.equal(processed?.['signature'], 'malloc | App::Crash');
  assert.equal(processed?.['product'], 'Lantern');
  assert.equal(processed?.['success'], true);
  assert.deepEqual(parts.queue.settled, [{ crashId, how: 'ack', reason: '' }]);
  const fetches = parts.storage.calls.filter((call) => call.startsWith('get'));
  assert.deepEqual(fetches, ['getRawCrash', 'getDumpNames', `getDump ${mainDumpName}`, 'getProcessedCrash']);
});

test('every rule is timed', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  await makeProcessor(parts).process(crashId);
  const timed = parts.metrics.records.filter(({ name }) => name === 'socorro.processor.rule.act.timing');
  const rules = parts.pipelines.get('default')?.sets.flatMap((set) => set.rules) ?? [];
  assert.deepEqual(
    timed.map(({ tags }) => tags['rule']),
    rules.map(({ name }) => name),
  );
});

test('a crash that storage does not have is set aside, not retried', async () => {
  const parts = partsOf();
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.queue.whenSettled(parts.queue.settled.length + 1);
  });
  assert.equal(parts.queue.settled[0]?.how, 'bury');
  assert.match(parts.queue.settled[0]?.reason ?? '', /^crash_not_found/);
  assert.equal(parts.storage.processed.size, 0);
});

test('a damaged raw crash is set aside', async () => {
  const parts = partsOf();
  parts.storage.before = () => {
    throw corrupt();
  };
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.queue.whenSettled(parts.queue.settled.length + 1);
  });
  assert.equal(parts.queue.settled[0]?.how, 'bury');
  assert.match(parts.queue.settled[0]?.reason ?? '', /^storage_corrupt/);
});

test('an outage on fetch waits in place and uses up no attempt', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  let isAway = true;
  parts.storage.before = () => {
    if (isAway) throw outage();
  };
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.clock.advance(60_000);
    assert.deepEqual(parts.queue.settled, []);
    isAway = false;
    await parts.clock.advance(60_000);
  });
  assert.deepEqual(parts.queue.settled, [{ crashId, how: 'ack', reason: '' }]);
  assert.ok(parts.queue.extended.length >= 3, 'the lease was extended meanwhile');
});

test('an outage that lasts is returned, never acked, and nothing more is taken until storage answers', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  parts.storage.add(anotherId, {}, dumps);
  let isAway = true;
  parts.storage.before = () => {
    if (isAway) throw outage();
  };
  const single = partsOf({ ...parts, settings: { ...parts.settings, concurrency: 1 } });
  await running(single, async () => {
    single.queue.push(crashId);
    single.queue.push(anotherId);
    await single.clock.advance(700_000);
    assert.deepEqual(
      single.queue.settled.map(({ crashId: id, how }) => [id, how]),
      [[crashId, 'nack']],
    );
    isAway = false;
    await single.clock.advance(400_000);
  });
  assert.deepEqual(
    single.queue.settled.map(({ crashId: id, how }) => [id, how]),
    [
      [crashId, 'nack'],
      [anotherId, 'ack'],
    ],
  );
});

test('an outage on save is never acked', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  parts.storage.before = (call) => {
    if (call === 'saveProcessedCrash') throw outage();
  };
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.clock.advance(400_000);
  });
  assert.deepEqual(
    parts.queue.settled.map(({ how }) => how),
    ['nack'],
  );
});

test('a destination that is away is owed the crash and paid later', async () => {
  const [search, telemetry] = [new FakeDestination('search'), new FakeDestination('telemetry')];
  search.isAway = true;
  const parts = partsOf({ destinations: [search, telemetry] });
  parts.storage.add(crashId, { ProductName: 'Lantern' }, dumps);
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.queue.whenSettled(parts.queue.settled.length + 1);
    assert.ok(telemetry.saved.has(crashId), 'the other destination is not skipped');
    assert.deepEqual(parts.queue.settled, [{ crashId, how: 'ack', reason: '' }]);
    assert.deepEqual([...(await parts.outbox.counts())], [['search', 1]]);
    search.isAway = false;
    await parts.clock.advance(60_000);
  });
  assert.equal(search.saved.get(crashId)?.['product'], 'Lantern');
  assert.deepEqual([...(await parts.outbox.counts())], []);
});

test('when neither a destination nor the outbox can be written the message goes back', async () => {
  const search = new FakeDestination();
  search.isAway = true;
  const parts = partsOf({ destinations: [search] });
  parts.outbox.owe = async () => {
    throw new Error('disk full');
  };
  parts.storage.add(crashId, {}, dumps);
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.clock.advance(400_000);
  });
  assert.deepEqual(
    parts.queue.settled.map(({ how }) => how),
    ['nack'],
  );
});

test('a debt whose crash storage no longer has is forgotten', async () => {
  const search = new FakeDestination();
  const parts = partsOf({ destinations: [search] });
  await parts.outbox.owe('search', crashId, 'away');
  await settleDueDebts(parts, new AbortController().signal);
  assert.equal((await parts.outbox.counts()).size, 0);
});

test('a crash that was taken three times without an end is poison', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  await running(parts, async () => {
    parts.queue.push(crashId, { attempt: 4 });
    await parts.queue.whenSettled(parts.queue.settled.length + 1);
  });
  assert.equal(parts.queue.settled[0]?.how, 'bury');
  assert.match(parts.queue.settled[0]?.reason ?? '', /^poison: taken 3 times/);
  assert.deepEqual(
    parts.storage.calls.filter((call) => call !== 'check'),
    [],
    'it was not even fetched',
  );
});

test('an unknown rule set is refused before the stored crash is touched', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  await running(parts, async () => {
    parts.queue.push(crashId, { ruleset: 'nonsense' });
    await parts.queue.whenSettled(parts.queue.settled.length + 1);
  });
  assert.equal(parts.queue.settled[0]?.how, 'bury');
  assert.match(parts.queue.settled[0]?.reason ?? '', /^unknown_ruleset: .*default, regenerate_signature/);
  assert.deepEqual(parts.storage.calls, []);
});

test('what is no crash id is refused', async () => {
  const parts = partsOf();
  await assert.rejects(makeProcessor(parts).process('../../etc/passwd'), (error) => {
    assert.ok(error instanceof SalvageError && error.slug === processorErrors.bad_crash_id.slug);
    return true;
  });
});

test('drain lets crashes in work end', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  parts.storage.before = (call) => (call === 'getRawCrash' ? gate : undefined);
  const stop = new AbortController();
  const run = makeProcessor(parts).run(stop.signal);
  parts.queue.push(crashId);
  await settled();
  stop.abort();
  await parts.clock.advance(10_000);
  assert.deepEqual(parts.queue.settled, []);
  release();
  await run;
  assert.deepEqual(parts.queue.settled, [{ crashId, how: 'ack', reason: '' }]);
});

test('a crash that outlasts the drain goes back to the queue', async () => {
  const walker = {
    name: 'slow',
    version: '1',
    walk: (_request: unknown, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
  };
  const parts = partsOf({ services: { ...partsOf().services, walker } });
  parts.storage.add(crashId, {}, dumps);
  const stop = new AbortController();
  const run = makeProcessor(parts).run(stop.signal);
  parts.queue.push(crashId);
  await settled();
  stop.abort();
  await parts.clock.advance(31_000);
  await run;
  assert.deepEqual(
    parts.queue.settled.map(({ how }) => how),
    ['nack'],
  );
  assert.equal(parts.storage.processed.size, 0);
});

test('leases are extended every 20 seconds while the work goes on, and a lost lease is survived', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  let taken = () => {};
  const isTaken = new Promise<void>((resolve) => (taken = resolve));
  parts.storage.before = (call) => {
    if (call !== 'getRawCrash') return undefined;
    taken();
    return gate;
  };
  let asked = 0;
  await running(parts, async () => {
    parts.queue.push(crashId, {
      extendLease: async () => {
        asked++;
        if (asked === 3) throw new SalvageError(queueErrors.queue_lease_lost);
      },
    });
    // The start of the processor looks at real files, which takes real time.
    await isTaken;
    await parts.clock.advance(59_000);
    assert.equal(asked, 2);
    await parts.clock.advance(60_000);
    assert.equal(asked, 3, 'nothing is asked once the lease is lost');
    release();
    await settled();
  });
  assert.ok(parts.storage.processed.has(crashId));
});

test('an ack that does not get through is tried again', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  let failures = 0;
  parts.queue.beforeSettle = () => {
    if (failures++ < 2) throw new SalvageError(queueErrors.queue_outage);
  };
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.clock.advance(10_000);
  });
  assert.deepEqual(parts.queue.settled, [{ crashId, how: 'ack', reason: '' }]);
});

test('the same message twice at a time is processed once and acked twice', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, {}, dumps);
  await running(parts, async () => {
    parts.queue.push(crashId);
    parts.queue.push(crashId);
    await parts.queue.whenSettled(2);
  });
  assert.equal(parts.storage.calls.filter((call) => call === 'saveProcessedCrash').length, 1);
  assert.deepEqual(
    parts.queue.settled.map(({ how }) => how),
    ['ack', 'ack'],
  );
});

test('when the time budget is used up the walk ends and the crash is saved with what there is', async () => {
  const walker = {
    name: 'slow',
    version: '1',
    walk: (_request: unknown, signal: AbortSignal) =>
      new Promise<{ output: null; exitCode: number; log: string }>((resolve) => {
        signal.addEventListener('abort', () => resolve({ output: null, exitCode: -9, log: '' }), { once: true });
      }),
  };
  const parts = partsOf({ services: { ...partsOf().services, walker } });
  parts.storage.add(crashId, { ProductName: 'Lantern' }, dumps);
  await running(parts, async () => {
    parts.queue.push(crashId);
    await parts.clock.advance(301_000);
  });
  const processed = parts.storage.processed.get(crashId);
  assert.equal(processed?.['product'], 'Lantern');
  assert.equal(processed?.['is_degraded'], true);
  assert.match(String(processed?.['processor_notes']), /timeout \(SIGKILL\)[\s\S]*time for this crash was used up/);
  assert.deepEqual(parts.queue.settled, [{ crashId, how: 'ack', reason: '' }]);
});

test('dumps of one crash are walked at the same time', async () => {
  let [running, most] = [0, 0];
  const walker = {
    name: 'counting',
    version: '1',
    walk: async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
      return { output: Buffer.from('{"status": "OK"}'), exitCode: 0, log: '' };
    },
  };
  const parts = partsOf({ services: { ...partsOf().services, walker } });
  parts.storage.add(crashId, {}, { ...dumps, [`${mainDumpName}_browser`]: Buffer.from('MDMP') });
  const { processed } = await makeProcessor(parts).process(crashId);
  assert.equal(most, 2);
  assert.deepEqual(processed['additional_minidumps'], [`${mainDumpName}_browser`]);
});

test('folders of killed processors are removed at start, those of living ones stay', async () => {
  const parts = partsOf();
  const { tmpDir } = parts.settings;
  for (const name of [`${crashId}-abc123`, `${anotherId}-abc123`, 'something-else']) mkdirSync(join(tmpDir, name));
  const old = new Date(parts.clock.nowMs - 2 * 3_600_000);
  const young = new Date(parts.clock.nowMs - 60_000);
  utimesSync(join(tmpDir, `${crashId}-abc123`), old, old);
  utimesSync(join(tmpDir, `${anotherId}-abc123`), young, young);
  const stop = new AbortController();
  const run = makeProcessor(parts).run(stop.signal);
  await settled();
  stop.abort();
  await run;
  assert.deepEqual(readdirSync(tmpDir).sort(), [`${anotherId}-abc123`, 'something-else'].sort());
});

test('after a violent end crashes are taken one at a time for a while', async () => {
  const parts = partsOf();
  // No process has this id: it is above the largest that Linux gives.
  writeFileSync(join(parts.settings.tmpDir, 'processor.running'), '4194305');
  const prefetches: number[] = [];
  const { consume } = parts.queue;
  parts.queue.consume = (options) => {
    prefetches.push(options.prefetch);
    return consume.call(parts.queue, options);
  };
  await running(parts, async () => {
    await settled();
    assert.deepEqual(prefetches, [1]);
    await parts.clock.advance(121_000);
    await settled();
    assert.deepEqual(prefetches, [1, 4]);
  });
});
