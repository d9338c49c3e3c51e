// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Feeds mutated report bodies, plain and gzip, to the report reader and the dump finder: any bytes must give a clear
// answer in bounded time and memory, the same however they are cut. `node fuzz/multipart.ts [seconds] [seed]`.
import { gzipSync } from 'node:zlib';
import { findDumps } from '../src/crash/find-dumps.ts';
import { ReportReader } from '../src/crash/report-reader.ts';
import { SalvageError } from '../src/lib/errors.ts';
import { Gunzip, GunzipError, gunzipAtOnce, gunzipStream } from '../src/lib/gunzip.ts';
import { seededRandom } from './dump-mutations.ts';

const boundary = 'fuzz-b1';
const pieces: readonly string[] = [
  `--${boundary}`,
  `--${boundary}--`,
  '\r\n',
  '\n',
  '\r\n\r\n',
  '--',
  'Content-Disposition: form-data; name="ProductName"',
  'Content-Disposition: form-data; name="upload_file_minidump"; filename="C:\\x\\y.dmp"',
  "Content-Disposition: form-data; name=a; filename*=utf-8''%e4",
  'Content-Type: application/json',
  'Content-Type: application/octet-stream',
  'Content-Type: text/plain; charset=shift_jis',
  'Content-Transfer-Encoding: 8bit',
  '{"a":[1,2.5e300,NaN,"\\ud800",{"__proto__":null}]}',
  'MDMP',
  '\0',
  '\xff\xfe',
  '"',
  ';',
];

/** A body made of a form's own words and noise. */
export function randomBody(random: () => number): Buffer {
  const parts: Buffer[] = [];
  const count = Math.floor(random() * 40);
  if (random() < 0.7) parts.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="A"\r\n\r\n1\r\n`));
  for (let i = 0; i < count; i++) {
    if (random() < 0.85) parts.push(Buffer.from(pieces[Math.floor(random() * pieces.length)] as string, 'latin1'));
    else parts.push(Buffer.from(Array.from({ length: Math.floor(random() * 30) }, () => Math.floor(random() * 256))));
  }
  if (random() < 0.6) parts.push(Buffer.from(`\r\n--${boundary}--\r\n`));
  return Buffer.concat(parts);
}

function damaged(bytes: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = Math.floor(random() * 4); i > 0 && copy.length > 0; i--)
    copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return random() < 0.2 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy;
}

/** What the reader says of a body that comes in pieces of that size: a slug, or all that it found. */
export function verdictOf(body: Buffer, cut: number): string {
  const reader = new ReportReader(boundary);
  try {
    for (let i = 0; i < body.length; i += cut) reader.push(body.subarray(i, i + cut));
    reader.end();
  } catch (error) {
    if (error instanceof SalvageError) return error.slug;
    throw error;
  }
  return JSON.stringify([[...reader.annotations], [...reader.dumps.values()], reader.remarks]);
}

async function gunzipVerdict(bytes: Buffer, cut: number): Promise<string> {
  const decoded: Buffer[] = [];
  const gunzip = new Gunzip((piece) => decoded.push(Buffer.from(piece)));
  try {
    for (let i = 0; i < bytes.length; i += cut) await gunzip.push(bytes.subarray(i, i + cut));
    gunzip.end();
    return Buffer.concat(decoded).toString('hex');
  } catch (error) {
    if (error instanceof GunzipError) return 'refused';
    throw error;
  } finally {
    gunzip.close();
  }
}

function gunzipAtOnceVerdict(bytes: Buffer): string {
  try {
    return Buffer.concat(gunzipAtOnce(bytes, 1 << 24) ?? []).toString('hex');
  } catch (error) {
    if (error instanceof GunzipError) return 'refused';
    throw error;
  }
}

/** One round; throws when two ways disagree or something else than a clear answer comes out. */
export async function fuzzRound(random: () => number): Promise<void> {
  const body = damaged(randomBody(random), random);
  const cut = 1 + Math.floor(random() * 50);
  const whole = verdictOf(body, body.length || 1);
  if (verdictOf(body, cut) !== whole) throw new Error(`pieces of ${cut} differ: ${body.toString('base64')}`);
  const gzip = damaged(gzipSync(body), random);
  const atOnce = gunzipAtOnceVerdict(gzip);
  if ((await gunzipVerdict(gzip, cut)) !== atOnce)
    throw new Error(`gzip in pieces differs: ${gzip.toString('base64')}`);
  const type = `multipart/form-data; boundary=${boundary}`;
  const inPieces = (async function* () {
    yield gzip;
  })();
  await findDumps(gunzipStream(inPieces), type);
}

if (import.meta.main) {
  const seconds = Number(process.argv[2] ?? 60);
  const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const endMs = performance.now() + seconds * 1000;
  let rounds = 0;
  for (; performance.now() < endMs; rounds++) await fuzzRound(random);
  console.log(
    JSON.stringify({ fuzz: 'multipart', seed, rounds, rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20) }),
  );
}
