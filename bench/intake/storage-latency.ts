// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The time of the answer must not depend on the storage: the same load on a collector whose storage answers at once and
// on one whose storage takes half a second, in turn.
import { runLoad } from '../../src/client/load.ts';
import { defaultMix, makePayloads } from '../../src/client/payloads.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { startDelayedCollector } from './servers.ts';

const delays = [0, 500];
/** Well below saturation, where queues for the CPU would hide what is looked for. */
const ratePerSecond = 40;

interface LatencyRun {
  readonly storageDelayMs: number;
  readonly round: number;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function measureStorageLatency(rounds: number, durationMs: number) {
  const payloads = makePayloads(defaultMix, 'plain');
  const runs: LatencyRun[] = [];
  for (let round = 1; round <= rounds; round++)
    for (const storageDelayMs of delays) {
      const server = await startDelayedCollector(storageDelayMs);
      const load = (forMs: number) =>
        runLoad({
          url: new URL(`http://127.0.0.1:${server.port}/submit`),
          payloads,
          loop: { kind: 'open', perSecond: ratePerSecond, connectionsMax: 64 },
          durationMs: forMs,
          timeoutMs: 60_000,
          clock: systemClock,
        });
      await load(1000);
      const { count, p50Ms, p99Ms } = await load(durationMs);
      await server.kill();
      runs.push({ storageDelayMs, round, count, p50Ms, p99Ms });
      process.stderr.write(`${JSON.stringify(runs.at(-1))}\n`);
    }
  const ratios = runs
    .filter((run) => run.storageDelayMs > 0)
    .map((run) => run.p99Ms / (runs.find((one) => one.storageDelayMs === 0 && one.round === run.round)?.p99Ms ?? NaN));
  const round2 = (value: number) => Math.round(value * 100) / 100;
  return { ratePerSecond, runs, p99SlowOverFast: ratios.map(round2) };
}
