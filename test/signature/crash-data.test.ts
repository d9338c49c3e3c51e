// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import { crashDataFromStackwalk, generateSignature, recogniseCrashData } from '../../src/signature/signature.ts';
import { ownLists } from './lists.ts';

const stackwalk = {
  status: 'OK',
  crash_info: { type: 'SIGSEGV / SEGV_MAPERR', crashing_thread: 1, address: '0x0' },
  system_info: { os: 'Windows NT' },
  threads: [{ frames: [] }, { frames: [{ frame: 0, module: 'Lantern.dll', function: 'Wick::Light()' }] }],
};
const options = { lists: ownLists, era: 'today', provisional: true } as const;

test('a stackwalk document is enough for a signature', () => {
  assert.deepEqual(crashDataFromStackwalk(stackwalk), {
    crashing_thread: 1,
    reason: 'SIGSEGV / SEGV_MAPERR',
    threads: stackwalk.threads,
    os: 'Windows NT',
    mdsw_status_string: 'OK',
  });
  assert.equal(generateSignature(crashDataFromStackwalk(stackwalk), options).signature, 'Wick::Light');
});

test('the three shapes of input are told apart', () => {
  assert.equal(recogniseCrashData(stackwalk)?.shape, 'stackwalk');
  const processed = { uuid: 'x', json_dump: stackwalk, hang: 'ui' };
  assert.equal(recogniseCrashData(processed)?.shape, 'processed crash');
  assert.equal(
    generateSignature(recogniseCrashData(processed)!.crashData, options).signature,
    'hang: ui | Wick::Light',
  );
  assert.equal(recogniseCrashData({ crashing_thread: 0, threads: [] })?.shape, 'crash data');
  for (const other of [{}, { foo: 1 }, [], null, 'x', 5]) assert.equal(recogniseCrashData(other), null);
});

test('keys of the prototype are not values of the crash', () => {
  const hostile = JSON.parse('{"threads": {"constructor": 1}, "crashing_thread": "constructor", "hang": null}');
  assert.equal(generateSignature(hostile, options).signature, 'EMPTY: no frame data available');
});
