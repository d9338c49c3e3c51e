// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SymBuilder } from '../builders/sym-builder.ts';
import { appBase, framesOf, libBase, slot, stackBase, traceOf } from './synthetic-stack.ts';

const at = (index: number) => slot(index, 4);
const eip = libBase + 0x100n;

test('frame pointers: eip = [ebp + 4], nothing is checked but that the memory is there', async () => {
  const words = [0, at(4), appBase + 0x200n, 0, 0, appBase + 0x300n, 0];
  assert.deepEqual(await traceOf({ cpu: 'x86', registers: { eip, esp: stackBase, ebp: at(1) }, words }), [
    'context lib+100',
    'frame_pointer app+1ff',
    'frame_pointer app+2ff',
  ]);
});

test('scanning: the word below the return address is ebp if it points up the stack', async () => {
  const words = [0, at(5), appBase + 0x200n, 0, 0, 0, appBase + 0x300n, 0];
  const frames = await traceOf({ cpu: 'x86', registers: { eip, esp: stackBase, ebp: 1 }, words });
  assert.deepEqual(frames, ['context lib+100', 'scan app+1ff', 'frame_pointer app+2ff']);
});

test('STACK WIN frame data runs its program before everything else', async () => {
  const program = '$T0 $ebp = $eip $T0 4 + ^ = $ebp $T0 ^ = $esp $T0 8 + =';
  const appSymbols = new SymBuilder()
    .module()
    .func(0x100, 0x100, 'f')
    .win(4, 0x100, 0x100, [0, 0, 0, 0, 0, 0], program);
  const words = [0, at(4), appBase + 0x180n, 0, at(6), libBase + 0x20n, 0];
  const registers = { eip: appBase + 0x110n, esp: stackBase, ebp: at(1) };
  assert.deepEqual(await traceOf({ cpu: 'x86', os: 'windows', registers, words, appSymbols }), [
    'context app+110',
    'cfi app+17f',
    'cfi lib+1f',
  ]);
});

test('STACK WIN knows .raSearch, locals and the parameters that the callee took', async () => {
  const program = '$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =';
  // inner: 8 bytes of parameters on its caller's stack; outer: 4 bytes of locals above them.
  const appSymbols = new SymBuilder()
    .module()
    .func(0x100, 0x100, 'inner')
    .func(0x200, 0x100, 'outer')
    .win(4, 0x100, 0x100, [0, 0, 8, 0, 0, 0], program)
    .win(4, 0x200, 0x100, [0, 0, 0, 0, 4, 0], program);
  const words = [appBase + 0x210n, 11, 22, 33, libBase + 0x20n, 0];
  const registers = { eip: appBase + 0x110n, esp: stackBase, ebp: 0 };
  assert.deepEqual(await traceOf({ cpu: 'x86', os: 'windows', registers, words, appSymbols }), [
    'context app+110',
    'cfi app+20f',
    'cfi lib+1f',
  ]);
});

test('STACK WIN with alignment trusts ebp, and `=$eip` without a space counts', async () => {
  const program = '$T1 .raSearch = $T0 $T1 4 - 8 @ = $ebp $T1 4 - ^ =$eip $T1 ^ = $esp $T1 4 + =';
  const appSymbols = new SymBuilder()
    .module()
    .func(0x100, 0x100, 'f')
    .win(4, 0x100, 0x100, [0, 0, 0, 0, 0, 0], program);
  const words = [0, 0, 0, at(5), libBase + 0x20n, 0, 0];
  const registers = { eip: appBase + 0x110n, esp: stackBase, ebp: at(3) };
  assert.equal((await traceOf({ cpu: 'x86', os: 'windows', registers, words, appSymbols }))[1], 'cfi lib+1f');
});

test('STACK WIN FPO: the return address lies above saved registers and locals', async () => {
  const appSymbols = new SymBuilder().module().func(0x100, 0x100, 'f').win(0, 0x100, 0x100, [0, 0, 0, 8, 4, 0], '1');
  const words = [at(4), 1, 2, libBase + 0x20n, at(6), appBase + 0x300n, 0];
  const registers = { eip: appBase + 0x110n, esp: stackBase, ebp: 77 };
  const trace = await traceOf({ cpu: 'x86', os: 'windows', registers, words, appSymbols });
  assert.equal(trace[1], 'cfi lib+1f');
  // ebp was saved at esp + saved registers - 8, and leads on.
  assert.equal(trace[2], 'frame_pointer app+2ff');
});

test('STACK WIN FPO: a left-over return address of a system call is skipped in the first frame', async () => {
  const appSymbols = new SymBuilder().module().func(0x100, 0x100, 'f').win(0, 0x100, 0x100, [0, 0, 0, 0, 0, 0], '0');
  const words = [appBase + 0x110n, libBase + 0x20n, 0];
  const registers = { eip: appBase + 0x110n, esp: stackBase, ebp: 0 };
  assert.equal((await traceOf({ cpu: 'x86', os: 'windows', registers, words, appSymbols }))[1], 'cfi lib+1f');
});

test('a program that is malformed or never gives eip leaves the frame to CFI', async () => {
  for (const program of ['$T0 .raSearch ^ ^ ^ =', '$esp $esp 4 + =', '+', `${'1 '.repeat(300)}`]) {
    const appSymbols = new SymBuilder()
      .module()
      .func(0x100, 0x100, 'f')
      .win(4, 0x100, 0x100, [0, 0, 0, 0, 0, 0], program)
      .cfiInit(0x100, 0x100, '.cfa: $esp 8 + .ra: .cfa -4 + ^');
    const words = [0, libBase + 0x20n, 0];
    const registers = { eip: appBase + 0x110n, esp: stackBase, ebp: 0 };
    assert.equal(
      (await traceOf({ cpu: 'x86', os: 'windows', registers, words, appSymbols }))[1],
      'cfi lib+1f',
      program,
    );
  }
});

test('addresses are as wide as the processor', async () => {
  const frames = await framesOf({ cpu: 'x86', registers: { eip, esp: stackBase, ebp: 0 }, words: [0] });
  assert.equal(frames[0]?.offset, '0x50000100');
});
