// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHeaderParams } from '../../src/lib/multipart/header-params.ts';
import { MultipartError } from '../../src/lib/multipart/multipart-error.ts';
import { MultipartReader } from '../../src/lib/multipart/multipart-reader.ts';
import { decodePartText } from '../../src/lib/multipart/part-text.ts';

interface SeenPart {
  name: string | null;
  type: string;
  bytes: Buffer;
  start: number;
  end: number;
}

/** Reads the body in pieces of `cut` bytes; a refusal is its text. */
function read(body: Buffer, boundary: string, cut: number): SeenPart[] | string {
  const parts: SeenPart[] = [];
  let pieces: Buffer[] = [];
  const reader = new MultipartReader(boundary, {
    onPart(headers, offset) {
      pieces = [];
      parts.push({ name: headers.name, type: headers.contentType, bytes: Buffer.alloc(0), start: offset, end: -1 });
    },
    onData: (bytes) => pieces.push(Buffer.from(bytes)),
    onPartEnd(offset) {
      const part = parts.at(-1) as SeenPart;
      part.bytes = Buffer.concat(pieces);
      part.end = offset;
    },
  });
  try {
    for (let i = 0; i < body.length; i += cut) reader.push(body.subarray(i, i + cut));
    reader.end();
  } catch (error) {
    assert.ok(error instanceof MultipartError, String(error));
    return error.message;
  }
  for (const part of parts)
    assert.deepEqual(body.subarray(part.start, part.end), part.bytes, 'offsets point at the data');
  return parts;
}

/** However a body is cut, the reader says the same. */
function readEveryWay(body: Buffer, boundary: string): SeenPart[] | string {
  const whole = read(body, boundary, body.length || 1);
  for (const cut of [1, 2, 3, 5, 7, 11, 64]) assert.deepEqual(read(body, boundary, cut), whole, `pieces of ${cut}`);
  return whole;
}

