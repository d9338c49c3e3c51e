// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StackFrame } from '../../src/crash/stackwalk.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { noSymbols } from '../../src/symbols/symbols.ts';
import { type ClientFacts, stackwalk, stackwalkBrief, stackwalkText } from '../../src/unwind/unwind.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';
import { SymBuilder } from '../builders/sym-builder.ts';
import { appBase, libBase, stackBase, walkSynthetic } from './synthetic-stack.ts';

const symbols = () =>
  new SymBuilder()
    .module()
    .file(1, '/src/main.cc')
    .file(2, '/src/inl.h')
    .origin(1, 'outer_inline()')
    .origin(2, 'inner_inline()')
    .func(0x100, 0x100, 'crash_here(int)')
    .inline(0, 55, 1, 1, [0x110, 0x20])
    .inline(1, 66, 2, 2, [0x118, 0x8])
    .line(0x100, 0x100, 77, 2)
    .cfiInit(0x100, 0x100, '.cfa: $rsp 8 + .ra: .cfa -8 + ^');

const crashing = () =>
  walkSynthetic({
    cpu: 'amd64',
    os: 'windows',
    registers: { rip: 1n },
    words: [libBase + 0x20n, 0],
    appSymbols: symbols(),
    change: (builder) =>
      builder
        .exception({
          threadId: 7,
          code: 0xc0000005,
          address: appBase + 0x11an,
          parameters: [1n, 0x10n],
          registers: { rip: appBase + 0x11an, rsp: stackBase, rax: 0xabcn },
        })
        .thread({ id: 8, name: 'worker', registers: { rip: 0x7000_0010n, rsp: 1n } })
        .unloadedModule([{ base: 0x7000_0000n, size: 0x100, name: 'C:\\gone.dll' }]),
  });

test('the crashing thread starts at the exception, with inlines innermost first and registers', async () => {
  const walk = await crashing();
  assert.equal(walk.crash_info.crashing_thread, 0);
  assert.equal(walk.crash_info.type, 'EXCEPTION_ACCESS_VIOLATION_WRITE');
  const [first] = walk.crashing_thread?.frames ?? [];
  assert.deepEqual(first?.inlines, [
    { function: 'inner_inline()', file: '/src/inl.h', line: 77 },
    { function: 'outer_inline()', file: '/src/inl.h', line: 66 },
  ]);
  assert.deepEqual([first?.function, first?.file, first?.line], ['crash_here(int)', '/src/main.cc', 55]);
  assert.deepEqual([first?.module_offset, first?.function_offset], ['0x000000000000011a', '0x000000000000001a']);
  assert.equal(first?.registers?.['rax'], '0x0000000000000abc');
  assert.equal(Object.keys(first?.registers ?? {}).length, 17);
  assert.equal(walk.threads[0]?.frames[0]?.registers, undefined);
});

test('a frame in no module names the unloaded modules that were there', async () => {
  const walk = await crashing();
  const frame = walk.threads[1]?.frames[0];
  assert.equal(frame?.module, null);
  assert.deepEqual(frame?.unloaded_modules, [{ module: 'C:\\gone.dll', offsets: ['0x0000000000000010'] }]);
  assert.equal(walk.threads[1]?.thread_name, 'worker');
});

test('modules say whether their symbols were found, and only those that were looked for', async () => {
  const walk = await crashing();
  assert.deepEqual(
    walk.modules.map(({ filename, loaded_symbols: loaded, missing_symbols: missing }) => [filename, loaded, missing]),
    [
      ['app', true, false],
      ['lib', false, true],
    ],
  );
});

test('signers of modules and the microcode come from the client, whatever it sends', async () => {
  const walkWith = (client: ClientFacts) =>
    walkSynthetic({
      cpu: 'amd64',
      os: 'windows',
      registers: { rip: 1n },
      words: [],
      options: { client },
      change: (builder) => builder.unloadedModule([{ base: 0x7000_0000n, size: 0x100, name: 'C:\\gone.dll' }]),
    });
  const info = { 'Example Ltd': ['app', 'gone.dll', 'elsewhere.dll'], Other: ['none', 7], Odd: 'app' };
  for (const moduleSignatureInfo of [info, JSON.stringify(info)]) {
    const walk = await walkWith({ moduleSignatureInfo, cpuMicrocodeVersion: '0xDE' });
    assert.deepEqual(
      [...walk.modules, ...walk.unloaded_modules].map(({ cert_subject: signer }) => signer),
      ['Example Ltd', null, 'Example Ltd'],
    );
    assert.equal(walk['modules_contains_cert_info'], true);
    assert.equal(walk.system_info['cpu_microcode_version'], '0xde');
  }
  const deep = '['.repeat(100_000);
  const hostile = [
    '',
    'null',
    '{',
    '[]',
    deep,
    '{"__proto__": ["app"], "constructor": null}',
    ' '.repeat(3_000_000),
    7,
  ];
  for (const moduleSignatureInfo of hostile) {
    const walk = await walkWith({ moduleSignatureInfo, cpuMicrocodeVersion: 'new' });
    assert.equal(walk.modules[1]?.cert_subject, null);
    assert.equal(walk.system_info['cpu_microcode_version'], null);
  }
});

