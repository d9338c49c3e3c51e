// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SymBuilder } from '../builders/sym-builder.ts';
import { appBase, libBase, slot, stackBase, traceOf } from './synthetic-stack.ts';

const at = (index: number) => slot(index, 8);
const pc = libBase + 0x100n;
const signed = (address: bigint) => address | 0x3a5a_8000_0000_0000n;

for (const cpu of ['arm64', 'arm64-old'] as const)
  test(`${cpu}: frame records, the instruction is four less, zero ends the stack`, async () => {
    const words = [0, at(4), appBase + 0x200n, 0, 0, appBase + 0x300n, libBase + 0x50n];
    assert.deepEqual(await traceOf({ cpu, registers: { pc, sp: stackBase, fp: at(1) }, words }), [
      'context lib+100',
      'frame_pointer app+1fc',
      'frame_pointer app+2fc',
    ]);
  });

test('pointer authentication codes are masked off pc and fp', async () => {
  const words = [0, signed(at(4)), signed(appBase + 0x200n), 0, 0, signed(appBase + 0x300n), 0];
  assert.deepEqual(await traceOf({ cpu: 'arm64', os: 'mac', registers: { pc, sp: stackBase, fp: at(1) }, words }), [
    'context lib+100',
    'frame_pointer app+1fc',
    'frame_pointer app+2fc',
  ]);
});

const symbols = () =>
  new SymBuilder()
    .module()
    .func(0x100, 0x100, 'leaf')
    .func(0x200, 0x100, 'caller')
    .cfiInit(0x100, 0x100, '.cfa: sp 0 + .ra: x30')
    .cfiInit(0x200, 0x100, '.cfa: x29 16 + x29: .cfa -16 + ^ .ra: .cfa -8 + ^');

test('CFI: a leaf goes on from lr, which is masked as well', async () => {
  const words = [0, 0, at(4), libBase + 0x20n, 0, 0];
  const registers = { pc: appBase + 0x110n, lr: signed(appBase + 0x210n), sp: stackBase, fp: at(2) };
  assert.deepEqual(await traceOf({ cpu: 'arm64', os: 'mac', registers, words, appSymbols: symbols() }), [
    'context app+110',
    'cfi app+20c',
    'cfi lib+1c',
  ]);
});

test('after a frame pointer step lr is not believed in the middle of a function', async () => {
  // The frame found by its record stands in `leaf`, whose rules ask for lr.
  const words = [at(2), appBase + 0x150n, at(4), libBase + 0x30n, 0, 0];
  const registers = { pc, sp: stackBase, fp: at(0) };
  assert.deepEqual(await traceOf({ cpu: 'arm64', os: 'mac', registers, words, appSymbols: symbols() }), [
    'context lib+100',
    'frame_pointer app+14c',
    'frame_pointer lib+2c',
  ]);
});

test('a return address outside user space is no frame record: the scan takes over', async () => {
  const words = [0, at(4), 0x10, 0, 0, appBase + 0x300n, 0];
  const trace = await traceOf({ cpu: 'arm64', registers: { pc, sp: stackBase, fp: at(1) }, words });
  assert.deepEqual(trace, ['context lib+100', 'scan app+2fc']);
});
