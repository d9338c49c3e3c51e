// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import fs from 'node:fs';
import path from 'node:path';
import { codeView, MinidumpBuilder } from '../test/builders/minidump-builder.ts';
import { SymBuilder } from '../test/builders/sym-builder.ts';

/** The shape of one kind of crash. */
export interface CrashShape {
  readonly name: string;
  readonly threads: number;
  readonly frames: number;
  readonly modules: number;
  /** Modules that have frames on stacks. */
  readonly busyModules: number;
  readonly hasSymbols: boolean;
  readonly annotations: Readonly<Record<string, string>>;
}

export const shapes: readonly CrashShape[] = [
  {
    name: 'median Firefox-like: 60 threads x 15 frames, 200 modules, symbols present',
    threads: 60,
    frames: 15,
    modules: 200,
    busyModules: 12,
    hasSymbols: true,
    annotations: {
      ProductName: 'Lantern',
      Version: '151.0',
      BuildID: '20261119101010',
      ReleaseChannel: 'release',
      ProcessType: 'content',
      CrashTime: '1795155000',
      StartupTime: '1795150000',
      InstallTime: '1795000000',
      'Add-ons': Array.from({ length: 12 }, (_, number) => `addon${number}%40example.org:1.${number}`).join(','),
      TelemetryEnvironment: JSON.stringify({ build: { version: '151.0' }, partner: { distributionId: null } }),
      ...Object.fromEntries(Array.from({ length: 60 }, (_, number) => [`Annotation${number}`, `value ${number}`])),
    },
  },
  {
    name: 'small Electron: 12 threads x 10 frames, 40 modules, no symbols',
    threads: 12,
    frames: 10,
    modules: 40,
    busyModules: 4,
    hasSymbols: false,
    annotations: {
      prod: 'Electron',
      ver: '34.0.0',
      _productName: 'Lantern',
      _version: '2.1.0',
      process_type: 'renderer',
      platform: 'linux',
      guid: '6f9619ff-8b86-d011-b42d-00c04fc964ff',
    },
  },
];

const moduleBase = 0x7f00_0000_0000n;
const moduleSize = 0x10_0000;
const frameWords = 6;
const functionsPerModule = 64;

const debugIdOf = (number: number) => `${number.toString(16).toUpperCase().padStart(8, '0')}0000000000000000000000000`;
const moduleName = (number: number) => (number === 0 ? 'lantern' : `lib${String(number).padStart(3, '0')}.so`);

/** Writes symbols for every module of the shape into `folder`. */
export function writeSymbols(shape: CrashShape, folder: string): void {
  for (let number = 0; shape.hasSymbols && number < shape.modules; number++) {
    const [name, debugId] = [moduleName(number), debugIdOf(number)];
    const sym = new SymBuilder().module(name, debugId, 'Linux').file(0, `/src/${name}.cc`).origin(0, 'inlined()');
    for (let index = 0; index < functionsPerModule; index++) {
      const address = 0x1000 + index * 0x100;
      sym.func(address, 0x100, `lantern::module${number}::Class<int>::method_${index}(int, char const*)`);
      if (index % 4 === 0) sym.inline(0, index, 0, 0, [address, 0x80]);
      sym.line(address, 0x100, 100 + index, 0);
      sym.cfiInit(address, 0x100, `.cfa: $rsp ${frameWords * 8} + .ra: .cfa -8 + ^ $rbp: .cfa -16 + ^`);
    }
    const directory = path.join(folder, name, debugId);
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, `${name}.sym`), sym.text());
  }
}

/** A dump of that shape. */
export function makeDump(shape: CrashShape): Uint8Array {
  const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo();
  for (let number = 0; number < shape.modules; number++) {
    const buildId = Buffer.alloc(16);
    buildId.writeUInt32LE(number, 0);
    const base = moduleBase + BigInt(number * moduleSize);
    builder.module({ base, size: moduleSize, name: `/opt/${moduleName(number)}`, codeView: codeView.elf(buildId) });
  }
  for (let thread = 0; thread < shape.threads; thread++) addThread(builder, shape, thread);
  builder.exception({ threadId: 1, code: 11, registers: { rip: codeAddress(shape, 0, 0), rsp: stackStart(0) } });
  return builder.build();
}

const stackStart = (thread: number) => 0x7000_0000n + BigInt(thread) * 0x1_0000n;

function codeAddress(shape: CrashShape, thread: number, frame: number): bigint {
  const module = (thread + frame) % shape.busyModules;
  const offset = 0x1000 + ((thread * 7 + frame) % functionsPerModule) * 0x100 + 0x40;
  return moduleBase + BigInt(module * moduleSize + offset);
}

function addThread(builder: MinidumpBuilder, shape: CrashShape, thread: number): void {
  const start = stackStart(thread);
  const stack = Buffer.alloc(shape.frames * frameWords * 8);
  for (let frame = 1; frame < shape.frames; frame++)
    stack.writeBigUInt64LE(codeAddress(shape, thread, frame), frame * frameWords * 8 - 8);
  const registers = { rip: codeAddress(shape, thread, 0), rsp: start };
  builder.thread({ id: thread + 1, name: `Thread ${thread}`, registers, stack: { start, bytes: stack } });
}
