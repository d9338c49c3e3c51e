// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Dumps of Windows and macOS, of which no machine of ours can make real ones, with the symbols of their programs. Each
// is one thread whose stack obeys the unwind rules of the symbol file beside it.
import { createHash } from 'node:crypto';
import type { BuilderCpu } from '../test/builders/context-builder.ts';
import { type BuilderException, type BuilderOs, codeView, MinidumpBuilder } from '../test/builders/minidump-builder.ts';
import { SymBuilder } from '../test/builders/sym-builder.ts';

interface Routine {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

interface Module {
  readonly path: string;
  readonly debugFile: string;
  readonly base: bigint;
  readonly version: readonly [number, number, number, number];
  /** With symbols; a module without any is known by its offsets only. */
  readonly routines?: readonly Routine[];
}

/** A frame: a routine of the program by its name, or an offset in a module without symbols. */
type Place = string | readonly [module: string, offset: number];

interface SyntheticCrash {
  readonly name: string;
  readonly system: System;
  readonly modules: readonly Module[];
  readonly threadName: string;
  /** The crashing frame first. */
  readonly stack: readonly Place[];
  readonly exception: Omit<BuilderException, 'threadId'>;
}

interface System {
  readonly os: BuilderOs;
  readonly cpu: BuilderCpu & ('amd64' | 'arm64');
  readonly version: readonly [number, number, number];
  readonly csd: string;
}

const windows: System = { os: 'windows', cpu: 'amd64', version: [10, 0, 22631], csd: '' };
const mac: System = { os: 'mac', cpu: 'arm64', version: [14, 6, 1], csd: '23G93' };

const routineBytes = 0x100;
const frameBytes = 64;
const threadId = 4711;

function routinesOf(file: string, names: readonly string[]): Routine[] {
  return names.map((name, index) => ({ name, file, line: 40 + index * 23 }));
}

function tidepool(version: readonly [number, number, number, number]): Module {
  return {
    path: 'C:\\Games\\Tidepool\\tidepool.exe',
    debugFile: 'tidepool.pdb',
    base: 0x7ff6_1000_0000n,
    version,
    routines: [
      ...routinesOf('d:\\build\\tidepool\\render\\mesh_cache.cpp', [
        'tidepool::render::MeshCache::Upload(tidepool::render::Mesh const &)',
        'tidepool::render::Frame::Submit()',
        'tidepool::render::RenderThread::Run()',
      ]),
      ...routinesOf('d:\\build\\tidepool\\world\\chunk.cpp', [
        'tidepool::world::Chunk::Unload(bool)',
        'tidepool::world::World::Tick(float)',
        'tidepool::memory::Arena::Grow(unsigned __int64)',
        'tidepool::assets::LoadTexture(char const *)',
      ]),
      ...routinesOf('d:\\build\\tidepool\\main.cpp', ['tidepool::Game::Run()', 'WinMain']),
    ],
  };
}

const kernel32: Module = {
  path: 'C:\\Windows\\System32\\kernel32.dll',
  debugFile: 'kernel32.pdb',
  base: 0x7ffa_2000_0000n,
  version: [10, 0, 22621, 3672],
};
const ntdll: Module = {
  path: 'C:\\Windows\\System32\\ntdll.dll',
  debugFile: 'ntdll.pdb',
  base: 0x7ffa_3000_0000n,
  version: [10, 0, 22621, 3672],
};
const gpuDriver: Module = {
  path: 'C:\\Windows\\System32\\DriverStore\\gpudrv64.dll',
  debugFile: 'gpudrv64.pdb',
  base: 0x7ffa_1000_0000n,
  version: [31, 0, 15, 3623],
};
const marginalia: Module = {
  path: 'C:\\Users\\user\\AppData\\Local\\Marginalia\\marginalia.exe',
  debugFile: 'electron.exe.pdb',
  base: 0x7ff7_4000_0000n,
  version: [37, 2, 0, 0],
};
const lanternForMac: Module = {
  path: '/Applications/Lantern.app/Contents/MacOS/Lantern',
  debugFile: 'Lantern',
  base: 0x1_0400_0000n,
  version: [2, 4, 0, 0],
  routines: [
    ...routinesOf('/build/lantern/lantern.cc', [
      'lantern::LayerStack::activeOpacity()',
      'lantern::Canvas::paint()',
      'lantern::Palette::colourAt(unsigned long)',
    ]),
    ...routinesOf('/build/lantern/mac/document-window.mm', ['-[LNDocumentView drawRect:]', 'main']),
  ],
};
const appKit: Module = {
  path: '/System/Library/Frameworks/AppKit.framework/Versions/C/AppKit',
  debugFile: 'AppKit',
  base: 0x1_9a00_0000n,
  version: [0, 0, 0, 0],
};

const threadStart: readonly Place[] = [
  ['kernel32.pdb', 0x1257d],
  ['ntdll.pdb', 0x5aa58],
];

const accessViolation = (kind: 0 | 1, address: bigint) => ({ code: 0xc0000005, parameters: [BigInt(kind), address] });

function tidepoolCrash(
  version: readonly [number, number, number, number],
  what: string,
  threadName: string,
  stack: readonly Place[],
  exception: SyntheticCrash['exception'],
): SyntheticCrash {
  const modules = [tidepool(version), gpuDriver, kernel32, ntdll];
  const name = `tidepool-${version.slice(0, 3).join('.')}-${what}`;
  return { name, system: windows, modules, threadName, stack: [...stack, ...threadStart], exception };
}

const render: readonly Place[] = ['tidepool::render::Frame::Submit()', 'tidepool::render::RenderThread::Run()'];
const game: readonly Place[] = ['tidepool::world::World::Tick(float)', 'tidepool::Game::Run()', 'WinMain'];
const upload = 'tidepool::render::MeshCache::Upload(tidepool::render::Mesh const &)';

const crashes: readonly SyntheticCrash[] = [
  tidepoolCrash([0, 9, 1, 0], 'upload', 'Render', [upload, ...render], accessViolation(0, 0x28n)),
  tidepoolCrash([0, 9, 2, 0], 'upload', 'Render', [upload, ...render], accessViolation(0, 0x28n)),
  tidepoolCrash(
    [0, 9, 2, 0],
    'unload',
    'Main',
    ['tidepool::world::Chunk::Unload(bool)', ...game],
    accessViolation(1, 0x1d3_4400_0010n),
  ),
  tidepoolCrash(
    [0, 9, 2, 0],
    'memory',
    'Main',
    ['tidepool::memory::Arena::Grow(unsigned __int64)', 'tidepool::assets::LoadTexture(char const *)', ...game],
    { code: 0x80000003 },
  ),
  tidepoolCrash(
    [0, 9, 2, 0],
    'driver',
    'Render',
    [['gpudrv64.pdb', 0x18f2c4], ['gpudrv64.pdb', 0x2201a], ...render],
    accessViolation(0, 0xffff_ffff_ffff_ffffn),
  ),
  {
    name: 'marginalia-3.1.0-renderer',
    system: windows,
    modules: [marginalia, kernel32, ntdll],
    threadName: 'CrRendererMain',
    stack: [
      ['electron.exe.pdb', 0x2f41d0],
      ['electron.exe.pdb', 0x2f3b12],
      ['electron.exe.pdb', 0x10c44],
      ...threadStart,
    ],
    exception: accessViolation(0, 0x8n),
  },
  {
    name: 'lantern-mac-2.4.0-paint',
    system: mac,
    modules: [lanternForMac, appKit],
    threadName: 'com.apple.main-thread',
    stack: [
      'lantern::LayerStack::activeOpacity()',
      'lantern::Canvas::paint()',
      '-[LNDocumentView drawRect:]',
      ['AppKit', 0x1c39a4],
      'main',
    ],
    // EXC_BAD_ACCESS / KERN_INVALID_ADDRESS
    exception: { code: 1, flags: 1, address: 0x20n },
  },
  {
    name: 'lantern-mac-2.4.0-open',
    system: mac,
    modules: [lanternForMac, appKit],
    threadName: 'com.apple.main-thread',
    stack: ['lantern::Palette::colourAt(unsigned long)', ['AppKit', 0x22f08], 'main'],
    exception: { code: 1, flags: 2, address: 0x7_0000_0008n },
  },
];

/** Dumps and symbol files by file name. */
export function makeSyntheticDemo(): {
  readonly dumps: ReadonlyMap<string, Uint8Array>;
  readonly symbols: ReadonlyMap<string, string>;
} {
  const symbols = new Map<string, string>();
  for (const { system, modules } of crashes)
    for (const module of modules)
      if (module.routines) symbols.set(`${module.debugFile}-${idOf(module).slice(0, 8)}.sym`, symOf(module, system));
  return { dumps: new Map(crashes.map((crash) => [`${crash.name}.dmp`, dumpOf(crash)])), symbols };
}

/** Sixteen bytes of its own for each module and version, so that the demo is the same at every making. */
function identityOf({ debugFile, version }: Module): Buffer {
  return createHash('sha256')
    .update(`${debugFile} ${version.join('.')}`)
    .digest()
    .subarray(0, 16);
}

function idOf(module: Module): string {
  return `${identityOf(module).toString('hex').toUpperCase()}1`;
}

function symOf(module: Module, { os, cpu }: System): string {
  const sym = new SymBuilder().module(module.debugFile, idOf(module), os, cpu === 'amd64' ? 'x86_64' : 'arm64');
  const files = [...new Set(module.routines?.map(({ file }) => file))];
  for (const [index, file] of files.entries()) sym.file(index, file);
  for (const [index, { name, file, line }] of (module.routines ?? []).entries()) {
    const at = 0x1000 + index * routineBytes;
    sym.func(at, routineBytes, name);
    for (let row = 0; row < 4; row++) sym.line(at + row * 0x40, 0x40, line + row * 3, files.indexOf(file));
  }
  for (const [index] of (module.routines ?? []).entries()) {
    const at = 0x1000 + index * routineBytes;
    if (cpu === 'amd64') sym.cfiInit(at, routineBytes, '.cfa: $rsp 8 + .ra: .cfa -8 + ^');
    else sym.cfiInit(at, routineBytes, '.cfa: sp 0 + .ra: x30');
    if (cpu === 'amd64') sym.cfi(at + 4, `.cfa: $rsp ${frameBytes} +`);
    else sym.cfi(at + 4, `.cfa: sp ${frameBytes} + .ra: .cfa -8 + ^ x29: .cfa -16 + ^`);
  }
  return sym.text();
}

function addressOf(place: Place, modules: readonly Module[]): bigint {
  if (typeof place !== 'string') {
    const module = modules.find(({ debugFile }) => debugFile === place[0]);
    if (!module) throw new Error(`no module ${place[0]}`);
    return module.base + BigInt(place[1]);
  }
  for (const { base, routines = [] } of modules) {
    const index = routines.findIndex(({ name }) => name === place);
    if (index >= 0) return base + BigInt(0x1000 + index * routineBytes + 0x52);
  }
  throw new Error(`no routine ${place}`);
}

function dumpOf({ name, system, modules, threadName, stack, exception }: SyntheticCrash): Uint8Array {
  const builder = new MinidumpBuilder({ cpu: system.cpu, os: system.os });
  const addresses = stack.map((place) => addressOf(place, modules));
  const stackStart = 0x2f_0000_f000n;
  const bytes = Buffer.alloc(addresses.length * frameBytes + 256);
  // Each frame's last word is the address it returns to; the frame pointer is kept below it.
  for (const [index, returnsTo] of addresses.slice(1).entries()) {
    bytes.writeBigUInt64LE(returnsTo, (index + 1) * frameBytes - 8);
    bytes.writeBigUInt64LE(stackStart + BigInt((index + 2) * frameBytes - 16), (index + 1) * frameBytes - 16);
  }
  const pc = addresses[0] as bigint;
  const fp = stackStart + BigInt(frameBytes - 16);
  const registers = system.cpu === 'amd64' ? { rip: pc, rsp: stackStart, rbp: fp } : { pc, sp: stackStart, fp };
  const isArm = system.cpu === 'arm64';
  builder.systemInfo({ version: system.version, csdVersion: system.csd, cpuUnion: isArm ? Buffer.alloc(0) : intel });
  for (const module of modules) {
    const id = identityOf(module);
    const guid = [id.readUInt32BE(0), id.readUInt16BE(4), id.readUInt16BE(6), id.subarray(8)] as const;
    builder.module({
      base: module.base,
      size: 0x40_0000,
      name: module.path,
      timeDateStamp: id.readUInt32BE(0),
      version: module.version,
      codeView: codeView.pdb70(guid, 1, module.debugFile),
    });
  }
  builder.thread({ id: threadId, name: threadName, registers, stack: { start: stackStart, bytes } });
  builder.exception({ threadId, registers, address: pc, ...exception });
  builder.time(1_790_000_000).miscInfo({ pid: 8 * name.length, createTime: 1_789_999_000, version: 2 });
  return builder.build();
}

const intel = Buffer.from('GenuineIntel');
