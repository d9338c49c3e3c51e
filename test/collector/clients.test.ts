// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { captures as breakpadLinux } from './captures/breakpad-linux.ts';
import { captures as breakpadMac } from './captures/breakpad-mac.ts';
import { captures as breakpadWindows } from './captures/breakpad-windows.ts';
import { captures as chromiumAndroid } from './captures/chromium-android.ts';
import { captures as chromiumLinuxBreakpad } from './captures/chromium-linux-breakpad.ts';
import { captures as crashpad } from './captures/crashpad.ts';
import { captures as electron } from './captures/electron.ts';
import { captures as firefox } from './captures/firefox.ts';
import { dumpHashes, rawCrashText } from './memory-spool.ts';
import { RawConnection } from './raw-http.ts';
import { startCollector, stopAll } from './test-collector.ts';

afterEach(stopAll);

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

for (const capture of [
  ...breakpadLinux,
  ...breakpadMac,
  ...breakpadWindows,
  ...chromiumAndroid,
  ...chromiumLinuxBreakpad,
  ...crashpad,
  ...electron,
  ...firefox,
])
  test(`client: ${capture.about}`, async () => {
    const { port, spool } = await startCollector();
    const connection = new RawConnection(port);
    // As a network may cut it: small first pieces, then the rest.
    connection.write(capture.bytes.subarray(0, 40));
    connection.write(capture.bytes.subarray(40, 700));
    connection.write(capture.bytes.subarray(700));
    const reply = await connection.reply();
    connection.close();
    // Clients take exactly 200, with a reason phrase and a length (clients.md §0 rule 3).
    assert.match(reply?.statusLine ?? '', /^HTTP\/1\.\d 200 OK$/);
    assert.equal(reply?.headers.get('content-type'), 'text/plain');
    assert.equal(reply?.headers.get('content-length'), String(reply?.body.length));
    const report = spool.reports[0] ?? assert.fail('not stored');
    const shown =
      capture.path === '/submit' ? `CrashID=bp-${report.head.crashId}\n` : report.head.crashId.replaceAll('-', '');
    assert.equal(reply?.body, shown);
    const rawCrash = JSON.parse(rawCrashText(report));
    for (const [name, value] of Object.entries(capture.annotations)) assert.deepEqual(rawCrash[name], value, name);
    assert.deepEqual(rawCrash.metadata.collector_notes, capture.notes ?? []);
    const wanted = Object.fromEntries(Object.entries(capture.dumps).map(([name, bytes]) => [name, sha256(bytes)]));
    assert.deepEqual(dumpHashes(report), wanted);
    assert.deepEqual(rawCrash.metadata.dump_checksums, wanted);
  });
