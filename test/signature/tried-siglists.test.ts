// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generateSignature, parseSiglists, requiredSiglistFiles, withEntry } from '../../src/signature/signature.ts';

const lists = parseSiglists({
  ...Object.fromEntries(requiredSiglistFiles.map((file) => [file, 'no_frame_is_called_this'])),
  'prefix_signature_re.txt': 'paint::',
});
const crashData = {
  crashing_thread: 0,
  threads: [{ frames: ['paint::fill', 'ui::draw', 'ui::loop'].map((name) => ({ module: 'a', function: name })) }],
};
const signatureWith = (used: typeof lists) =>
  generateSignature(crashData, { lists: used, era: 'today', provisional: false });

describe('lists with one more entry', () => {
  test('each list does with the frame what it would do with the entry in its file, and the others stay', () => {
    assert.equal(signatureWith(lists).signature, 'paint::fill | ui::draw');
    assert.equal(signatureWith(withEntry(lists, 'irrelevant', 'paint::')).signature, 'ui::draw');
    assert.equal(signatureWith(withEntry(lists, 'prefix', 'ui::draw$')).signature, 'paint::fill | ui::draw | ui::loop');
    assert.equal(signatureWith(withEntry(lists, 'sentinels', 'ui::loop')).signature, 'ui::loop');
    assert.equal(signatureWith(lists).signature, 'paint::fill | ui::draw');
  });

  test('the explanation names the tried entry as line 0 of its file', () => {
    const { explanation } = signatureWith(withEntry(lists, 'irrelevant', 'paint::f'));
    assert.deepEqual(explanation.frames[0]?.entry, { file: 'irrelevant_signature_re.txt', line: 0, entry: 'paint::f' });
  });

  test('what is no entry is refused: a broken pattern, a comment, nothing, two lines', () => {
    for (const entry of ['paint::(', '# paint', ' ', 'a\nb'])
      assert.throws(() => withEntry(lists, 'irrelevant', entry), /irrelevant_signature_re\.txt/, entry);
  });
});
