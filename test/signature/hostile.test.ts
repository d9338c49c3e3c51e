// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import { checkPromises, fuzzSignatures } from '../../fuzz/signature.ts';

/** Quadratic work on a megabyte would take minutes; what a loaded machine adds is seconds. */
const slowestMs = 20_000;

test('any crash data gives a printable signature of at most 255 code points in bounded time', () => {
  assert.ok(fuzzSignatures(1000, 20).slowestMs < 2000);
});

for (const [what, name] of [
  ['open brackets', '<('.repeat(400_000)],
  ['small templates', 'a<b>'.repeat(200_000)],
  ['nested ParamTraits', 'IPC::ParamTraits<'.repeat(60_000)],
  ['words', 'a b '.repeat(200_000)],
  ['hashes', '::hff'.repeat(200_000)],
  ['blanks', ' '.repeat(1_000_000)],
  ['clone marks', 'f [clone .cold]'.repeat(60_000)],
  ['lambdas', '::$_1'.repeat(200_000)],
  ['emoji', '🏮'.repeat(500_000)],
  ['commas', ' ,'.repeat(500_000)],
] as const)
  test(`forty frames of a megabyte: ${what}`, () => {
    const frames = Array.from({ length: 40 }, (_, index) => ({
      function: name,
      file: index % 2 ? '/x/wick.rs' : name,
      module: name,
    }));
    assert.ok(checkPromises({ crashing_thread: 0, threads: [{ frames }] }, 'today') < slowestMs);
    assert.ok(
      checkPromises({ java_stack_trace: `${name}:${name}\n${name}`, abort_message: name }, 'today') < slowestMs,
    );
  });

test('values nested a hundred thousand deep', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  const frames = [
    { line: deep, file: '/x/y.cc', function: deep, module: deep, offset: deep, inlines: deep },
    { module: 'a.so' },
  ];
  const crash = { crashing_thread: deep, threads: [{ frames }], hang: deep, ipc_message_name: deep, os: deep };
  assert.ok(checkPromises(crash, 'today') < slowestMs);
  assert.ok(checkPromises(crash, '2015') < slowestMs);
});