test('a thread that is the dump writer itself has no frames; mips shows its context only', async () => {
  const builder = new MinidumpBuilder({ cpu: 'mips', os: 'linux' })
    .systemInfo()
    .thread({
      id: 1,
      registers: { pc: 0x1000n, sp: stackBase },
      stack: { start: stackBase, bytes: new Uint8Array(64) },
    })
    .thread({ id: 2, registers: { pc: 0x1000n } });
  builder.stream(0x47670001, builder.section().u32(3).u32(2).u32(1));
  const walk = await stackwalk(openMinidump(bytesSource(builder.build())), noSymbols);
  assert.deepEqual(
    walk.threads.map(({ frame_count: count }) => count),
    [1, 0],
  );
  assert.equal(walk.crash_info.crashing_thread, 0);
  assert.equal(walk.crash_info.type, null);
});

test('the text form shows crash, threads, inlines, registers and modules', async () => {
  const text = stackwalkText(await crashing());
  for (const line of [
    'Crash reason:  EXCEPTION_ACCESS_VIOLATION_WRITE',
    'Thread 0  (crashed) - tid: 7',
    ' 0  app!inner_inline() [inl.h : 77]',
    '    Found by: inlining',
    ' 2  app!crash_here(int) [main.cc : 55]',
    '    Found by: given as instruction pointer in context',
    ' 3  lib + 0x1f',
    '    Found by: call frame info',
    'Thread 1 worker - tid: 8',
    ' 0  0x70000010 (unloaded gone.dll@0x10)',
    '0x0000000040000000 - 0x000000004000ffff  app  ???  (main)',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n---\n${text}`);
});

test('the brief form has a line a frame, colours only when asked, other threads only when asked', async () => {
  const walk = await crashing();
  const plain = stackwalkBrief(walk, { isColoured: false, showsAllThreads: false });
  assert.match(plain, /^EXCEPTION_ACCESS_VIOLATION_WRITE at 0x0000000000000010\n/);
  assert.match(plain, /\n {5}0 crash_here\(int\) {2}main\.cc:55 {2}app\n/);
  assert.match(plain, /1 more thread: --all-threads/);
  assert.doesNotMatch(plain, /\u001b/);
  assert.match(stackwalkBrief(walk, { isColoured: true, showsAllThreads: false }), /\u001b\[/);
  assert.match(stackwalkBrief(walk, { isColoured: false, showsAllThreads: true }), /Thread 1 worker/);
});

test('names from a dump cannot steer the terminal', async () => {
  const walk = await crashing();
  const [frame] = walk.threads[0]?.frames ?? [];
  const hostile = { ...(frame as StackFrame), function: 'a\u001b]0;owned\u0007\u202eb', inlines: null };
  const thread = { ...walk.threads[0]!, frames: [hostile] };
  const changed = { ...walk, threads: [thread], crashing_thread: { ...thread, threads_index: 0 } };
  for (const text of [stackwalkText(changed), stackwalkBrief(changed, { isColoured: false, showsAllThreads: true })])
    assert.doesNotMatch(text, /[\u001b\u0007\u202e]/);
});

test('what is ours stands under its own key', async () => {
  const walk = await walkSynthetic({
    cpu: 'amd64',
    registers: { rip: appBase + 0x110n, rsp: stackBase },
    words: [0],
    appSymbols: symbols(),
    options: { version: '9.9.9' },
  });
  const salvage = walk['salvage'] as Record<string, unknown>;
  assert.deepEqual(salvage['walker'], { name: 'salvage', version: '9.9.9' });
  assert.ok((salvage['streams'] as { name: string }[]).some(({ name }) => name === 'ThreadList'));
  assert.deepEqual(
    (salvage['symbols'] as { state: string }[]).map(({ state }) => state),
    ['loaded'],
  );
});
