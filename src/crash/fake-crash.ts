// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Invented crashes of invented programs, for trying out pages and searches: the same day and seed give the same crashes.
import type { JsonObject } from '../lib/json.ts';
import { pickOne, type Random, randomUuid, seededRandom } from '../lib/seeded-random.ts';
import { type CrashId, makeCrashId } from './crash-id.ts';
import type { ProcessedCrash } from './processed-crash.ts';
import type { RawCrash } from './raw-crash.ts';

export interface FakeCrash {
  readonly crashId: CrashId;
  readonly rawCrash: RawCrash;
  /** As a processor would leave it, but for the signature, which follows from the stack. */
  readonly processed: ProcessedCrash;
}

/** Says in every invented crash that it is one: nobody shall take it for a person's. */
export const fakeOrigin = 'invented';

const dayMs = 86_400_000;
/** A release of each program comes out so often. */
const releaseDays = 21;

const programs = [
  { product: 'Lantern', share: 0.6, major: 5, people: 900 },
  { product: 'Tidepool', share: 0.3, major: 2, people: 400 },
  { product: 'Kestrel', share: 0.1, major: 1, people: 60 },
] as const;

const systems = [
  { os: 'Windows NT', pretty: 'Windows 11', version: '10.0.22631', arch: 'amd64', exe: '.exe', share: 0.62 },
  { os: 'Windows NT', pretty: 'Windows 10', version: '10.0.19045', arch: 'x86', exe: '.exe', share: 0.14 },
  { os: 'Mac OS X', pretty: 'macOS 15', version: '15.1.0', arch: 'arm64', exe: '', share: 0.14 },
  { os: 'Linux', pretty: 'Linux', version: '6.8.0', arch: 'amd64', exe: '', share: 0.1 },
] as const;

const reasons: Readonly<Record<string, readonly string[]>> = {
  'Windows NT': ['EXCEPTION_ACCESS_VIOLATION_READ', 'EXCEPTION_ACCESS_VIOLATION_WRITE', 'EXCEPTION_STACK_OVERFLOW'],
  'Mac OS X': ['EXC_BAD_ACCESS / KERN_INVALID_ADDRESS', 'EXC_CRASH / SIGABRT'],
  Linux: ['SIGSEGV / SEGV_MAPERR', 'SIGABRT'],
};

const comments = [
  'It closed while I was typing.',
  'Third time today.',
  'Only with the new monitor.',
  'I opened a large file.',
];

const parts = ['layers', 'sync', 'import', 'render', 'undo', 'search', 'audio', 'plugins'] as const;
const nouns = ['Stack', 'Queue', 'Cache', 'Session', 'Decoder', 'Index'] as const;
const verbs = ['flush', 'resize', 'merge', 'restore', 'next', 'close', 'applyAll'] as const;
const faultCount = 40;

/** All crashes of one day (midnight, UTC), in the order of their time. */
export function fakeCrashesOf(day: Date, count: number, seed: number): readonly FakeCrash[] {
  const dayNumber = Math.floor(day.getTime() / dayMs);
  const random = seededRandom(seed * 100_003 + dayNumber);
  const times = Array.from({ length: count }, () => Math.floor(random() * dayMs)).sort((a, b) => a - b);
  return times.map((ms) => fakeCrash(random, new Date(day.getTime() + ms), dayNumber));
}

function fakeCrash(random: Random, receivedAt: Date, dayNumber: number): FakeCrash {
  const program = byShare(random, programs);
  const system = byShare(random, systems);
  // Most people have the newest release, some the one before, few an older one.
  const release = Math.floor(dayNumber / releaseDays) - Math.floor(random() ** 4 * 4);
  // Few faults make most crashes.
  const fault = Math.floor(random() ** 3 * faultCount);
  const person = Math.floor(random() ** 2 * program.people);
  const crashId = makeCrashId(randomUuid(random), 0, receivedAt);
  const installTime = Math.floor((release * releaseDays * dayMs) / 1000) + person * 61;
  const uptime = fault % 9 === 0 ? Math.floor(random() * 30) : Math.floor(random() ** 3 * 40_000);
  const comment = random() < 0.04 ? pickOne(random, comments) : null;
  const rawCrash: RawCrash = {
    uuid: crashId,
    submitted_timestamp: receivedAt.toISOString(),
    ProductName: program.product,
    Version: `${program.major}.${release % 50}.0`,
    ReleaseChannel: person % 12 === 0 ? 'beta' : 'release',
    BuildID: buildId(release),
    InstallTime: String(installTime),
    ProcessType: ['parent', 'parent', 'content', 'gpu'][fault % 4] as string,
    DumpOrigin: fakeOrigin,
    ...(comment === null ? {} : { Comments: comment }),
  };
  return {
    crashId,
    rawCrash,
    processed: processedCrash(random, rawCrash, system, { fault, person, uptime, receivedAt }),
  };
}

