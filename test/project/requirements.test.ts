// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mistakesOf, readRequirements, registerPage } from '../../scripts/requirements.ts';

const requirements = readRequirements();
const rowsOfRegister = requirements.filter(({ page }) => page === registerPage).map(({ row }) => row);

test('every requirement has a proof, and files, tests, scripts and rows that proofs name are there', () => {
  assert.ok(requirements.length > 400, `only ${requirements.length} rows were read`);
  assert.deepEqual(
    requirements.flatMap((requirement) => mistakesOf(requirement, requirements)),
    [],
  );
});

test('the register has every row of its three sources, in order', () => {
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const processorRows = rowsOfRegister
    .filter((row) => row.startsWith('P-'))
    .flatMap((row) => {
      const [first = 0, last = first] = row.slice(2).split('..').map(Number);
      return numbers(first, last);
    });
  assert.deepEqual(processorRows, numbers(1, 68));
  const collectorThenStorage = rowsOfRegister.filter((row) => !row.startsWith('P-')).map(Number);
  assert.deepEqual(collectorThenStorage, [...numbers(1, 52), ...numbers(1, 113)]);
});

test('a row without a proof, and a proof that names nothing, is a mistake', () => {
  const mistakes = (proof: string) => {
    const [one] = readRequirements(`| row | requirement | proof |\n|---|---|---|\n| 1 | all | ${proof} |`);
    assert.ok(one);
    return mistakesOf(one, [one]).length;
  };
  const self = '`test/project/requirements.test.ts`';
  assert.equal(mistakes(''), 1);
  assert.equal(mistakes('later:'), 1);
  assert.equal(mistakes('soon'), 1);
  assert.equal(mistakes('`npm run nonsense`'), 1);
  assert.equal(mistakes('`test/project/none.test.ts`'), 1);
  assert.equal(mistakes(`${self} › ${'no such '}name`), 1);
  assert.equal(mistakes(`${self} › the register has every row of its three sources, in order · \`npm run lint\``), 0);
});
