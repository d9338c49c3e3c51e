// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run bench:first-report`: how long a person waits for the first report. A real `salvage serve` with its embedded
// PostgreSQL, idle; one demo crash at a time is posted, and asked for until the API has its processed crash with a
// signature and until the search index lists it. The floor is a request to the same site that does nothing.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningSite, runCommand } from '../test/system/running-site.ts';

const rounds = 20;
const pollMs = 5;
const dump = 'lantern-2.4.0-undo';
const signature = 'lantern::UndoHistory::restore';

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const round = (value: number | undefined) => Math.round((value ?? Number.NaN) * 10) / 10;
  return { median: round(sorted[sorted.length >> 1]), min: round(sorted[0]), max: round(sorted.at(-1)) };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Round {
  readonly answeredMs: number;
  readonly processedMs: number;
  readonly listedMs: number;
}

async function sendAndWait(site: RunningSite): Promise<Round> {
  const startedMs = performance.now();
  const crashId = await site.send(dump);
  const answeredMs = performance.now() - startedMs;
  let processed = await site.processedCrash(crashId);
  while (processed === null) {
    if (performance.now() - startedMs > 30_000) throw new Error(`no report of ${crashId}: ${site.log.slice(-2000)}`);
    await pause(pollMs);
    processed = await site.processedCrash(crashId);
  }
  const processedMs = performance.now() - startedMs;
  if (processed['signature'] !== signature) throw new Error(`wrong signature: ${processed['signature']}`);
  while (!(await site.reports()).some(({ uuid }) => uuid === crashId)) await pause(pollMs);
  return { answeredMs, processedMs, listedMs: performance.now() - startedMs };
}

const dataDir = await mkdtemp(join(tmpdir(), 'salvage-bench-first-report-'));
const site = await RunningSite.start(dataDir);
try {
  const { code, output } = await runCommand(['symbols', 'add', 'demo/symbols'], dataDir);
  if (code !== 0) throw new Error(output);
  // Opens the way to the API, which is no part of the wait.
  await site.reports();
  const first = await sendAndWait(site);
  const measured: Round[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Idle again before each, as for a person who sends one crash.
    await pause(300);
    const startedMs = performance.now();
    await fetch(`${site.url}/__lbheartbeat__`).then((response) => response.text());
    floor.push(performance.now() - startedMs);
    measured.push(await sendAndWait(site));
  }
  const processed = spreadOf(measured.map(({ processedMs }) => processedMs));
  console.log(
    JSON.stringify(
      {
        bench: 'first-report',
        machine: { cpu: cpus()[0]?.model, cores: availableParallelism() },
        rounds,
        dump,
        unit: 'ms after the POST began',
        first_of_all: {
          answered: Math.round(first.answeredMs),
          processed: Math.round(first.processedMs),
          listed: Math.round(first.listedMs),
        },
        answered: spreadOf(measured.map(({ answeredMs }) => answeredMs)),
        processed,
        listed: spreadOf(measured.map(({ listedMs }) => listedMs)),
        floor_request: spreadOf(floor),
        target: { processed_max: 1000, isMet: processed.max < 1000 && first.processedMs < 1000 },
      },
      null,
      2,
    ),
  );
} finally {
  await site.stop();
  await rm(dataDir, { recursive: true, force: true });
}
