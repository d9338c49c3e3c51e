// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Signatures per second on one core: 40 frames normalised, 10 matched before the signature ends, explanation on, every
// crash different. Floor in the same run: the least that any generator must do with a crash (read the names of its 40
// frames and join them). Peer for the lists: one big alternation as a RegExp, which is how Socorro matches.
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CrashData } from '../src/signature/crash-data.ts';
import { generateSignature, parseSiglists } from '../src/signature/signature.ts';

const { values } = parseArgs({
  options: {
    lists: { type: 'string', default: 'siglists' },
    crashes: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '7' },
  },
});
const texts = Object.fromEntries(
  readdirSync(values.lists)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => [name, readFileSync(`${values.lists}/${name}`, 'utf8')]),
);
const lists = parseSiglists(texts);

let seed = 0x2545f491;
function random(below: number): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}
const pick = <T>(items: readonly T[]): T => items[random(items.length)]!;
const word = (): string =>
  `${pick(['Glow', 'Tank', 'Wick', 'Pane', 'Lamp', 'Oil', 'Shade'])}${random(100_000).toString(36)}`;

/** Names as long and as bracketed as those of real C++ and Rust stacks. */
function functionName(): string {
  const space = `${word().toLowerCase()}::${word()}`;
  switch (random(6)) {
    case 0:
      return `void ${space}::${word()}(${word()} const&, int, char const*)`;
    case 1:
      return `static bool ${space}<${word()}, std::pair<${word()}, int> >::${word()}(${word()}<int>*, unsigned int) const`;
    case 2:
      return `${space}::(anonymous namespace)::${word()}(bool)::$_${random(9)}::operator()(${word()}&) const`;
    case 3:
      return `std::__1::function<void (${word()}, ${word()} const&)>::operator()(${word()}) const`;
    case 4:
      return `<${space}::${word()} as core::iter::Iterator>::${word().toLowerCase()}::h0123456789abcdef`;
    default:
      return `class ${word()} * __cdecl ${space}::${word()}(class ${word()} *, enum ${word()}) [clone .cold.${random(9)}]`;
  }
}

const top = ['raise', 'abort', '__assert_fail', 'memcpy', 'malloc(unsigned long)', 'operator new(unsigned long)'];
const kept = ['malloc', 'free', 'memmove', 'strlen', 'realloc', 'HeapAlloc', 'objc_msgSend', 'pthread_mutex_lock'];
const skipped = [
  '_CxxThrowException',
  'RaiseException',
  'rust_panic',
  'mach_msg_trap',
  '__cxa_rethrow',
  'KiUserApcDispatch',
];

function makeCrash(): CrashData {
  const known = [pick(top), ...Array.from({ length: 8 }, (_, index) => pick(index % 2 ? kept : skipped))];
  const names = [...known, ...Array.from({ length: 31 }, functionName)];
  const frames = names.map((name, frame) => ({
    frame,
    function: name,
    file: `git:github.com/example/lantern:src/${word()}.${name.startsWith('<') ? 'rs' : 'cpp'}:0a1b2c3d`,
    line: random(4000),
    module: 'liblantern.so',
    module_offset: `0x${random(1 << 24).toString(16)}`,
    offset: `0x00007f${random(1 << 30)
      .toString(16)
      .padStart(10, '0')}`,
    trust: 'cfi',
  }));
  return { os: 'Linux', reason: 'SIGSEGV / SEGV_MAPERR', crashing_thread: 0, threads: [{ frames }] };
}

const crashes = Array.from({ length: Number(values.crashes) }, makeCrash);

function perSecond(work: (crash: CrashData) => unknown): number {
  const before = process.cpuUsage();
  for (const crash of crashes) work(crash);
  const { user, system } = process.cpuUsage(before);
  return crashes.length / ((user + system) / 1e6);
}

type Thread = { frames: { function: string }[] };
const floor = (crash: CrashData): number =>
  (crash['threads'] as unknown as Thread[])[0]!.frames.map((frame) => frame.function).join(' | ').length;

const sources = (file: string): string =>
  texts[file]!.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('|');
const irrelevant = new RegExp(`^(?:${sources('irrelevant_signature_re.txt')})`);
const prefix = new RegExp(`^(?:${sources('prefix_signature_re.txt')})`);
const matched = crashes.map((crash) =>
  generateSignature(crash, { lists, era: 'today', provisional: true })
    .explanation.frames.filter(({ fate }) => fate !== 'below' && fate !== 'above')
    .map(({ text }) => text),
);
function matchesPerSecond(isMatch: (text: string) => boolean): number {
  const before = process.cpuUsage();
  let count = 0;
  for (const frames of matched)
    for (const text of frames) {
      isMatch(text);
      count += 1;
    }
  const { user, system } = process.cpuUsage(before);
  return count / ((user + system) / 1e6);
}

const rounds = { signatures: [] as number[], floor: [] as number[], automaton: [] as number[], regExp: [] as number[] };
for (let round = 0; round < Number(values.rounds); round += 1) {
  rounds.signatures.push(perSecond((crash) => generateSignature(crash, { lists, era: 'today', provisional: true })));
  rounds.floor.push(perSecond(floor));
  rounds.automaton.push(
    matchesPerSecond((text) => (lists.irrelevant.match(text) ?? lists.prefix.match(text)) !== null),
  );
  rounds.regExp.push(matchesPerSecond((text) => irrelevant.test(text) || prefix.test(text)));
}

function spread(numbers: readonly number[]): { median: number; min: number; max: number } {
  const sorted = numbers.slice(1).sort((a, b) => a - b);
  const round = (value: number | undefined): number => Math.round(value ?? 0);
  return { median: round(sorted[sorted.length >> 1]), min: round(sorted[0]), max: round(sorted.at(-1)) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0);
const signatures = spread(rounds.signatures);
const least = spread(rounds.floor);
process.stdout.write(
  `${JSON.stringify(
    {
      bench: 'signature',
      crashes: crashes.length,
      framesMatchedMean: sum(matched.map((frames) => frames.length)) / matched.length,
      framesNormalised: 40,
      signaturesPerCpuSecond: signatures,
      floorPerCpuSecond: least,
      ratioToFloor: Number((least.median / signatures.median).toFixed(1)),
      listMatchesPerCpuSecond: { automaton: spread(rounds.automaton), alternationRegExp: spread(rounds.regExp) },
      target: 5000,
      isMet: signatures.median > 5000,
    },
    null,
    2,
  )}\n`,
);
