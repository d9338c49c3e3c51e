// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SymBuilder } from '../builders/sym-builder.ts';
import { appBase, framesOf, libBase, slot, stackBase, traceOf } from './synthetic-stack.ts';

const at = (index: number) => slot(index, 8);
const rip = libBase + 0x100n;

test('frame pointers: rip = [rbp + 8], the instruction is one less than the return address', async () => {
  const words = [0, 0, at(5), appBase + 0x200n, 0, at(8), appBase + 0x300n, 0, 0, 0];
  assert.deepEqual(await traceOf({ cpu: 'amd64', registers: { rip, rsp: stackBase, rbp: at(2) }, words }), [
    'context lib+100',
    'frame_pointer app+1ff',
    'frame_pointer app+2ff',
  ]);
});

test('a frame pointer below the stack pointer, or a return address that is not canonical, is none', async () => {
  const words = [0, 0, at(1), appBase + 0x200n, 0, 0];
  const registers = { rip, rsp: stackBase, rbp: at(2) };
  assert.equal((await traceOf({ cpu: 'amd64', registers, words }))[1], 'scan app+1ff');
  const wild = [0, 0, at(4), 0x0123_4567_89ab_cdefn, 0, 0];
  assert.deepEqual(await traceOf({ cpu: 'amd64', registers, words: wild }), ['context lib+100']);
});

test('on Windows rbp may point up to 240 bytes below the end of its frame', async () => {
  const words = [0, 0, at(1), 0, 0, 0, at(9), appBase + 0x200n, 0, 0, 0, 0];
  const registers = { rip, rsp: stackBase, rbp: at(2) };
  assert.equal((await traceOf({ cpu: 'amd64', os: 'windows', registers, words }))[1], 'frame_pointer app+1ff');
  assert.equal((await traceOf({ cpu: 'amd64', os: 'linux', registers, words }))[1], 'scan app+1ff');
});

test('scanning takes the first word that points into a module', async () => {
  const words = [1, stackBase, libBase - 1n, appBase + 0x200n, 0, libBase + 0x10n, 0];
  assert.deepEqual(await traceOf({ cpu: 'amd64', registers: { rip, rsp: stackBase }, words }), [
    'context lib+100',
    'scan app+1ff',
    'scan lib+f',
  ]);
});

test('scanning believes only addresses in functions where the module has symbols', async () => {
  const appSymbols = new SymBuilder().module().func(0x200, 0x10, 'real');
  const words = [appBase + 0x100n, appBase + 0x205n, 0];
  const trace = await traceOf({ cpu: 'amd64', registers: { rip, rsp: stackBase }, words, appSymbols });
  assert.deepEqual(trace, ['context lib+100', 'scan app+204']);
});

test('a scan looks at 160 words after the context and at 40 after a scan', async () => {
  const words: (bigint | number)[] = new Array(400).fill(0);
  words[159] = appBase + 0x200n;
  words[159 + 40] = appBase + 0x300n;
  words[159 + 40 + 41] = appBase + 0x400n;
  const trace = await traceOf({ cpu: 'amd64', registers: { rip, rsp: stackBase }, words });
  assert.deepEqual(trace, ['context lib+100', 'scan app+1ff', 'scan app+2ff']);
  words[159] = 0;
  words[160] = appBase + 0x200n;
  assert.equal((await traceOf({ cpu: 'amd64', registers: { rip, rsp: stackBase }, words })).length, 1);
});

const cfiSymbols = () =>
  new SymBuilder()
    .module()
    .file(1, 'main.cc')
    .func(0x100, 0x100, 'leaf')
    .line(0x100, 0x100, 12, 1)
    .func(0x200, 0x100, 'caller')
    .line(0x200, 0x100, 34, 1)
    .cfiInit(0x100, 0x100, '.cfa: $rsp 8 + .ra: .cfa -8 + ^')
    .cfi(0x110, '.cfa: $rsp 24 + $rbx: .cfa -16 + ^')
    .cfiInit(0x200, 0x100, '.cfa: $rbx 16 + .ra: .cfa -8 + ^');

test('CFI: deltas apply from their address on, callee-saved registers reach the next frame', async () => {
  const words = [0, at(4), appBase + 0x250n, 0, 0, libBase + 0x40n, 0];
  const registers = { rip: appBase + 0x120n, rsp: stackBase, rbp: 1 };
  const frames = await framesOf({ cpu: 'amd64', registers, words, appSymbols: cfiSymbols() });
  assert.deepEqual(
    frames.map(({ trust, function: name, line, offset }) => [trust, name, line, offset]),
    [
      ['context', 'leaf', 12, '0x0000000040000120'],
      ['cfi', 'caller', 34, '0x000000004000024f'],
      ['cfi', null, null, '0x000000005000003f'],
    ],
  );
  // Before the delta the return address is at the stack pointer.
  const early = await traceOf({
    cpu: 'amd64',
    registers: { ...registers, rip: appBase + 0x108n, rsp: at(2) },
    words,
    appSymbols: cfiSymbols(),
  });
  assert.equal(early[1], 'cfi app+24f');
});

test('CFI that cannot be evaluated gives way to the frame pointer', async () => {
  const appSymbols = new SymBuilder()
    .module()
    .func(0x100, 0x100, 'f')
    .cfiInit(0x100, 0x100, '.cfa: $r99 8 + .ra: .cfa -8 + ^');
  const words = [0, 0, at(4), libBase + 0x200n, 0, 0];
  const registers = { rip: appBase + 0x100n, rsp: stackBase, rbp: at(2) };
  assert.equal((await traceOf({ cpu: 'amd64', registers, words, appSymbols }))[1], 'frame_pointer lib+1ff');
});

test('the walk ends at a null pc and where the stack pointer does not rise', async () => {
  const registers = { rip: appBase + 0x100n, rsp: at(2), rbp: 0 };
  const down = new SymBuilder().module().func(0x100, 0x100, 'f').cfiInit(0x100, 0x100, '.cfa: $rsp .ra: 1073742336');
  assert.equal((await traceOf({ cpu: 'amd64', registers, words: [0, 0, 0, 0], appSymbols: down })).length, 1);
  const zero = new SymBuilder().module().func(0x100, 0x100, 'f').cfiInit(0x100, 0x100, '.cfa: $rsp 8 + .ra: 4095');
  assert.equal((await traceOf({ cpu: 'amd64', registers, words: [0, 0, 0, 0], appSymbols: zero })).length, 1);
});
