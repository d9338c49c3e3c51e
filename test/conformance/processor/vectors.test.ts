// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/lib/json.ts';
import { answerVector, closeVectors, type Vector } from './answer-vector.ts';
import { deviations } from './deviations.ts';

// Every vector is a case of what Socorro's rules left behind; see the README beside the vectors.
const folder = process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata';
const vectors = readFileSync(`${folder}/processor/vectors.jsonl`, 'utf8')
  .trim()
  .split('\n')
  .map(
    (line) =>
      JSON.parse(
        line.replaceAll('{path of memory_report}', 'memory_report').replaceAll('{command_path}', 'stub-walker'),
      ) as Vector,
  );

after(closeVectors);

/** Where Python's own wording begins; both texts are compared up to here. */
const pythonWording =
  /^(error in (?:gzip|json) for \S+: |\S+: non-json output: |Breadcrumbs: malformed: |MacBootArgsRule: mac_boot_args is |WARNING: raw_crash\[CrashTime\] contains unexpected value: |\S+: Rule failed: )/;

function comparable(value: JsonValue, vector: Vector): JsonValue {
  if (typeof value === 'string') return (vector.python_error_text && pythonWording.exec(value)?.[1]) || value;
  if (Array.isArray(value)) return value.map((item) => comparable(item, vector));
  if (!isJsonObject(value)) return value;
  const sorted: JsonObject = {};
  for (const key of Object.keys(value).sort()) sorted[key] = comparable(value[key] as JsonValue, vector);
  return sorted;
}

for (const vector of vectors) {
  test(vector.id, async () => {
    const answer = await answerVector(vector);
    const deviation = deviations.get(vector.id);
    const expected = vector.expected.processed_crash;
    const want = {
      processed_crash: { ...(deviation?.rewrite?.(expected) ?? expected), ...deviation?.change },
      raw_crash: vector.expected.raw_crash ?? vector.raw_crash,
      notes: deviation?.notes ?? vector.expected.notes,
    };
    assert.deepEqual(
      comparable(answer as unknown as JsonObject, vector),
      comparable(want as unknown as JsonObject, vector),
    );
  });
}

test('deviations are few, have reasons, and are listed in the documentation', () => {
  const ids = new Set(vectors.map(({ id }) => id));
  const page = readFileSync('docs/processing.md', 'utf8');
  for (const [id, { reason }] of deviations) {
    assert.ok(ids.has(id), `${id} is no vector`);
    assert.ok(reason.length > 10);
    assert.ok(page.includes(`\`${id}\``), `docs/processing.md does not list ${id}`);
  }
  // Vectors in which the reference throws are free to be answered better.
  const notRaising = vectors.filter(
    ({ expected }) => expected.raises === undefined && !expected.notes.some((note) => /failed: \w/.test(note)),
  );
  const deviating = notRaising.filter(({ id }) => deviations.has(id));
  assert.equal(vectors.length, 377);
  assert.ok(deviating.length <= notRaising.length * 0.02, `${deviating.length} deviations`);
});
