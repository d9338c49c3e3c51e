// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { gzipSync } from 'node:zlib';
import { bytesOf, type Capture, request, sampleDump } from './capture.ts';

// Lines in the body begin with 28 dashes; two of them are MIME's own and not in the header.
const boundary = '--------------------------00112233aabbccdd';
const dump = sampleDump(4, 20_000);
const text = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const body = gzipSync(
  bytesOf(
    text('prod', 'Electron'),
    text('ver', '13.6.9'),
    text('ptype', 'renderer'),
    `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="dump"\r\n`,
    'Content-Type: application/octet-stream\r\n\r\n',
    dump,
    `\r\n--${boundary}--\r\n`,
  ),
);

/** Chrome and Electron before 15 on Linux: wget posts a gzipped MIME file and wants 16 hex digits back. */
export const captures: readonly Capture[] = [
  {
    about: 'Chromium’s Breakpad on Linux (wget, gzip)',
    bytes: request(
      [
        'POST /submit/bare HTTP/1.1',
        'User-Agent: Wget/1.21.2',
        'Accept: */*',
        'Accept-Encoding: identity',
        'Host: crash.example',
        'Connection: Keep-Alive',
        'Content-Encoding: gzip',
        `Content-Type: multipart/form-data; boundary=${boundary}`,
        `Content-Length: ${body.length}`,
      ],
      body,
    ),
    path: '/submit/bare',
    annotations: { prod: 'Electron', ver: '13.6.9', ptype: 'renderer' },
    dumps: { upload_file_minidump: dump },
  },
];