function processedCrash(
  random: Random,
  rawCrash: RawCrash,
  system: (typeof systems)[number],
  { fault, person, uptime, receivedAt }: { fault: number; person: number; uptime: number; receivedAt: Date },
): ProcessedCrash {
  const text = (name: string) => String(rawCrash[name]);
  const reason = (reasons[system.os] as readonly string[])[fault % 2] as string;
  const address = `0x${(fault * 8).toString(16).padStart(16, '0')}`;
  const program = text('ProductName').toLowerCase();
  const module = `${program}${system.exe}`;
  return {
    uuid: text('uuid'),
    crash_id: text('uuid'),
    date_processed: receivedAt.toISOString(),
    submitted_timestamp: receivedAt.toISOString(),
    completed_datetime: new Date(receivedAt.getTime() + 1500).toISOString(),
    success: true,
    product: text('ProductName'),
    version: text('Version'),
    release_channel: text('ReleaseChannel'),
    build: text('BuildID'),
    install_time: Number(rawCrash['InstallTime']),
    process_type: text('ProcessType'),
    report_type: fault % 13 === 5 ? 'hang' : 'crash',
    os_name: system.os,
    os_pretty_version: system.pretty,
    os_version: system.version,
    cpu_arch: system.arch,
    cpu_count: pickOne(random, [4, 8, 8, 16]),
    uptime,
    startup_crash: uptime < 30 && fault % 9 === 0,
    reason,
    address,
    crashing_thread: 0,
    client_id: `invented-${program}-${person}`,
    processor_notes: 'Invented by `salvage db fakedata`: no program crashed.',
    ...('Comments' in rawCrash ? { user_comments: text('Comments') } : {}),
    json_dump: {
      crash_info: { type: reason, address, crashing_thread: 0 },
      system_info: { os: system.os, cpu_arch: system.arch },
      thread_count: 2,
      modules: [{ filename: module, debug_file: `${program}.pdb`, debug_id: '0'.repeat(32) + (fault % 7) }],
      threads: [
        { thread_name: 'Main', frame_count: 6, frames: framesOf(program, module, fault) },
        { thread_name: 'Worker', frame_count: 1, frames: [frameOf(`${program}::Worker::wait()`, module, 0)] },
      ],
    },
  };
}

/** The stack of a fault: always the same for one program. */
function framesOf(program: string, module: string, fault: number): JsonObject[] {
  const part = parts[fault % parts.length] as string;
  const noun = nouns[fault % nouns.length] as string;
  const verb = verbs[fault % verbs.length] as string;
  const names = [
    `${program}::${part}::${noun}::${verb}(${fault % 3 === 0 ? 'int' : ''})`,
    `${program}::${part}::Controller::handle(${program}::Event const&)`,
    `${program}::ui::Window::dispatch(${program}::Event const&)`,
    `${program}::app::EventLoop::run()`,
    `${program}::app::start(int, char**)`,
    'main',
  ];
  return names.map((name, frame) => frameOf(name, module, frame));
}

function frameOf(name: string, module: string, frame: number): JsonObject {
  const offset = 0x1000 + name.length * 64 + frame;
  return {
    frame,
    function: name,
    module,
    module_offset: `0x${offset.toString(16)}`,
    offset: `0x${(0x140000000 + offset).toString(16)}`,
    trust: frame === 0 ? 'context' : 'cfi',
  };
}

function buildId(release: number): string {
  const day = new Date(release * releaseDays * dayMs).toISOString().slice(0, 10);
  return `${day.replaceAll('-', '')}090000`;
}

function byShare<T extends { readonly share: number }>(random: Random, items: readonly T[]): T {
  let left = random();
  for (const item of items) {
    left -= item.share;
    if (left < 0) return item;
  }
  return items[0] as T;
}
