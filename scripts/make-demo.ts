// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `node scripts/make-demo.ts [SCRATCH]` makes what `salvage demo` sends: demo/dumps and demo/symbols. Linux dumps are real:
// the programs of demo/src crash in a mount namespace in which they stand in /opt, with no environment, so that
// nothing of this machine but its processor and system libraries is in them. Those of other systems are built.
// Needs Linux on amd64, g++, rustc, cargo, unshare(1), libc6-dbg, and Mozilla's dump_syms 2.3.9.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { findSymFiles } from '../src/symbols/find-sym-files.ts';
import { peerBinary } from '../test/peers/stackwalk-peer.ts';
import { makeSyntheticDemo } from './synthetic-demo.ts';

const root = path.join(import.meta.dirname, '..');
const sources = path.join(root, 'demo/src');
const writerSources = path.join(root, 'test/peers/stackwalk-dumps/writer');

interface Program {
  /** Also the name of its file. */
  readonly name: string;
  readonly version: string;
  readonly ways: readonly string[];
  /** Its compiler, without input and output. */
  readonly compile: (folder: string) => readonly string[];
}

/** With its own copy of libstdc++, so that the symbols of the program name that too. */
const cxx = [
  'g++',
  '-std=c++17',
  '-O2',
  '-g',
  '-fno-plt',
  '-fno-omit-frame-pointer',
  '-static-libstdc++',
  '-static-libgcc',
  '-pthread',
];
/** Not with lld: its gap between segments makes two modules of one program in dumps by minidump-writer 0.13. */
const rust = [
  'rustc',
  '--edition',
  '2021',
  '-O',
  '-g',
  '-C',
  'panic=abort',
  '-C',
  'codegen-units=1',
  '-C',
  'link-arg=-fuse-ld=bfd',
];

function lantern(version: string, ways: readonly string[]): Program {
  const compile = (folder: string) => [
    ...cxx,
    `-DLANTERN_VERSION="${version}"`,
    ...prefixMaps(folder, 'lantern'),
    path.join(sources, 'lantern.cc'),
    path.join(folder, 'report-crash.o'),
  ];
  return { name: 'lantern', version, ways, compile };
}

const programs: readonly Program[] = [
  lantern('2.3.1', ['paint', 'undo', 'export', 'svg']),
  lantern('2.4.0', ['paint', 'brush', 'undo', 'open', 'plugin']),
  {
    name: 'kestrel',
    version: '1.8.2',
    ways: ['rename', 'delta', 'cache'],
    compile: (folder) => [
      ...rust,
      `--remap-path-prefix=${sources}=/build/kestrel`,
      `--remap-path-prefix=${folder}=/build`,
      '-C',
      `link-arg=${path.join(folder, 'report-crash.o')}`,
      path.join(sources, 'kestrel.rs'),
    ],
  },
];

const [libc, libcDebug] = ['/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/debug/.build-id'];

function prefixMaps(folder: string, name: string): string[] {
  return [`-ffile-prefix-map=${sources}=/build/${name}`, `-ffile-prefix-map=${folder}=/build`];
}

