// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { gzipSync } from 'node:zlib';
import { bytesOf, type Capture, chunks, request, sampleDump } from './capture.ts';

const boundary = '--------------------------1f2e3d4c5b6a';
const dump = sampleDump(8, 12_000);
const body = bytesOf(
  `--${boundary}\r\nContent-Disposition: form-data; name="prod"\r\n\r\nChrome_Android\r\n`,
  `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="dump"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  dump,
  `\r\n--${boundary}--\r\n`,
);

/** MinidumpUploader.java reads the boundary from the first line of the MIME file that Crashpad wrote. */
export const captures: readonly Capture[] = [
  {
    about: 'Chromium on Android (Java uploader, gzip, no length)',
    bytes: request(
      [
        'POST /submit/bare HTTP/1.1',
        'Connection: Keep-Alive',
        'Content-Encoding: gzip',
        `Content-Type: multipart/form-data; boundary=${boundary}`,
        'User-Agent: Dalvik/2.1.0 (Linux; U; Android 15)',
        'Host: crash.example',
        'Transfer-Encoding: chunked',
      ],
      chunks(gzipSync(body), 1024),
    ),
    path: '/submit/bare',
    annotations: { prod: 'Chrome_Android' },
    dumps: { upload_file_minidump: dump },
  },
];
