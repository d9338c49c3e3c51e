// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { bytesOf, type Capture, request, sampleDump } from './capture.ts';

const boundary = '------------------------a1b2c3d4e5f60718';
const dump = sampleDump(2);
const body = bytesOf(
  `--${boundary}\r\nContent-Disposition: form-data; name="prod"\r\n\r\nGame\r\n`,
  `--${boundary}\r\nContent-Disposition: form-data; name="comments_"\r\n\r\nit fell över\r\n`,
  `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="b1f2.dmp"\r\n`,
  'Content-Type: application/octet-stream\r\n\r\n',
  dump,
  `\r\n--${boundary}--\r\n`,
);

/** libcurl with `Expect:` cleared; the misspelt `comments_` is GoogleCrashdumpUploader's. */
export const captures: readonly Capture[] = [
  {
    about: 'Breakpad on Linux (libcurl)',
    bytes: request(
      [
        'POST /submit/bare HTTP/1.1',
        'Host: crash.example',
        'User-Agent: Breakpad/1.0 (Linux)',
        'Accept: */*',
        `Content-Length: ${body.length}`,
        `Content-Type: multipart/form-data; boundary=${boundary}`,
      ],
      body,
    ),
    path: '/submit/bare',
    annotations: { prod: 'Game', comments_: 'it fell över' },
    dumps: { upload_file_minidump: dump },
  },
];
