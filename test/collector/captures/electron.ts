// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { gzipSync } from 'node:zlib';
import { bytesOf, type Capture, chunks, request, sampleDump } from './capture.ts';

const boundary = '---MultipartBoundary-0123456789abcdefghijklmnopqrstuv---';
const dump = sampleDump(6, 30_000);
const annotations = {
  _companyName: 'Example',
  _productName: 'Notes',
  _version: '2.0.1',
  'electron.v8-fatal.message': 'Reached heap limit Allocation failed',
  guid: '0c1d',
  platform: 'win32',
  process_type: 'renderer',
  prod: 'Electron',
  ver: '31.2.0',
};
const body = bytesOf(
  ...Object.entries(annotations).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  ),
  `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="a0b1c2d3-e4f5-4a6b-8c7d-9e0f1a2b3c4d.dmp"\r\n`,
  'Content-Type: application/octet-stream\r\n\r\n',
  dump,
  `\r\n--${boundary}--\r\n`,
);

export const captures: readonly Capture[] = [
  {
    about: 'Electron since 15 (Crashpad, compressed)',
    bytes: request(
      [
        'POST /submit/bare HTTP/1.1',
        'Connection: Keep-Alive',
        `Content-Type: multipart/form-data; boundary=${boundary}`,
        'Content-Encoding: gzip',
        'User-Agent: Electron/31.2.0 WinHTTP/10.0.22621.1 Windows_NT/10.0.22621.1 (x64)',
        'Transfer-Encoding: chunked',
        'Host: crash.example',
      ],
      chunks(gzipSync(body), 8192),
    ),
    path: '/submit/bare',
    annotations,
    dumps: { upload_file_minidump: dump },
  },
];
