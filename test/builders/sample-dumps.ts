// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { BuilderCpu } from './context-builder.ts';
import { type BuilderOs, codeView, MinidumpBuilder } from './minidump-builder.ts';

export interface SampleOptions {
  readonly cpu: BuilderCpu;
  readonly os: BuilderOs;
  readonly isBigEndian?: boolean;
  readonly hasMemory64List?: boolean;
}

/** A dump with every stream that the reader knows: a seed for mutations and truncation. */
export function dumpWithEveryStream(options: SampleOptions): Uint8Array {
  const builder = new MinidumpBuilder(options).systemInfo({ csdVersion: 'Linux 4.9.60 #1 SMP x86_64 Linux/GNU' });
  const pointer = { rsp: 0x7000n, esp: 0x7000, sp: 0x7000n, rip: 0x401000n, pc: 0x401000n, eip: 0x401000 };
  const stack = { start: 0x7000n, bytes: new Uint8Array(256).fill(0x40) };
  builder.thread({ id: 1, name: 'main', registers: pointer, stack, teb: 0x9000n });
  builder.thread({
    id: 2,
    name: 'worker',
    registers: pointer,
    stack: { start: 0x9000n, bytes: [] },
    hasStackElsewhere: true,
  });
  const guid = [1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]] as const;
  builder.module({
    base: 0x400000n,
    size: 0x10000,
    name: '/bin/app',
    codeView: codeView.pdb70(guid, 1, 'app.pdb', options.isBigEndian),
  });
  builder.module({
    base: 0x500000n,
    size: 0x10000,
    name: '/lib/a.so',
    codeView: codeView.elf([1, 2, 3, 4]),
    version: [1, 2, 3, 4],
  });
  builder.module({ base: 0x508000n, size: 0x10000, name: 'old.dll', codeView: codeView.pdb20(7, 1, 'old.pdb') });
  builder.unloadedModule([{ base: 0x600000n, size: 0x1000, name: 'gone.dll' }]);
  builder.memory(0x9000n, new Uint8Array(256).fill(5)).memory(0x401000n, new Uint8Array(64).fill(0x8b));
  if (options.hasMemory64List) builder.asMemory64List();
  builder.exception({ threadId: 1, code: 0xc0000005, parameters: [0n, 0x7010n], registers: pointer });
  builder.miscInfo({ pid: 9, createTime: 1_699_999_999, version: 5, build: 'build' });
  builder.memoryInfo([
    { base: 0x7000n, size: 0x1000n, protection: 4 },
    { base: 0x8000n, size: 0x1000n, protection: 1 },
  ]);
  return addMacStreams(addCrashpad(addHandlesAndThreads(addTexts(builder)))).build();
}

function addTexts(builder: MinidumpBuilder): MinidumpBuilder {
  builder.text(0x47670003, 'processor : 0\nmicrocode : 0xf4\n');
  builder.text(0x47670004, 'Pid:\t9\n').text(0x47670005, 'DISTRIB_ID="x"\n');
  builder.text(0x47670006, 'app\0-x\0').text(0x47670007, 'A=b\0').text(0x47670008, '12345678');
  builder.text(0x47670009, '00007000-00008000 rw-p 00000000 00:00 0   [stack]\n');
  builder.text(0x4d7a0003, 'Limit\nMax files   1024   unlimited   files\n').text(0x4d7a0004, '[{"a":1}]');
  return builder.text(10, 'comment').stream(11, builder.section().utf16('comment'));
}

function addHandlesAndThreads(builder: MinidumpBuilder): MinidumpBuilder {
  const handles = builder.section().u32(16).u32(32).u32(1).u32(0).u64(4);
  builder.stream(12, handles.rva(handles.text('File')).rva(handles.text('name')).zeros(16));
  builder.stream(17, builder.section().u32(12).u32(64).u32(1).u32(1).zeros(44).u64(0x401000).u64(0));
  builder.stream(0x47670001, builder.section().u32(3).u32(2).u32(1));
  const assertion = builder.section().utf16Field('a', 256).utf16Field('b', 256).utf16Field('c', 256);
  return builder.stream(0x47670002, assertion.u32(1).u32(2));
}

function addCrashpad(builder: MinidumpBuilder): MinidumpBuilder {
  const info = builder.section().u32(1).zeros(15).u8(1).zeros(16);
  const dictionary = info.section().u32(1).rva(info.text8('k')).rva(info.text8('v'));
  const objects = info.section().u32(1).rva(info.text8('o')).u16(1).u16(0).rva(info.text8('w'));
  const list = info.section().u32(1).rva(info.text8('l'));
  const module = info.section().u32(1).location(list).location(dictionary).location(objects);
  info.location(dictionary).location(info.section().u32(1).u32(0).location(module)).u32(0).u64(0xffffffffffff);
  return builder.stream(0x43500001, info);
}

function addMacStreams(builder: MinidumpBuilder): MinidumpBuilder {
  const record = builder.section().u64(1).u64(5).u64(1).u64(2).u64(3).ascii('m\0n\0o\0p\0q\0');
  const crashInfo = builder
    .section()
    .u32(0x4d7a0001)
    .u32(1)
    .u32(40)
    .location(record)
    .zeros(19 * 8);
  const bootArgs = builder.section().u32(0x4d7a0002);
  return builder.stream(0x4d7a0001, crashInfo).stream(0x4d7a0002, bootArgs.rva64(bootArgs.text('-v')));
}
