// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { completeRawCrashJson, findDumps } from '../../src/crash/find-dumps.ts';
import { reportLimits } from '../../src/crash/limits.ts';
import { pythonJson } from '../../src/crash/python-json.ts';
import { defaultReportReaderOptions, ReportReader, type ReportReaderOptions } from '../../src/crash/report-reader.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { gunzipStream } from '../../src/lib/gunzip.ts';
import { spoolErrors } from '../../src/spool/errors.ts';

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

const field = (name: string, value: string, type?: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${type ? `\r\nContent-Type: ${type}` : ''}\r\n\r\n${value}\r\n`;
const file = (name: string, value: string, type = 'application/octet-stream', fileName = 'f.dmp') =>
  `--b\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: ${type}\r\n\r\n${value}\r\n`;
const form = (...parts: string[]) => Buffer.from(`${parts.join('')}--b--\r\n`, 'latin1');

function read(body: Buffer, options: Partial<ReportReaderOptions> = {}, cut = body.length) {
  const reader = new ReportReader('b', { ...defaultReportReaderOptions, ...options });
  for (let i = 0; i < body.length; i += cut) reader.push(Buffer.from(body.subarray(i, i + cut)));
  reader.end();
  return reader;
}

function slugOf(body: Buffer): string {
  try {
    read(body);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof SalvageError, String(error));
    return error.slug;
  }
}

test('report reader: the same however the body is cut, and views are not kept', () => {
  const body = form(
    field('A', '1'),
    field('extra', '{"J": [1.50]}', 'application/json'),
    file('upload_file_minidump', `MDMP${'x'.repeat(3000)}`),
    field('B', 'late'),
    file('memory_report', 'm', 'application/gzip'),
  );
  const whole = read(body, { hasMd5: true });
  for (const cut of [1, 2, 3, 17, 256]) {
    const reader = new ReportReader('b', { ...defaultReportReaderOptions, hasMd5: true });
    const reused = Buffer.alloc(cut);
    for (let i = 0; i < body.length; i += cut) {
      const length = body.copy(reused, 0, i);
      reader.push(reused.subarray(0, length));
      reused.fill(0xee);
    }
    reader.end();
    assert.deepEqual([...reader.annotations], [...whole.annotations]);
    assert.deepEqual([...reader.dumps], [...whole.dumps]);
    assert.deepEqual(reader.remarks, whole.remarks);
  }
  assert.equal(whole.dumps.get('upload_file_minidump')?.sha256, sha256(`MDMP${'x'.repeat(3000)}`));
  assert.equal(whole.dumps.get('memory_report')?.md5, createHash('md5').update('m').digest('hex'));
  for (const dump of whole.dumps.values())
    assert.equal(sha256(body.subarray(dump.offset, dump.offset + dump.sizeBytes)), dump.sha256);
});

test('report reader: JSON replaces earlier fields, or merges when asked to', () => {
  const body = form(field('Old', '1'), field('extra', '{"New": 2}', 'application/json'), field('Late', '3'));
  assert.equal(pythonJson(read(body).annotations), '{"Late": "3", "New": 2}');
  assert.equal(pythonJson(read(body, { jsonPart: 'merge' }).annotations), '{"Late": "3", "New": 2, "Old": "1"}');
});

test('report reader: an attachment that is too large is dropped and noted, a minidump never', () => {
  const big = 'x'.repeat(5000);
  const body = form(
    field('A', '1'),
    file('core', big),
    file('crash', `MDMP${big}`),
    file('upload_file_minidump', big),
    file('small', 's'),
  );
  const reader = read(body, { attachmentSizeBytesMax: 1000 }, 512);
  assert.deepEqual([...reader.dumps.keys()], ['crash', 'upload_file_minidump', 'small']);
  assert.deepEqual(
    reader.remarks.map((remark) => remark.text),
    ['dropped core: 5000 bytes, larger than 1000 bytes'],
  );
});

test('report reader: annotations beyond the limit are dropped and noted', () => {
  const body = form(field('A', '1'), field('B', 'x'.repeat(5000)), field('C', '3'));
  const reader = read(body, { annotationsSizeBytesMax: 1000 }, 100);
  assert.equal(pythonJson(reader.annotations), '{"A": "1", "C": "3"}');
  assert.match(reader.remarks[0]?.text ?? '', /body part is too large/);
  assert.ok(reader.heldBytes < 1000);
});

test('report reader: counts are limited', () => {
  const tiny = Array.from({ length: reportLimits.annotationCountMax.value + 5 }, (_, i) => field(`k${i}`, ''));
  const reader = read(form(...tiny), {}, 65536);
  assert.equal(reader.annotations.size, reportLimits.annotationCountMax.value);
  assert.equal(reader.remarks.length, 5);
  const files = Array.from({ length: reportLimits.dumpCountMax.value + 1500 }, (_, i) => file(`f${i}`, ''));
  const withFiles = read(form(field('A', '1'), ...files), {}, 65536);
  assert.equal(withFiles.dumps.size, reportLimits.dumpCountMax.value);
  assert.equal(withFiles.remarks.length, reportLimits.noteCountMax.value + 1);
});

test('report reader: dump names', () => {
  const names = (...sent: string[]) =>
    [...read(form(field('A', '1'), ...sent.map((name, i) => file(name, String(i))))).dumps.values()].map(
      (dump) => [dump.name, dump.sizeBytes] as const,
    );
  const long = 'b'.repeat(30);
  assert.deepEqual(names('../../etc/passwd', 'd\xfcmp'), [
    ['etcpasswd', 1],
    ['dmp', 1],
  ]);
  assert.deepEqual(names('a.b', 'a-b'), [['ab', 1]], 'of equal names the last wins');
  assert.deepEqual(
    names(`${long}1`, `${long}2`, `${long}3`).map(([name]) => name),
    [long, `${long.slice(2)}_2`, `${long.slice(2)}_3`],
  );
  assert.deepEqual(
    names('+++', 'dump', 'upload_file_minidump').map(([name]) => name),
    ['unnamed', 'dump_file', 'upload_file_minidump'],
  );
  for (const name of ['raw_crash', 'dump_names', 'processed_crash', 'raw_\xe9crash'])
    assert.equal(slugOf(form(field('A', '1'), file(name, 'x'))), 'malformed_invalid_dump_name');
});

test('report reader: refusals name what came first', () => {
  assert.equal(slugOf(form()), 'malformed_no_annotations');
  assert.equal(slugOf(form(file('d', 'x'))), 'malformed_no_annotations');
  assert.equal(slugOf(form(field('e', '[]', 'application/json'))), 'malformed_invalid_json_value');
  assert.equal(slugOf(form(field('e', '{', 'application/json'))), 'malformed_invalid_json');
  assert.equal(slugOf(Buffer.from(`${field('A', '1')}--b`)), 'malformed_invalid_payload_structure');
  assert.equal(
    slugOf(Buffer.from(`${field('A', '1')}${file('raw_crash', 'x')}--broken`)),
    'malformed_invalid_dump_name',
  );
});

test('report reader: hashing can be left out once the first file is seen', () => {
  let seen = '';
  const reader = read(form(field('A', '1'), file('d', 'x'), field('B', '2'), file('e', 'y')), {
    onFirstFile(annotations) {
      seen += pythonJson(annotations);
      return false;
    },
  });
  assert.equal(seen, '{"A": "1"}', 'asked once');
  assert.deepEqual(
    [...reader.dumps.values()].map((dump) => dump.sha256),
    [null, null],
  );
});

test('report reader: any bytes are an answer', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '--b',
      '\r\n',
      '--',
      field('A', '1'),
      file('d', 'x'),
      field('e', '{"a":1}', 'application/json'),
      '\0',
    ),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      slugOf(Buffer.from(pieces.join(''), 'latin1'));
    }),
    { numRuns: 500 },
  );
});

async function* inPieces(bytes: Buffer, size: number) {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

test('find dumps: in a body as received, whole or damaged', async () => {
  const body = form(field('A', '1'), file('upload_file_minidump', 'x'.repeat(9000)), file('log', 'y', 'text/csv'));
  const type = 'multipart/form-data; boundary=b';
  const whole = await findDumps(gunzipStream(inPieces(gzipSync(body), 100)), type);
  assert.deepEqual(
    whole.dumps.map((dump) => [dump.name, dump.sizeBytes]),
    [
      ['upload_file_minidump', 9000],
      ['log', 1],
    ],
  );
  assert.equal(whole.damage, null);
  const cut = await findDumps(inPieces(body.subarray(0, 5000), 100), type);
  assert.equal(cut.damage, 'malformed_invalid_payload_structure');
  const kept = cut.dumps[0] ?? assert.fail('nothing kept');
  assert.ok(kept.sizeBytes > 4500 && kept.sizeBytes < 5000);
  const damaged = await findDumps(gunzipStream(inPieces(gzipSync(body).subarray(0, -4), 100)), type);
  assert.equal(damaged.damage, 'malformed_bad_gzip');
  // What is wrong with the source is not the client's damage.
  const unreadable = (async function* () {
    yield body.subarray(0, 5000);
    throw new SalvageError(spoolErrors.spool_damaged);
  })();
  await assert.rejects(findDumps(unreadable, type), { slug: 'spool_damaged' });
});

test('find dumps: what was found completes the raw crash, digits and order kept', async () => {
  const body = form(field('A', '1'), file('log', 'y', 'text/csv'));
  const found = await findDumps(inPieces(body, 10), 'multipart/form-data; boundary=b');
  const head =
    '{"A": 9007199254740993, "metadata": {"collector_notes": ["first"], "dump_checksums": {}}, "version": 2}';
  assert.equal(
    completeRawCrashJson(Buffer.from(head), found).toString(),
    `{"A": 9007199254740993, "metadata": {"collector_notes": ["first", "unknown content type: log text/csv"], "dump_checksums": {"log": "${sha256('y')}"}}, "version": 2}`,
  );
  assert.equal(
    completeRawCrashJson(Buffer.from('{"MinidumpSha256Hash": "", "dump_checksums": {}}'), found).toString(),
    `{"MinidumpSha256Hash": "", "dump_checksums": {"log": "${sha256('y')}"}}`,
  );
});
