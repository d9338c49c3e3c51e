// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// After `npm test`, `test:system` and `test:conformance`: every test that docs/requirements names must have run and
// passed in these runs. Tests against peers (test/peers) run by hand and are not asked for.
import { globSync, readFileSync } from 'node:fs';
import { passedTestsFolder } from './passed-tests.ts';
import { readRequirements } from './requirements.ts';

const passed = globSync(`${passedTestsFolder}/*.jsonl`).flatMap((path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as [file: string, name: string]),
);
const byFile = Map.groupBy(passed, ([file]) => file);
// A test that several files share is reported under the helper that declares it.
const shared = new Set(passed.filter(([file]) => !file.endsWith('.test.ts')).map(([, name]) => name));

function hasPassed(file: string, name: string | null): boolean {
  const names = byFile.get(file)?.map(([, passedName]) => passedName) ?? [];
  return name === null ? names.length > 0 : names.includes(name) || shared.has(name);
}

const missing = readRequirements().flatMap(({ page, line, row, proofs }) =>
  proofs.flatMap((proof) => {
    if (proof.kind !== 'test' || proof.file.startsWith('test/peers/') || hasPassed(proof.file, proof.name)) return [];
    return [`${page}:${line} (row ${row}): did not pass in this run: ${proof.file} › ${proof.name ?? 'any test'}`];
  }),
);
for (const line of missing) console.error(line);
console.log(`requirements: ${passed.length} tests passed, ${missing.length} named tests did not run or pass`);
process.exit(missing.length === 0 ? 0 : 1);
