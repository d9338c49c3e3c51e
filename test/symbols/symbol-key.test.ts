// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePathPart, keyPath } from '../../src/symbols/symbol-key.ts';
import { symbolKeyOf } from '../../src/symbols/symbols.ts';

const id = '3249D99D0C4049318610F4E4FB0B69361';
const pathOf = (debugFile: string, debugId = id, codeFile = '') => {
  const key = symbolKeyOf({ debugFile, debugId, codeFile });
  return key && keyPath(key);
};

test('names per platform', () => {
  assert.equal(pathOf('c:\\build\\crash.pdb'), `crash.pdb/${id}/crash.sym`);
  assert.equal(pathOf('Crash.PDB'), `Crash.PDB/${id}/Crash.sym`);
  assert.equal(pathOf('libGLESv2.dll.pdb'), `libGLESv2.dll.pdb/${id}/libGLESv2.dll.sym`);
  assert.equal(pathOf('/usr/lib/libm.so.6'), `libm.so.6/${id}/libm.so.6.sym`);
  assert.equal(pathOf('Electron Helper (GPU)'), `Electron Helper (GPU)/${id}/Electron Helper (GPU).sym`);
  assert.equal(pathOf('', id, '/opt/app/app'), `app/${id}/app.sym`, 'without a debug file the code file counts');
  assert.equal(pathOf('crash.pdb', id.toLowerCase()), `crash.pdb/${id}/crash.sym`);
});

test('names and ids that cannot be part of a path have no key', () => {
  const bad = [
    '',
    '.',
    '..',
    'a/..',
    '..\\..\\..',
    'a\0b',
    'a\nb',
    ' a',
    'a ',
    'a.',
    'CON',
    'nul.txt',
    'com1',
    'a"b',
    'a%2e',
    '\ud800',
  ];
  for (const name of bad) assert.equal(pathOf(name), null, JSON.stringify(name));
  assert.equal(pathOf('x'.repeat(256)), null);
  assert.equal(pathOf('é'.repeat(128)), null, 'bytes count, not characters');
  for (const debugId of ['', '../../etc', '12345678', 'G'.repeat(33), 'A'.repeat(129)])
    assert.equal(pathOf('a', debugId), null);
});

test('../../etc/passwd is the leaf passwd and nothing else', () => {
  assert.equal(pathOf('../../etc/passwd'), `passwd/${id}/passwd.sym`);
});

test('whatever the dump says, a key is three plain parts that stay below any root', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('.', '/', '\\', '\0', 'a', '%', ':', ' ') }),
  );
  fc.assert(
    fc.property(anything, anything, anything, (debugFile, debugId, codeFile) => {
      const key = symbolKeyOf({ debugFile, debugId: fc.sample(fc.boolean(), 1)[0] ? debugId : id, codeFile });
      if (!key) return;
      for (const part of [key.debugFile, key.debugId, key.symFile]) {
        assert.doesNotMatch(part, /[/\\\0]|^\.{1,2}$/);
        assert.ok(Buffer.byteLength(part) <= 255);
        assert.match(encodePathPart(part), /^[A-Za-z0-9._+@~ ()%-]+$/);
      }
      assert.equal(keyPath(key).split('/').length, 3);
    }),
    { numRuns: 5000 },
  );
});
