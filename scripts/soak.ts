// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run soak`: at least 200 rounds of SIGKILL under load against the real collector; `-- --rounds N` for another
// number. Ends with one line of JSON; exit 1 and the reason when a promise was broken.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { soak } from '../test/system/soak-rounds.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '200' }, directory: { type: 'string', default: tmpdir() } },
});
const directory = await mkdtemp(join(values.directory, 'salvage-soak-'));
const startMs = performance.now();
let total = 0;
const result = await soak({
  directory,
  rounds: Number(values.rounds),
  roundsPerCheck: 10,
  onRound(round, promised) {
    total += promised;
    process.stderr.write(`round ${round} of ${values.rounds}: ${promised} promised, ${total} in all\n`);
  },
}).catch((error: unknown) => {
  process.stderr.write(`a promise was broken; what is left is in ${directory}\n`);
  throw error;
});
await rm(directory, { recursive: true, force: true });
const minutes = Math.round((performance.now() - startMs) / 6000) / 10;
process.stdout.write(`${JSON.stringify({ soak: 'collector', ...result, missing: 0, minutes })}\n`);
