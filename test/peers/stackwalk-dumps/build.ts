// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `node test/peers/stackwalk-dumps/build.ts FOLDER` makes dumps of our own: zoo.cc compiled in sixteen ways, crashed in
// fifteen ways, dumped by the minidump-writer crate, with symbols by Mozilla's dump_syms. Needs Linux on amd64, g++,
// clang++ and cargo. What is newer than zoo.cc is kept, so an interrupted run goes on.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { peerBinary } from '../stackwalk-peer.ts';

const here = import.meta.dirname;

interface Variant {
  readonly name: string;
  readonly command: readonly string[];
}

const variants: readonly Variant[] = ['g++', 'clang++'].flatMap((compiler) =>
  ['-O0', '-O2'].flatMap((level) =>
    ['-fno-omit-frame-pointer', '-fomit-frame-pointer'].flatMap((frame) =>
      ['-gdwarf-4', '-gdwarf-5'].map((dwarf) => ({
        name: `${compiler.replace('++', '')}${level}${frame.includes('no-omit') ? '-fp' : ''}${dwarf.replace('-g', '-')}`,
        command: [compiler, '-std=c++17', level, frame, dwarf, '-pthread'],
      })),
    ),
  ),
);

/** Where the suites share what was built; it is kept between runs. */
export const peerDumpFolder = process.env['SALVAGE_PEER_DUMPS'] ?? path.join(tmpdir(), 'salvage-peer-dumps');

/** Ways to crash, and what the system calls each. */
const reasons: Readonly<Record<string, RegExp>> = {
  'null-read': /^SIGSEGV \/ SEGV_MAPERR$/,
  'null-write': /^SIGSEGV \/ SEGV_MAPERR$/,
  'null-call': /^SIGSEGV \/ SEGV_MAPERR$/,
  'wild-read': /^SIGSEGV \/ SEGV_MAPERR$/,
  'non-canonical': /^SIGSEGV \/ SI_KERNEL$/,
  divide: /^SIGFPE \/ FPE_INTDIV$/,
  illegal: /^SIGILL \/ ILL_ILLOPN$/,
  trap: /^SIGTRAP \/ /,
  abort: /^SIGABRT \/ SI_TKILL$/,
  assert: /^SIGABRT \/ SI_TKILL$/,
  throw: /^SIGABRT \/ SI_TKILL$/,
  'read-only': /^SIGSEGV \/ SEGV_ACCERR$/,
  overflow: /^SIGSEGV \/ SEGV_(MAPERR|ACCERR)$/,
  'wild-call': /^SIGSEGV \/ SEGV_MAPERR$/,
  bus: /^SIGBUS \/ BUS_ADRERR$/,
};

export interface PeerDump {
  readonly path: string;
  readonly program: string;
  readonly way: string;
  /** The program's second argument: it chooses the shapes of its stacks. */
  readonly seed: number;
  /** The crash reason that a dump of this way has. */
  readonly reason: RegExp;
}

const libraries = ['libc.so.6', 'libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1', 'ld-linux-x86-64.so.2'];

/** Builds into `folder`; returns the dumps and the symbol directory. */
export function buildPeerDumps(folder: string): { readonly dumps: readonly PeerDump[]; readonly symbols: string } {
  const symbols = path.join(folder, 'symbols');
  const source = path.join(here, 'zoo.cc');
  const dumps: PeerDump[] = [];
  mkdirSync(symbols, { recursive: true });
  const writer = buildWriter(folder);
  addLibrarySymbols(folder, symbols);
  for (const [index, variant] of variants.entries()) {
    const program = path.join(folder, `zoo-${variant.name}`);
    if (!isNewer(program, source)) {
      run([...variant.command, '-o', program, source]);
      run([peerBinary('dump_syms'), '--inlines', '--store', symbols, program]);
    }
    for (const [number, [way, reason]] of Object.entries(reasons).entries()) {
      const dump = {
        path: path.join(folder, `${variant.name}.${way}.dmp`),
        program,
        way,
        seed: index + number,
        reason,
      };
      if (!isNewer(dump.path, program)) run([writer, dump.path, program, way, String(dump.seed)]);
      dumps.push(dump);
    }
  }
  return { dumps, symbols };
}

function isNewer(file: string, source: string): boolean {
  return existsSync(file) && statSync(file).mtimeMs >= statSync(source).mtimeMs;
}

function buildWriter(folder: string): string {
  const target = path.join(folder, 'writer');
  const binary = path.join(target, 'target/release/dump-writer');
  if (existsSync(binary)) return binary;
  cpSync(path.join(here, 'writer'), target, { recursive: true });
  run(['cargo', 'build', '--release', '--manifest-path', path.join(target, 'Cargo.toml')]);
  return binary;
}

function addLibrarySymbols(folder: string, symbols: string): void {
  const done = path.join(folder, 'libraries-done');
  if (existsSync(done)) return;
  for (const library of libraries) {
    const file = ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64']
      .map((directory) => path.join(directory, library))
      .find((candidate) => existsSync(candidate));
    if (file) run([peerBinary('dump_syms'), '--store', symbols, file]);
  }
  writeFileSync(done, '');
}

function run([command = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 600_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr?.toString().slice(-2000)}`);
}

if (import.meta.main) {
  const { dumps, symbols } = buildPeerDumps(path.resolve(process.argv[2] ?? 'peer-dumps'));
  console.log(`${dumps.length} dumps; symbols in ${symbols}`);
}
