// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SymBuilder } from '../builders/sym-builder.ts';
import { appBase, libBase, slot, stackBase, traceOf } from './synthetic-stack.ts';

const at = (index: number) => slot(index, 4);
const pc = libBase + 0x100n;

test('frame pointers count only on iOS, where r7 holds them; the instruction is two less', async () => {
  const words = [0, at(4), appBase + 0x200n, 0, 0, appBase + 0x300n, 0];
  const registers = { pc, sp: stackBase, r7: at(1), fp: 0 };
  assert.deepEqual(await traceOf({ cpu: 'arm', os: 'ios', registers, words }), [
    'context lib+100',
    'frame_pointer app+1fe',
    'frame_pointer app+2fe',
  ]);
  assert.equal((await traceOf({ cpu: 'arm', os: 'android', registers, words }))[1], 'scan app+1fe');
});

test('CFI: register names without a dollar sign; a leaf leaves the stack alone', async () => {
  const appSymbols = new SymBuilder()
    .module()
    .func(0x100, 0x100, 'leaf')
    .func(0x200, 0x100, 'caller')
    .cfiInit(0x100, 0x100, '.cfa: sp .ra: lr')
    .cfiInit(0x200, 0x100, '.cfa: sp 8 + .ra: .cfa -4 + ^ r4: .cfa -8 + ^');
  const words = [0, libBase + 0x20n, 0];
  const registers = { pc: appBase + 0x110n, lr: appBase + 0x210n, sp: stackBase };
  assert.deepEqual(await traceOf({ cpu: 'arm', os: 'android', registers, words, appSymbols }), [
    'context app+110',
    'cfi app+20e',
    'cfi lib+1e',
  ]);
});

test('only the first frame may leave the stack pointer as it is', async () => {
  const appSymbols = new SymBuilder().module().func(0x100, 0x200, 'f').cfiInit(0x100, 0x200, '.cfa: sp .ra: lr lr: lr');
  const registers = { pc: appBase + 0x110n, lr: appBase + 0x210n, sp: stackBase };
  const trace = await traceOf({ cpu: 'arm', os: 'android', registers, words: [0, 0], appSymbols });
  assert.deepEqual(trace, ['context app+110', 'cfi app+20e']);
});
