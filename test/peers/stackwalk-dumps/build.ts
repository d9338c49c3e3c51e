// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `node test/peers/stackwalk-dumps/build.ts FOLDER` makes dumps of our own: zoo.cc compiled in sixteen ways, crashed in
// fifteen ways, dumped by the minidump-writer crate, with symbols by Mozilla's dump_syms. Needs Linux on amd64, g++,
// clang++ and cargo. What is there already is kept, so an interrupted run goes on.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
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

const ways = [
  ...['null-read', 'null-write', 'null-call', 'wild-read', 'non-canonical', 'divide', 'illegal', 'trap', 'abort'],
  ...['assert', 'throw', 'read-only', 'overflow', 'wild-call', 'bus'],
] as const;

const libraries = ['libc.so.6', 'libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1', 'ld-linux-x86-64.so.2'];

/** Builds into `folder`; returns the dumps and the symbol directory. */
export function buildPeerDumps(folder: string): { readonly dumps: readonly string[]; readonly symbols: string } {
  const symbols = path.join(folder, 'symbols');
  const dumps: string[] = [];
  mkdirSync(symbols, { recursive: true });
  const writer = buildWriter(folder);
  addLibrarySymbols(folder, symbols);
  for (const [index, variant] of variants.entries()) {
    const program = path.join(folder, `zoo-${variant.name}`);
    if (!existsSync(program)) {
      run([...variant.command, '-o', program, path.join(here, 'zoo.cc')]);
      run([peerBinary('dump_syms'), '--inlines', '--store', symbols, program]);
    }
    for (const [number, way] of ways.entries()) {
      const dump = path.join(folder, `${variant.name}.${way}.dmp`);
      if (!existsSync(dump)) run([writer, dump, program, way, String(index + number)]);
      dumps.push(dump);
    }
  }
  return { dumps, symbols };
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
