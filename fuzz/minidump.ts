// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Mutates dumps and opens each: `npm run fuzz:minidump -- [--mutations N] [--seed N] [--dumps DIR]`.
// Prints JSON; exit code 1 when something other than a typed error was thrown, or one dump took too long.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { dumpWithEveryStream } from '../test/builders/sample-dumps.ts';
import { fuzzDumps } from './dump-mutations.ts';

const slowestMsMax = 1000;
const rssGrowthBytesMax = 512 * 1024 * 1024;
/** Larger seeds only make mutations rarer where they matter. */
const seedSizeBytesMax = 64 * 1024;

const { values } = parseArgs({
  options: {
    mutations: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    dumps: { type: 'string', default: process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata' },
  },
});

const seeds = new Map<string, Uint8Array>();
for (const cpu of ['amd64', 'x86', 'arm', 'arm64', 'arm64-old', 'mips64', 'ppc64'] as const)
  seeds.set(`every stream, ${cpu}`, dumpWithEveryStream({ cpu, os: cpu === 'x86' ? 'windows' : 'linux' }));
seeds.set('every stream, macOS', dumpWithEveryStream({ cpu: 'arm64', os: 'mac', hasMemory64List: true }));
seeds.set('every stream, big-endian', dumpWithEveryStream({ cpu: 'ppc', os: 'mac', isBigEndian: true }));
for (const path of globSync(`${values.dumps}/minidumps/*/*.dmp`)) {
  const bytes = readFileSync(path);
  if (bytes.length <= seedSizeBytesMax) seeds.set(basename(path), bytes);
}

const startedMs = performance.now();
const result = fuzzDumps(seeds, {
  mutations: Number(values.mutations),
  randomSeed: Number(values.seed),
  onFailure: (bytes) => writeFileSync('fuzz-minidump-failure.dmp', bytes),
});
const isGood = !result.failure && result.slowestMs <= slowestMsMax && result.rssGrowthBytes <= rssGrowthBytesMax;
const seconds = Math.round((performance.now() - startedMs) / 1000);
console.log(
  JSON.stringify({ seeds: seeds.size, ...result, seconds, limits: { slowestMsMax, rssGrowthBytesMax } }, null, 2),
);
process.exitCode = isGood ? 0 : 1;
