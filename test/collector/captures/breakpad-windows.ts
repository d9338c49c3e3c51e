// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { bytesOf, type Capture, request, sampleDump } from './capture.ts';

const boundary = '---------------------------0123456789ABCDEF';
const dump = sampleDump(1);

/** WinINet; since 2022-11 nothing separates the dump from the closing delimiter. */
function breakpadWindows(about: string, lineEndAfterDump: string): Capture {
  const body = bytesOf(
    `--${boundary}\r\nContent-Disposition: form-data; name="prod"\r\n\r\nGame\r\n`,
    `--${boundary}\r\nContent-Disposition: form-data; name="ver"\r\n\r\n1.2.3\r\n`,
    `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="C:\\Users\\a\\AppData\\Local\\Temp\\8c2f.dmp"\r\n`,
    'Content-Type: application/octet-stream\r\n\r\n',
    dump,
    `${lineEndAfterDump}--${boundary}--\r\n`,
  );
  const lines = [
    'POST /submit/bare HTTP/1.1',
    `Content-Type: multipart/form-data; boundary=${boundary}`,
    'User-Agent: Breakpad/1.0 (Windows)',
    'Host: crash.example',
    `Content-Length: ${body.length}`,
    'Connection: Keep-Alive',
    'Cache-Control: no-cache',
  ];
  return {
    about,
    bytes: request(lines, body),
    path: '/submit/bare',
    annotations: { prod: 'Game', ver: '1.2.3' },
    dumps: { upload_file_minidump: dump },
  };
}

export const captures: readonly Capture[] = [
  breakpadWindows('Breakpad on Windows until 2022', '\r\n'),
  breakpadWindows('Breakpad on Windows since 2022-11 (c7acbcef): no line end after the dump', ''),
];
