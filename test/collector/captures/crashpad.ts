// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { gzipSync } from 'node:zlib';
import { bytesOf, type Capture, chunks, request, sampleDump } from './capture.ts';

const boundary = '---MultipartBoundary-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0iL---';
const dump = sampleDump(5, 40_000);
const attachment = Buffer.from('{"log":"\r\nline"}\n');
const text = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const filePart = (name: string, fileName: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: application/octet-stream\r\n\r\n`;

/** Fields sorted by key, then files sorted by key; names percent-encoded. */
function crashpadBody(fields: readonly (readonly [string, string])[]): Buffer {
  return bytesOf(
    ...fields.map(([name, value]) => text(name, value)),
    filePart('game.log', 'game.log'),
    attachment,
    '\r\n',
    filePart('upload_file_minidump', '4d9b6e2c-7f1a-4c3e-9b5d-0a1f2e3d4c5b.dmp'),
    dump,
    `\r\n--${boundary}--\r\n`,
  );
}

const fields = [
  ['a%22b%0D%0Ac%25', 'encoded'],
  ['guid', '5f0c'],
  ['list_annotations', 'one\ntwo'],
  ['prod', 'Game'],
  ['ver', '1.2.3'],
] as const;
const expected = {
  path: '/submit/bare',
  annotations: { 'a"b\r\nc%': 'encoded', list_annotations: 'one\ntwo', prod: 'Game' },
  dumps: { gamelog: attachment, upload_file_minidump: dump },
} as const;
const type = `Content-Type: multipart/form-data; boundary=${boundary}`;
const body = crashpadBody(fields);

export const captures: readonly Capture[] = [
  {
    about: 'Crashpad over libcurl or WinHTTP: gzip, chunked, no length',
    bytes: request(
      [
        'POST /submit/bare?product=Game&version=1.2.3&guid=5f0c HTTP/1.1',
        'Host: crash.example',
        'User-Agent: game/1.2.3 libcurl/8.5.0 Linux/6.8 (x86_64)',
        'Accept: */*',
        'Transfer-Encoding: chunked',
        type,
        'Content-Encoding: gzip',
      ],
      chunks(gzipSync(body), 4096),
    ),
    ...expected,
  },
  {
    about: 'Crashpad with --no-upload-gzip',
    bytes: request(
      ['POST /submit/bare HTTP/1.1', 'Host: crash.example', 'Transfer-Encoding: chunked', type],
      chunks(body, 4096),
    ),
    ...expected,
  },
  {
    about: 'Crashpad’s socket transport (Android, Fuchsia): HTTP/1.0, no Host, chunked',
    bytes: request(
      ['POST /submit/bare HTTP/1.0', type, 'Content-Encoding: gzip', 'Transfer-Encoding: chunked'],
      chunks(gzipSync(body), 16_384),
    ),
    ...expected,
  },
];