const part = (name: string, data: string) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${data}`;

const structures: [about: string, body: string, expected: Record<string, string> | string][] = [
  ['two parts', `--b1\r\n${part('a', '1')}\r\n--b1\r\n${part('b', '2')}\r\n--b1--\r\n`, { a: '1', b: '2' }],
  ['no parts', 'x--b1--', {}],
  ['text round the form', `pre--b1\r\n${part('a', '1')}\r\n--b1--post\r\n--b1\r\n${part('c', '3')}`, { a: '1' }],
  ['an empty part', `--b1\r\n${part('a', '')}\r\n--b1--`, { a: '' }],
  ['no line end before the closing delimiter', `--b1\r\n${part('a', 'MDMP')}--b1--`, { a: 'MDMP' }],
  ['no line end between parts', `--b1\r\n${part('a', '1')}--b1\r\n${part('b', '2')}--b1--`, { a: '1', b: '2' }],
  ['an empty part without line end', `--b1\r\n${part('a', '')}--b1--`, { a: '' }],
  ['a line feed is not a line end', `--b1\r\n${part('a', '1\n--b1\n2')}\r\n--b1--`, { a: '1\n--b1\n2' }],
  [
    'delimiter-like data',
    `--b1\r\n${part('a', '--b--b1x\r\n--b\r\n-\r\n')}\r\n--b1--`,
    { a: '--b--b1x\r\n--b\r\n-\r\n' },
  ],
  ['no header block', `--b1\r\n\r\nloose\r\n--b1--`, { null: 'loose' }],
  [
    'a glued-on delimiter line',
    `--b1\r\n${part('a', '1')}\r\n--b1x\r\n${part('b', '2')}\r\n--b1--`,
    'unexpected form structure',
  ],
  ['one closing dash', `--b1\r\n${part('a', '1')}\r\n--b1-`, 'unexpected form structure'],
  ['no closing delimiter', `--b1\r\n${part('a', '1')}\r\n`, 'unexpected form structure'],
  ['nothing at all', '', 'unexpected form structure'],
  ['another boundary', `--other\r\n${part('a', '1')}\r\n--other--`, 'unexpected form structure'],
  ['headers without an end', `--b1\r\nX: ${'x'.repeat(9000)}\r\n\r\n1\r\n--b1--`, 'incomplete body part headers'],
  ['headers cut off', `--b1\r\nContent-Dispo`, 'unexpected form structure'],
];

for (const [about, text, expected] of structures)
  test(`multipart: ${about}`, () => {
    const seen = readEveryWay(Buffer.from(text, 'latin1'), 'b1');
    if (typeof seen === 'string') assert.equal(seen, expected);
    else assert.deepEqual(Object.fromEntries(seen.map((part) => [part.name, part.bytes.toString()])), expected);
  });

test('multipart: any parts come out as they went in, however they are cut', () => {
  const boundary = fc.stringMatching(/^[0-9A-Za-z'()+_,./:=?-]{1,20}$/);
  // Data full of almost-delimiters is where a scanner goes wrong.
  const data = (boundary: string) =>
    fc.array(fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.constantFrom('\r', '\n', '\r\n', '-', '--', boundary)), {
      maxLength: 12,
    });
  const form = boundary.chain((boundary) =>
    fc.tuple(fc.constant(boundary), fc.array(data(boundary), { maxLength: 4 }), fc.boolean()),
  );
  fc.assert(
    fc.property(form, fc.integer({ min: 1, max: 40 }), ([boundary, parts, hasLineEnds], cut) => {
      const bodies = parts.map((pieces) => Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
      const delimiter = `--${boundary}`;
      const hasDelimiter = (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('-')]).includes(delimiter);
      fc.pre(!bodies.some((bytes) => hasDelimiter(Buffer.concat([bytes, Buffer.from('\r\n')]))));
      fc.pre(hasLineEnds || !bodies.some((bytes) => bytes.subarray(-2).toString('latin1') === '\r\n'));
      const form = Buffer.concat([
        ...bodies.flatMap((bytes, i) => [
          Buffer.from(`${delimiter}\r\nContent-Disposition: form-data; name="p${i}"\r\n\r\n`),
          bytes,
          Buffer.from(hasLineEnds ? '\r\n' : ''),
        ]),
        Buffer.from(`${delimiter}--\r\n`),
      ]);
      // A data end such as `-` would make the delimiter ambiguous.
      fc.pre(form.toString('latin1').split(delimiter).length === bodies.length + 2);
      const seen = read(form, boundary, cut);
      assert.ok(typeof seen !== 'string', String(seen));
      assert.deepEqual(
        seen.map((part) => part.bytes),
        bodies,
      );
    }),
    { numRuns: 300 },
  );
});

test('multipart: any bytes give the same answer however they are cut', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '--b1',
      '\r\n',
      '--',
      '\r\n\r\n',
      'Content-Disposition: form-data; name="a"',
      '\r',
      '\n',
      '-',
      'b1',
    ),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (pieces, cut) => {
      const body = Buffer.from(pieces.join(''), 'latin1');
      assert.deepEqual(read(body, 'b1', cut), read(body, 'b1', body.length || 1));
    }),
    { numRuns: 500 },
  );
});

test('multipart: part headers', () => {
  const seen = (headers: string) => {
    const parts = readEveryWay(Buffer.from(`--b1\r\n${headers}\r\n\r\nv\r\n--b1--`, 'latin1'), 'b1');
    return typeof parts === 'string' ? parts : [parts[0]?.name, parts[0]?.type];
  };
  const disposition = 'Content-Disposition: form-data; name="a"';
  assert.deepEqual(seen(disposition), ['a', 'text/plain']);
  assert.deepEqual(seen(`${disposition}\r\nContent-Type: text/html`), ['a', 'text/html']);
  assert.deepEqual(seen('content-disposition: x; NAME=a'), ['a', 'text/plain']);
  assert.deepEqual(seen('Content-Disposition: form-data; name="a%22b%0d%0A%25%41"'), ['a"b\r\n%%41', 'text/plain']);
  assert.deepEqual(seen('Content-Disposition:form-data; name="a"'), [null, 'text/plain']);
  assert.deepEqual(seen('Content-Disposition: form-data;\r\n name="a"'), [null, 'text/plain']);
  assert.deepEqual(seen('Content-Disposition: form-data; name="n\xe9"'), ['n\ufffd', 'text/plain']);
  for (const encoding of ['binary', 'BINARY', '8bit', '7bit'])
    assert.deepEqual(seen(`${disposition}\r\nContent-Transfer-Encoding: ${encoding}`), ['a', 'text/plain']);
  for (const encoding of ['base64', 'quoted-printable', ''])
    assert.match(String(seen(`${disposition}\r\nContent-Transfer-Encoding: ${encoding}`)), /unsupported/);
});

test('multipart: header parameters', () => {
  const params = (text: string) => Object.fromEntries(parseHeaderParams(text).params);
  assert.deepEqual(params('form-data; name="a;b"; filename=c d '), { name: 'a;b', filename: 'c d' });
  assert.deepEqual(params('form-data; name="a\\\\b\\"c"; x'), { name: 'a\\b"c' });
  assert.deepEqual(params('form-data; name="C:\\new"'), { name: 'C:\\new' });
  assert.deepEqual(params('form-data; name="open; filename=x'), { name: '"open; filename=x' });
  assert.deepEqual(params('form-data; name=1; NAME=2'), { name: '2' });
  assert.deepEqual(params(''), {});
});

test('multipart: text in the charset that a part names', () => {
  const bytes = (hex: string) => Buffer.from(hex, 'hex');
  assert.equal(decodePartText(bytes('efbbbf78'), 'utf-8'), '\ufeffx');
  assert.equal(decodePartText(bytes('61c0af'), 'UTF8'), null);
  assert.equal(decodePartText(bytes('80e9'), 'latin-1'), '\u0080é');
  assert.equal(decodePartText(bytes('80e9'), 'windows-1252'), '€é');
  assert.equal(decodePartText(bytes('41'), 'ascii'), 'A');
  assert.equal(decodePartText(bytes('e9'), 'us-ascii'), null);
  assert.equal(decodePartText(bytes('41'), 'klingon'), null);
  assert.equal(decodePartText(bytes('41'), ''), null);
});
