// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reportLimits } from '../../src/crash/limits.ts';
import { floatText, pythonJson, pythonRepr, pythonStr } from '../../src/crash/python-json.ts';
import { PythonJsonError, readPythonJson } from '../../src/crash/python-json-reader.ts';

const roundTrip = (text: string | Buffer) => pythonJson(readPythonJson(Buffer.from(text)));

test('python json: numbers keep kind and digits', () => {
  const wanted: [string, string][] = [
    ['1', '1'],
    ['-0', '0'],
    ['-0.0', '-0.0'],
    ['1.0', '1.0'],
    ['1E2', '100.0'],
    ['1e15', '1000000000000000.0'],
    ['1e16', '1e+16'],
    ['123456789012345680.0', '1.2345678901234568e+17'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['1.5e-7', '1.5e-07'],
    ['5e-324', '5e-324'],
    ['1e100', '1e+100'],
    ['9007199254740993', '9007199254740993'],
    ['2e308', '2e308'],
    ['0.30000000000000004', '0.30000000000000004'],
    ['-1234.5', '-1234.5'],
  ];
  for (const [text, expected] of wanted) assert.equal(roundTrip(text), expected, text);
});

test('python json: text that repr gives reads back as the same double', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.ok(Object.is(Number(floatText(value)), value));
      assert.match(floatText(value), /[.e]/);
    }),
  );
});

test('python json: keys by code point, ASCII only, blanks after comma and colon', () => {
  assert.equal(
    roundTrip('{"b":1,"B":[2,{}],"\\ud83d\\ude00":5,"\\uffee":6,"é":3}'),
    '{"B": [2, {}], "b": 1, "\\u00e9": 3, "\\uffee": 6, "\\ud83d\\ude00": 5}',
  );
  assert.equal(pythonJson('\x7f\u2028\ud800"\\/\b\x01'), '"\\u007f\\u2028\\ud800\\"\\\\/\\b\\u0001"');
  assert.equal(
    pythonJson(
      new Map([
        ['b', true],
        ['a', null],
      ]),
      { sortsKeys: false },
    ),
    '{"b": true, "a": null}',
  );
});

test('python json: keys that are special elsewhere are ordinary', () => {
  assert.equal(roundTrip('{"__proto__":{"x":1},"constructor":2}'), '{"__proto__": {"x": 1}, "constructor": 2}');
});

test('python json: what any JSON writer writes is read, and read back by any JSON reader', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value);
      fc.pre(!text.includes('\\u0000'));
      assert.deepEqual(JSON.parse(roundTrip(text)), JSON.parse(text));
    }),
  );
});

test('python json: encodings', () => {
  const text = '{"a":"\u00e9\u{1f600}"}';
  const utf16 = Buffer.from(text, 'utf16le');
  const utf32 = Buffer.alloc([...text].length * 4);
  for (const [i, letter] of [...text].entries()) utf32.writeUInt32LE(letter.codePointAt(0) as number, i * 4);
  const expected = '{"a": "\\u00e9\\ud83d\\ude00"}';
  for (const bytes of [
    Buffer.from(text),
    Buffer.from(`\ufeff${text}`),
    utf16,
    Buffer.from(utf16).swap16(),
    Buffer.from(`\ufeff${text}`, 'utf16le'),
    utf32,
    Buffer.from(utf32).swap32(),
    Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), utf32]),
  ])
    assert.equal(roundTrip(bytes), expected, bytes.subarray(0, 8).toString('hex'));
});

test('python json: nulls go, NaN becomes null', () => {
  assert.equal(roundTrip('{"a\\u0000b":"\\u0000c"}'), '{"ab": "c"}');
  const remarks = { hasNonFinite: false };
  assert.equal(pythonJson(readPythonJson(Buffer.from('[NaN,Infinity,-Infinity]'), remarks)), '[null, null, null]');
  assert.ok(remarks.hasNonFinite);
});

test('python json: refusals', () => {
  const bad = [
    '',
    ' ',
    '{"a":1,}',
    '[1,]',
    '{"a":1}{',
    '01',
    '1.',
    '.5',
    '+1',
    "'a'",
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    '{a:1}',
    'tru',
    '"open',
    '[',
    '{"a"}',
  ];
  for (const text of bad) assert.throws(() => readPythonJson(Buffer.from(text)), PythonJsonError, text);
  assert.throws(() => readPythonJson(Buffer.from([0x22, 0xe9, 0x22])), PythonJsonError);
  assert.throws(() => readPythonJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), PythonJsonError);
  assert.throws(() => readPythonJson(Buffer.from('['.repeat(100_000))), PythonJsonError);
  assert.equal(roundTrip(`${'['.repeat(800)}${']'.repeat(800)}`).length, 1600);
});

test('python json: str and repr', () => {
  const value = readPythonJson(Buffer.from('{"a":null,"b":[1.50,true,"it\'s"],"c":{}}'));
  assert.equal(pythonStr(value), `{'a': None, 'b': [1.5, True, "it's"], 'c': {}}`);
  assert.equal(pythonStr('x'), 'x');
  assert.equal(pythonRepr('x\n\0\u200b\u00fc\u{1f600}\u{e0001}\\'), "'x\\n\\x00\\u200bü\u{1f600}\\U000e0001\\\\'");
  assert.equal(pythonRepr(`both ' and "`), `'both \\' and "'`);
});

test('a text of more values than any client sends is refused before it takes long', () => {
  const list = (count: number) => Buffer.from(`[${'1,'.repeat(count - 1)}1]`);
  assert.doesNotThrow(() => readPythonJson(list(reportLimits.jsonValuesMax.value - 1)));
  assert.throws(() => readPythonJson(list(5_000_000)), /too many values/);
});
