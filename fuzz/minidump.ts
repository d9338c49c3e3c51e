// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Mutates every shared and synthetic dump, opens, walks and prints each, and mutates every `.sym`:
// `npm run fuzz:minidump -- [--mutations N] [--seed N]`, with the shared test data where SALVAGE_TESTDATA says.
// Prints JSON; exit code 1 when something other than a typed error was thrown, one took too long, or memory grew.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { dumpWithEveryStream } from '../test/builders/sample-dumps.ts';
import { dumps, symbolsBelow, testdata } from '../test/conformance/stackwalk/testdata.ts';
import { fuzzDumps } from './dump-mutations.ts';
import { builtInSeeds, fuzzSymbols } from './symbols.ts';

const slowestMsMax = 5000;
const rssGrowthBytesMax = 512 * 1024 * 1024;
/** One mutation in ten is of a symbol file: the dumps are walked with the shared symbols as they are. */
const symbolShare = 0.1;

const { values } = parseArgs({
  options: { mutations: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const [mutations, randomSeed] = [Number(values.mutations), Number(values.seed)];

function dumpSeeds(): Map<string, Uint8Array> {
  const seeds = new Map<string, Uint8Array>();
  for (const cpu of ['amd64', 'x86', 'arm', 'arm64', 'arm64-old', 'mips64', 'ppc64'] as const)
    seeds.set(`every stream, ${cpu}`, dumpWithEveryStream({ cpu, os: cpu === 'x86' ? 'windows' : 'linux' }));
  seeds.set('every stream, macOS', dumpWithEveryStream({ cpu: 'arm64', os: 'mac', hasMemory64List: true }));
  seeds.set('every stream, big-endian', dumpWithEveryStream({ cpu: 'ppc', os: 'mac', isBigEndian: true }));
  for (const dump of dumps) seeds.set(dump, readFileSync(path.join(testdata, dump)));
  return seeds;
}

const recordKinds = ['FILE ', 'FUNC ', 'INLINE_ORIGIN ', 'INLINE ', 'PUBLIC ', 'STACK CFI INIT ', 'STACK WIN '];
const linesPerKind = 60;

/** Every kind of record of a large file, so that a mutation hits what matters and costs a millisecond. */
function symbolSeeds(): string[] {
  const files = globSync(['symbols/**/*.sym', 'sym-parser/*.sym'], { cwd: testdata }).sort();
  return files.map((file) => {
    const lines = readFileSync(path.join(testdata, file), 'latin1').split('\n');
    const starts = recordKinds.map((kind) => lines.findIndex((line) => line.startsWith(kind)));
    const slices = starts.filter((at) => at >= 0).map((at) => lines.slice(at, at + linesPerKind));
    return [lines[0], ...slices.flat()].join('\n');
  });
}

const startedMs = performance.now();
const seeds = dumpSeeds();
const symSeeds = [...builtInSeeds(), ...symbolSeeds()];
const ofSymbols = fuzzSymbols(symSeeds, Math.round(mutations * symbolShare), randomSeed);
const ofDumps = await fuzzDumps(seeds, {
  mutations: mutations - ofSymbols.mutations,
  randomSeed,
  symbols: symbolsBelow(path.join(testdata, 'symbols')),
  onFailure: (bytes) => writeFileSync('fuzz-minidump-failure.dmp', bytes),
});
const isGood = !ofDumps.failure && ofDumps.slowestMs <= slowestMsMax && ofDumps.rssGrowthBytes <= rssGrowthBytesMax;
console.log(
  JSON.stringify(
    {
      dumps: { seeds: seeds.size, ...ofDumps },
      symbols: { seeds: symSeeds.length, ...ofSymbols },
      seconds: Math.round((performance.now() - startedMs) / 1000),
      limits: { slowestMsMax, rssGrowthBytesMax },
    },
    null,
    2,
  ),
);
process.exitCode = isGood ? 0 : 1;
