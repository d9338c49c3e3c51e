// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The payload mix of real collectors (spec collector.md §11): 400 kB plain 60, 400 kB with four dumps 25, 150 kB gzip
// 10, 1.5 MB plain 5; 40 different bodies, reproducible. Compresses about 3:1, as minidumps do.
import { gzipSync } from 'node:zlib';

export interface Payload {
  readonly headers: string;
  readonly body: Buffer;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Two thirds repeated words, one third noise. */
function dumpBytes(sizeBytes: number, random: () => number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  const words = Buffer.from('MDMP stack memory 00000000 7fff0000 ntdll.dll kernel32.dll xul.dll ');
  for (let at = 0; at < sizeBytes; at += 96) {
    words.copy(bytes, at, 0, Math.min(64, sizeBytes - at));
    for (let noise = at + 64; noise < Math.min(at + 96, sizeBytes); noise++) bytes[noise] = random() * 256;
  }
  bytes.write('MDMP');
  return bytes;
}

function multipart(annotationBytes: number, dumps: readonly [string, number][], random: () => number): Buffer {
  const boundary = '------------------------5a1fa9e5a1fa9e00';
  const parts: Buffer[] = [];
  const field = (name: string, value: string) =>
    parts.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`));
  field('ProductName', 'Editor');
  field('Version', '4.2.0');
  field('BuildID', '20261101120000');
  for (let at = 0, index = 0; at < annotationBytes; at += 400, index++)
    field(`Annotation${index}`, 'value '.repeat(60));
  for (const [name, size] of dumps) {
    parts.push(
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n`,
      ),
    );
    parts.push(dumpBytes(size, random), Buffer.from('\r\n'));
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return Buffer.concat(parts);
}

const kB = 1000;

/** 40 bodies in the mix's proportions, each as it goes over the wire. */
export function makePayloads(encoding: 'plain' | 'gzip'): Payload[] {
  const random = seeded(42);
  const main: [string, number][] = [['upload_file_minidump', 360 * kB]];
  const four: [string, number][] = ['', '_browser', '_flash1', '_flash2'].map((name) => [
    `upload_file_minidump${name}`,
    90 * kB,
  ]);
  const large: [string, number][] = [['upload_file_minidump', 1460 * kB]];
  const kinds = [...Array(24).fill(main), ...Array(10).fill(four), ...Array(4).fill(main), ...Array(2).fill(large)] as [
    string,
    number,
  ][][];
  return kinds.map((dumps) => {
    const raw = multipart(40 * kB, dumps, random);
    const body = encoding === 'gzip' ? gzipSync(raw) : raw;
    const headers =
      `Content-Type: multipart/form-data; boundary=------------------------5a1fa9e5a1fa9e00\r\n` +
      `Content-Length: ${body.length}\r\n${encoding === 'gzip' ? 'Content-Encoding: gzip\r\n' : ''}`;
    return { headers, body };
  });
}
