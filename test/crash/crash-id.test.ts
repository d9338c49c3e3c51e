// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { dateOf, isCrashId, makeCrashId, throttleDigitOf } from '../../src/crash/crash-id.ts';

test('an id that is made is an id, with its digit and date', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9 }),
      fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
      (digit, date) => {
        const crashId = makeCrashId(randomUUID(), digit, date);
        assert.equal(crashId.length, 36);
        assert.ok(isCrashId(crashId));
        assert.equal(throttleDigitOf(crashId), digit);
        assert.equal(dateOf(crashId), date.toISOString().slice(0, 10).replaceAll('-', ''));
      },
    ),
  );
});

test('what is no id is refused', () => {
  for (const text of [
    '',
    'test',
    '6c43aa7c-7d34-41cf-85aa-55b0d2161322',
    '6c43aa7c-7d34-41cf-85aa-55b0d2160230',
    '6C43AA7C-7d34-41cf-85aa-55b0d2160622',
    'bp-6c43aa7c-7d34-41cf-85aa-55b0d2160622',
    '6c43aa7c-7d34-41cf-85aa-55b0d2160622\n',
    '6c43aa7c-7d34-41cf-85aa-55b0d21606221',
    '../3aa7c-7d34-41cf-85aa-55b0d2160622',
  ]) {
    assert.equal(isCrashId(text), false, text);
  }
  assert.ok(isCrashId('6c43aa7c-7d34-41cf-85aa-55b0d2160622'));
});
