// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { moduleSymbolsFromSym } from '../../src/symbols/symbols.ts';
import { SymBuilder } from '../builders/sym-builder.ts';
import { assertSameAnswers } from './same-answers.ts';

const address = fc.integer({ min: 0, max: 300 });
const size = fc.integer({ min: 0, max: 60 });
const id = fc.integer({ min: 0, max: 5 });
const name = fc.constantFrom('main', 'ns::f(int, char const*)', 'operator new', 'größe()', 'x');

type Step = (builder: SymBuilder) => unknown;

const insideFunction: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(address, size, id, id).map(
    ([a, s, line, file]) =>
      (b: SymBuilder) =>
        b.line(a, s, line, file),
  ),
  fc
    .tuple(
      fc.integer({ min: 0, max: 3 }),
      id,
      id,
      id,
      fc.array(fc.tuple(address, size), { minLength: 1, maxLength: 3 }),
    )
    .map(
      ([depth, line, file, origin, ranges]) =>
        (b: SymBuilder) =>
          b.inline(depth, line, file, origin, ...ranges),
    ),
  fc.tuple(id, name).map(
    ([n, text]) =>
      (b: SymBuilder) =>
        b.origin(n, text),
  ),
);

const record: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(
      address,
      size.filter((s) => s > 0),
      name,
      id,
      fc.boolean(),
      fc.array(insideFunction, { maxLength: 8 }),
    )
    .map(([a, s, text, parameters, isMultiple, inside]) => (b: SymBuilder) => {
      b.func(a, s, text, parameters, isMultiple);
      for (const step of inside) step(b);
    }),
  fc.tuple(address, name, id, fc.boolean()).map(
    ([a, text, p, m]) =>
      (b: SymBuilder) =>
        b.public(a, text, p, m),
  ),
  fc.tuple(id, name).map(
    ([n, text]) =>
      (b: SymBuilder) =>
        b.file(n, text),
  ),
  fc
    .tuple(address, size, fc.array(fc.tuple(address, name), { maxLength: 4 }))
    .map(([a, s, deltas]) => (b: SymBuilder) => {
      b.cfiInit(a, s, '.cfa: $rsp 8 +');
      for (const [at, rule] of deltas) b.cfi(at, `.cfa: ${rule}`);
    }),
  fc.tuple(fc.constantFrom(0 as const, 4 as const), address, size, fc.array(id, { minLength: 6, maxLength: 6 })).map(
    ([type, a, s, numbers]) =>
      (b: SymBuilder) =>
        b.win(type, a, s, numbers, type === 4 ? '$T0 $ebp =' : String(s % 2)),
  ),
);

test('lookups in the compiled index equal a naive parse of the same text', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 25 }), fc.constantFrom('\n', '\r\n'), (steps, lineEnd) => {
      const builder = new SymBuilder().module();
      for (const step of steps) step(builder);
      const text = builder.text(lineEnd);
      assertSameAnswers(moduleSymbolsFromSym(text), text);
    }),
    { numRuns: 600 },
  );
});

test('a text gives the same index however its bytes are cut into chunks', async () => {
  const { compileSymInMemory } = await import('../../src/symbols/symbols.ts');
  const bytes = new SymBuilder().module().file(1, 'a.c').func(0x10, 0x20, 'main').line(0x10, 4, 7, 1).bytes('\r\n');
  const whole = await compileSymInMemory([bytes]);
  for (let size = 1; size < bytes.length; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const cut = await compileSymInMemory(chunks);
    assert.deepEqual(cut.facts, whole.facts);
    assert.equal(cut.sha256, whole.sha256);
    assert.deepEqual(cut.symbols.findLine(0x12), { file: 'a.c', line: 7 });
  }
});
