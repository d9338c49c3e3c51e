// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import { generateSignature, signatureText } from '../../src/signature/signature.ts';
import { listsOf } from './lists.ts';

const lists = listsOf({
  sentinels: ['__assert_fail'],
  irrelevant: ['# a remark', '__assert', '_CxxThrow'],
  prefix: ['malloc', '.*\\.dll'],
  lineNumbers: ['Interpret'],
});
const crash = {
  os: 'Windows NT',
  crashing_thread: 1,
  oom_allocation_size: 1_000_000,
  threads: [
    {},
    {
      frames: [
        { function: 'raise' },
        { function: '__assert_fail' },
        { module: 'SHADE.dll' },
        { module: 'shade.dll' },
        {},
        {
          function: 'Interpret(Code*)',
          line: 7,
          inlines: [{ function: 'void* malloc(unsigned)', file: '/x/m.cc', line: 1 }],
        },
        { function: 'main' },
      ],
    },
  ],
};

test('each frame says what it was made from, what became of it and which entry decided', () => {
  const { signature, explanation } = generateSignature(crash, { lists, era: 'today', provisional: false });
  assert.equal(signature, 'OOM | large | shade.dll | malloc | Interpret:7');
  assert.equal(explanation.thread, 1);
  const told = explanation.frames.map(({ frame, inline, text, source, rewrites, fate, entry, is_sentinel }) => [
    inline === null ? `${frame}` : `${frame}.${inline}`,
    text,
    source,
    rewrites.join(),
    fate,
    entry ? `${entry.file}:${entry.line}` : null,
    is_sentinel,
  ]);
  assert.deepEqual(told, [
    ['0', 'raise', 'function', '', 'above', null, false],
    ['1', '__assert_fail', 'function', '', 'irrelevant', 'irrelevant_signature_re.txt:2', true],
    ['2', 'shade.dll', 'module', 'lower-case', 'kept', 'prefix_signature_re.txt:2', false],
    ['3', 'shade.dll', 'module', '', 'repeated', null, false],
    ['4', '', 'nothing', '', 'empty', null, false],
    ['5.0', 'malloc', 'function', 'cpp', 'kept', 'prefix_signature_re.txt:1', false],
    ['5', 'Interpret:7', 'function', 'cpp,line-number-list', 'ended', null, false],
    ['6', 'main', 'function', '', 'below', null, false],
  ]);
  assert.deepEqual(
    explanation.rules.filter(({ outcome }) => outcome === 'changed'),
    [
      { rule: 'SignatureGenerationRule', outcome: 'changed', signature: 'shade.dll | malloc | Interpret:7' },
      { rule: 'OOMSignature', outcome: 'changed', signature },
    ],
  );
});

test('where every frame is skipped, the explanation says which was taken after all', () => {
  const skipped = { threads: [{ frames: [{ function: '_CxxThrowException' }] }] };
  const { explanation } = generateSignature(skipped, { lists, era: 'today', provisional: false });
  assert.deepEqual(
    explanation.frames.map(({ fate }) => fate),
    ['last-resort'],
  );
});

test('a rule that fails is told as failed, and its note shows no value of the crash', () => {
  const secret = { abort_message: { url: 'https://example.org/?token=1' } };
  const { notes, explanation } = generateSignature(secret, { lists, era: 'today', provisional: false });
  assert.ok(explanation.rules.some(({ rule, outcome }) => rule === 'AbortSignature' && outcome === 'failed'));
  assert.ok(notes.includes('AbortSignature: Rule failed: the abort message is not text'));
});

test('the text for people names frames, entries and rules, and shows control characters instead of sending them', () => {
  const text = signatureText(generateSignature(crash, { lists, era: 'today', provisional: false }));
  assert.match(text, /^OOM \| large \| shade\.dll/);
  assert.match(text, /top of the stack; irrelevant_signature_re\.txt:2 __assert/);
  const hostile = { threads: [{ frames: [{ function: 'a\u001b[31m\u202eb' }] }] };
  assert.ok(
    !/[\u001b\u202e]/.test(signatureText(generateSignature(hostile, { lists, era: 'today', provisional: false }))),
  );
});
