// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isErrorOf } from '../../src/lib/errors.ts';
import { generateSignature, LiveSiglists, parseSiglists, signatureErrors } from '../../src/signature/signature.ts';
import { ownLists, ownTexts } from './lists.ts';

test('a bad entry is refused with file, line, reason and text; all of them at once', () => {
  const texts = {
    ...ownTexts,
    'prefix_signature_re.txt': '# fine\n\n  memcpy  \nfoo(bar\n',
    'irrelevant_signature_re.txt': 'abort\n*x',
  };
  assert.throws(
    () => parseSiglists(texts),
    (error) => {
      assert.ok(isErrorOf(error, signatureErrors.siglist_invalid));
      assert.deepEqual(error.message.split('\n'), [
        'irrelevant_signature_re.txt:2: nothing to repeat (at character 1): *x',
        'prefix_signature_re.txt:4: missing ) (at character 8): foo(bar',
      ]);
      return true;
    },
  );
});

test('a set without one of its four files is refused by name', () => {
  const { 'signature_sentinels.txt': _, ...rest } = ownTexts;
  assert.throws(
    () => parseSiglists(rest),
    (error) => isErrorOf(error, signatureErrors.siglist_missing) && /signature_sentinels\.txt/.test(error.message),
  );
});

test('blanks, comments, empty lines, carriage returns and a byte-order mark are not part of entries', () => {
  const { prefix } = parseSiglists({
    ...ownTexts,
    'prefix_signature_re.txt': '\ufeff  alpha \r\n#beta\r\n\r\ngamma # x\r\n',
  });
  assert.equal(prefix.size, 2);
  assert.deepEqual(prefix.match('alphabet'), { file: 'prefix_signature_re.txt', line: 1, entry: 'alpha' });
  assert.equal(prefix.match('beta'), null);
  assert.equal(prefix.match('gamma'), null);
  assert.equal(prefix.match('gamma # x')?.line, 4);
});

test('lists that match every frame are used as they are, with a warning', () => {
  const read = parseSiglists({
    ...ownTexts,
    'prefix_signature_re.txt': '# nothing',
    'irrelevant_signature_re.txt': 'a*',
  });
  assert.notEqual(read.prefix.match('anything'), null);
  assert.deepEqual(read.warnings, [
    'irrelevant_signature_re.txt:1: matches even an empty frame: a*',
    'prefix_signature_re.txt: the list is empty, and an empty list matches every frame',
  ]);
});

test('too large lists are refused, not compiled', () => {
  assert.throws(() => parseSiglists({ ...ownTexts, 'prefix_signature_re.txt': 'a\n'.repeat(5001) }), /more than 5000/);
  assert.throws(() => parseSiglists({ ...ownTexts, 'prefix_signature_re.txt': ' '.repeat(1 << 21) }), /longer than/);
  assert.throws(() => parseSiglists({ ...ownTexts, 'prefix_signature_re.txt': 'a{999}\n'.repeat(200) }), /too many/);
});

test('replaced lists count at once; a set with a mistake leaves the old one in force', () => {
  const live = new LiveSiglists(ownLists);
  const crash = { threads: [{ frames: [{ function: 'Wick::Light()' }, { function: 'Lamp::Draw()' }] }] };
  const sign = (): string =>
    generateSignature(crash, { lists: live.current, era: 'today', provisional: false }).signature;
  assert.equal(sign(), 'Wick::Light');
  live.replace({ ...ownTexts, 'prefix_signature_re.txt': 'Wick::' });
  assert.equal(sign(), 'Wick::Light | Lamp::Draw');
  assert.throws(() => live.replace({ ...ownTexts, 'prefix_signature_re.txt': '(' }));
  assert.equal(sign(), 'Wick::Light | Lamp::Draw');
});
