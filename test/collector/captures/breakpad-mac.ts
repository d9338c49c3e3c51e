// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { bytesOf, type Capture, request, sampleDump } from './capture.ts';

const boundary = '---------------------------FEDCBA9876543210';
const dump = sampleDump(3);
const log = Buffer.from('BZh91AY&SY not really a tar');

function macRequest(body: Buffer, query: string): Buffer {
  return request(
    [
      `POST /submit/bare${query} HTTP/1.1`,
      'Host: crash.example',
      `Content-Type: multipart/form-data; boundary=${boundary}`,
      'Accept: */*',
      'User-Agent: Game/1 CFNetwork/1410 Darwin/22.6.0',
      `Content-Length: ${body.length}`,
      'Accept-Encoding: gzip, deflate',
      'Connection: keep-alive',
    ],
    body,
  );
}

const fields = [
  `--${boundary}\r\nContent-Disposition: form-data; name="prod"\r\n\r\nGame\r\n`,
  `--${boundary}\r\nContent-Disposition: form-data; name="user%20name"\r\n\r\nx\r\n`,
];
const dumpPart = `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="minidump.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n`;
const logPart = `--${boundary}\r\nContent-Disposition: form-data; name="log"; filename="minidump.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n`;

/** NSURLSession; every file is called minidump.dmp, and nothing separates one file from the next. */
export const captures: readonly Capture[] = [
  {
    about: 'Breakpad on Mac: dump and log without a line end between them',
    bytes: macRequest(
      bytesOf(...fields, dumpPart, dump, logPart, log, `\r\n--${boundary}--\r\n`),
      '?product=Game&version=1&guid=g',
    ),
    path: '/submit/bare',
    annotations: { prod: 'Game', 'user%20name': 'x', product: undefined },
    dumps: { upload_file_minidump: dump, log },
  },
  {
    about: 'Breakpad on Mac: a log without a dump',
    bytes: macRequest(
      bytesOf(
        ...fields,
        `--${boundary}\r\nContent-Disposition: form-data; name="type"\r\n\r\nlog\r\n`,
        logPart,
        log,
        `\r\n--${boundary}--\r\n`,
      ),
      '',
    ),
    path: '/submit/bare',
    annotations: { prod: 'Game', type: 'log' },
    dumps: { log },
  },
];
