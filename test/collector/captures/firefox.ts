// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { gzipSync } from 'node:zlib';
import { bytesOf, type Capture, request, sampleDump } from './capture.ts';

const boundary = '---------------------------13371337133713371337';
const dump = sampleDump(7, 25_000);
const report = gzipSync('memory');
const extra = {
  BuildID: '20260101000000',
  ProductName: 'Firefox',
  ReleaseChannel: 'nightly',
  StartupTime: '1780000000',
  SubmittedFrom: 'Client',
  TelemetryEnvironment: '{"build":{"version":"150.0a1"}}',
  Throttleable: '1',
  Version: '150.0a1',
};
const filePart = (name: string, fileName: string, type: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: ${type}\r\n\r\n`;

const desktopBody = bytesOf(
  filePart('extra', 'extra.json', 'application/json'),
  JSON.stringify(extra),
  '\r\n',
  filePart('upload_file_minidump', '5b1e.dmp', 'application/octet-stream'),
  dump,
  '\r\n',
  filePart('memory_report', '5b1e.memory.json.gz', 'application/gzip'),
  report,
  `\r\n--${boundary}--\r\n`,
);

const geckoBoundary = '----geckoformboundary4a1d8f23c9e0b7765d1f0c2a98b3e641';
const contentDump = sampleDump(11, 9_000);
const inProcessExtra = { ...extra, SubmittedFrom: 'CrashedTab', Throttleable: '0' };
const inProcessBody = bytesOf(
  ...(
    [
      ['extra', 'extra.json', 'application/json', JSON.stringify(inProcessExtra)],
      ['upload_file_minidump', '5b1e.dmp', 'application/octet-stream', dump],
      ['memory_report', '5b1e.memory.json.gz', 'application/gzip', report],
      ['upload_file_minidump_content', '5b1e-content.dmp', 'application/octet-stream', contentDump],
    ] as const
  ).flatMap(([name, fileName, type, bytes]) => [
    `--${geckoBoundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: ${type}\r\n\r\n`,
    bytes,
    '\r\n',
  ]),
  `--${geckoBoundary}--\r\n`,
);

const javaBody = gzipSync(
  bytesOf(
    ...Object.entries({
      ProductName: 'Fenix',
      CrashType: 'UNCAUGHT',
      JavaStackTrace: 'java.lang.X\n\tat a.b',
      Android_PackageName: 'org.x',
    }).map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n`),
    `--${boundary}--\r\n`,
  ),
);

export const captures: readonly Capture[] = [
  {
    about: 'Firefox desktop: JSON annotations, dump, memory report',
    bytes: request(
      [
        'POST /submit?id={ec8030f7-c20a-464f-9b0e-13a3a9e97384}&version=150.0a1&buildid=20260101000000 HTTP/1.1',
        'Host: crash.example',
        'User-Agent: crashreporter/1.0.0',
        'Accept: */*',
        `Content-Length: ${desktopBody.length}`,
        `Content-Type: multipart/form-data; boundary=${boundary}`,
      ],
      desktopBody,
    ),
    path: '/submit',
    annotations: extra,
    dumps: { upload_file_minidump: dump, memory_report: report },
    notes: ['unknown content type: memory_report application/gzip'],
  },
  {
    about: 'Firefox from within (CrashSubmit, XMLHttpRequest): a dump for each process',
    bytes: request(
      [
        'POST /submit?id={ec8030f7-c20a-464f-9b0e-13a3a9e97384}&version=150.0a1&buildid=20260101000000 HTTP/1.1',
        'Host: crash.example',
        'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0',
        'Accept: */*',
        'Accept-Language: en-US,en;q=0.9',
        'Accept-Encoding: gzip, deflate',
        `Content-Type: multipart/form-data; boundary=${geckoBoundary}`,
        `Content-Length: ${inProcessBody.length}`,
        'Connection: keep-alive',
      ],
      inProcessBody,
    ),
    path: '/submit',
    annotations: inProcessExtra,
    dumps: { upload_file_minidump: dump, memory_report: report, upload_file_minidump_content: contentDump },
    notes: ['unknown content type: memory_report application/gzip'],
  },
  {
    about: 'Firefox for Android: gzip, fields, a Java exception without a dump',
    bytes: request(
      [
        'POST /submit?id=x&version=1&android_component_version=2 HTTP/1.1',
        `Content-Type: multipart/form-data; boundary=${boundary}`,
        'Content-Encoding: gzip',
        'User-Agent: Dalvik/2.1.0',
        'Host: crash.example',
        `Content-Length: ${javaBody.length}`,
      ],
      javaBody,
    ),
    path: '/submit',
    annotations: { ProductName: 'Fenix', JavaStackTrace: 'java.lang.X\n\tat a.b' },
    dumps: {},
  },
];