function run([command = '', ...args]: readonly string[], cwd?: string): void {
  const { status, stderr, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')}: ${stderr?.toString().slice(-2000)}`);
}

function buildWriter(scratch: string): string {
  const target = path.join(scratch, 'writer');
  const binary = path.join(target, 'target/release/dump-writer');
  if (existsSync(binary)) return binary;
  cpSync(writerSources, target, { recursive: true });
  run(['cargo', 'build', '--release', '--manifest-path', path.join(target, 'Cargo.toml')]);
  return binary;
}

/** Lets the program crash in each of its ways, seen by itself as /opt/NAME/NAME. */
function crash(program: Program, binary: string, writer: string, dumps: string): void {
  const place = `/opt/${program.name}`;
  for (const way of program.ways) {
    const dump = path.join(dumps, `${program.name}-${program.version}-${way}.dmp`);
    const script = [
      'mount -t tmpfs none /opt',
      `mkdir ${place}`,
      `cp "$2" ${place}/${program.name}`,
      'cd /',
      `exec env -i "$1" "$3" ${place}/${program.name} ${way}`,
    ].join(' && ');
    run(['unshare', '--mount', '--map-root-user', 'sh', '-c', script, 'sh', writer, binary, dump]);
    writeFileSync(dump, withoutHost(readFileSync(dump)));
  }
}

const streamTypes = { handles: 12, cpuInfo: 0x47670003, environment: 0x47670007, moduleList: 4 };

/**
 * Takes out what tells about the machine and not about the crash: open files, the environment, the processor's serial
 * facts, and the words that a distributor added to the kernel's release.
 */
function withoutHost(dump: Buffer): Buffer {
  const unused = new Set<number>([streamTypes.handles, streamTypes.cpuInfo, streamTypes.environment]);
  const [count, directory] = [dump.readUInt32LE(8), dump.readUInt32LE(12)];
  for (let entry = directory; entry < directory + count * 12; entry += 12) {
    if (!unused.has(dump.readUInt32LE(entry))) continue;
    const [size, at] = [dump.readUInt32LE(entry + 4), dump.readUInt32LE(entry + 8)];
    dump.fill(0, at, at + size);
    dump.fill(0, entry, entry + 12);
  }
  const release = /Linux (\d+\.\d+\.\d+)(-[\w.-]+)?/;
  const known = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  const extra = release.exec(`Linux ${known}`)?.[2] ?? '';
  const find = Buffer.from(extra, 'utf16le');
  const replacement = Buffer.from('-generic-generic-generic'.slice(0, extra.length), 'utf16le');
  for (let at = extra ? dump.indexOf(find) : -1; at >= 0; at = dump.indexOf(find, at)) replacement.copy(dump, at);
  return dump;
}

/** What no file of the demo may contain. */
function assertNeutral(file: string, bytes: Buffer): void {
  const texts = [bytes.toString('latin1'), bytes.toString('utf16le')];
  for (const secret of [root, path.dirname(root), tmpdir(), process.env['HOME'] ?? '', process.env['HOSTNAME'] ?? ''])
    if (secret.length > 3 && texts.some((text) => text.includes(`${secret}/`)))
      throw new Error(`${file} contains ${secret}`);
}

function publish(folder: string, name: string, bytes: Buffer): void {
  assertNeutral(name, bytes);
  writeFileSync(path.join(root, 'demo', folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
}

/** The C library's own functions by name, from Debian's libc6-dbg; without lines, which would be four times as large. */
function addFunctionNames(symbols: string, dumpSyms: string): void {
  const folder = path.join(symbols, path.basename(libc));
  const sym = path.join(folder, readdirSync(folder)[0] as string, `${path.basename(libc)}.sym`);
  const lines = readFileSync(sym, 'latin1').split('\n');
  const codeId =
    lines
      .find((line) => line.startsWith('INFO CODE_ID '))
      ?.split(' ')[2]
      ?.toLowerCase() ?? '';
  const debugFile = path.join(libcDebug, codeId.slice(0, 2), `${codeId.slice(2)}.debug`);
  const { stdout, status } = spawnSync(dumpSyms, [debugFile], { maxBuffer: 1024 ** 3 });
  if (status !== 0) throw new Error(`no symbols in ${debugFile}: is libc6-dbg installed?`);
  const functions = stdout
    .toString('latin1')
    .split('\n')
    .filter((line) => line.startsWith('FUNC '));
  const at = lines.findIndex((line) => !/^(MODULE|INFO) /.test(line));
  writeFileSync(
    sym,
    [...lines.slice(0, at), ...functions, ...lines.slice(at).filter((line) => !line.includes('ELF section'))].join(
      '\n',
    ),
  );
}

async function main(): Promise<void> {
  const scratch = path.resolve(process.argv[2] ?? mkdtempSync(path.join(tmpdir(), 'salvage-demo-')));
  const [symbols, dumps] = [path.join(scratch, 'symbols'), path.join(scratch, 'dumps')];
  for (const folder of [symbols, dumps, path.join(root, 'demo/dumps'), path.join(root, 'demo/symbols')]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const writer = buildWriter(scratch);
  const object = path.join(scratch, 'report-crash.o');
  run([
    'gcc',
    '-O2',
    '-g',
    '-c',
    ...prefixMaps(scratch, 'lantern'),
    '-o',
    object,
    path.join(sources, 'report-crash.c'),
  ]);
  const dumpSyms = peerBinary('dump_syms');
  for (const program of programs) {
    const folder = path.join(scratch, program.version);
    mkdirSync(folder, { recursive: true });
    cpSync(object, path.join(folder, 'report-crash.o'));
    const binary = path.join(folder, program.name);
    run([...program.compile(folder), '-o', binary], folder);
    run([dumpSyms, '--inlines', '--store', symbols, binary]);
    crash(program, binary, writer, dumps);
    for (const way of program.ways) {
      const name = `${program.name}-${program.version}-${way}.dmp`;
      publish('dumps', name, readFileSync(path.join(dumps, name)));
    }
  }
  run([dumpSyms, '--store', symbols, libc]);
  addFunctionNames(symbols, dumpSyms);
  for await (const { path: file } of findSymFiles(symbols, path.join(scratch, 'incoming'))) {
    const [, name] = path.relative(symbols, file).split(path.sep).reverse();
    publish('symbols', `${path.basename(file, '.sym')}-${name?.slice(0, 8)}.sym`, readFileSync(file));
  }
  const synthetic = makeSyntheticDemo();
  for (const [name, bytes] of synthetic.dumps) publish('dumps', name, Buffer.from(bytes));
  for (const [name, text] of synthetic.symbols) publish('symbols', name, Buffer.from(text));
  console.log(`demo/dumps and demo/symbols are made; scratch: ${scratch}`);
}

await main();
