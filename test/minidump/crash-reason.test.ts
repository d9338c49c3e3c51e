// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  assertionText,
  bytesSource,
  crashAddress,
  crashingThreadIndex,
  crashReason,
  lastErrorName,
  openMinidump,
} from '../../src/minidump/minidump.ts';
import type { BuilderCpu } from '../builders/context-builder.ts';
import { type BuilderOs, MinidumpBuilder } from '../builders/minidump-builder.ts';

const reasonOf = (
  os: BuilderOs,
  code: number,
  flags = 0,
  parameters: bigint[] = [],
  cpu: BuilderCpu = 'amd64',
): string => {
  const builder = new MinidumpBuilder({ cpu, os }).systemInfo().thread({ id: 1 });
  const dump = openMinidump(bytesSource(builder.exception({ threadId: 1, code, flags, parameters }).build()));
  assert.ok(dump.exception);
  return crashReason(dump.exception, dump.systemInfo);
};

/** [code, flags, text]; the texts are those that stackwalker.md §8 gives. */
const linuxCases: [number, number, string][] = [
  [11, 1, 'SIGSEGV / SEGV_MAPERR'],
  [11, 2, 'SIGSEGV / SEGV_ACCERR'],
  [11, 4, 'SIGSEGV / SEGV_PKUERR'],
  [11, 0x80, 'SIGSEGV / SI_KERNEL'],
  [11, 0, 'SIGSEGV'],
  [7, 5, 'SIGBUS / BUS_MCEERR_AO'],
  [8, 1, 'SIGFPE / FPE_INTDIV'],
  [8, 8, 'SIGFPE / FPE_FLTSUB'],
  [4, 9, 'SIGILL / ILL_BADIADDR'],
  [5, 1, 'SIGTRAP / TRAP_BRKPT'],
  [31, 1, 'SIGSYS / SYS_SECCOMP'],
  [6, 0xfffffffa, 'SIGABRT / SI_TKILL'],
  [6, 0xffffffff, 'SIGABRT / SI_QUEUE'],
  [6, 5, 'SIGABRT / 0x00000005'],
  [6, 0, 'SIGABRT'],
  [0xffffffff, 0, 'DUMP_REQUESTED'],
  [0, 0, 'unknown 0x00000000 / 0x00000000'],
  [64, 3, 'unknown 0x00000040 / 0x00000003'],
];

const windowsCases: [number, bigint[], string][] = [
  [0xc0000005, [0n, 1n], 'EXCEPTION_ACCESS_VIOLATION_READ'],
  [0xc0000005, [1n, 1n], 'EXCEPTION_ACCESS_VIOLATION_WRITE'],
  [0xc0000005, [8n, 1n], 'EXCEPTION_ACCESS_VIOLATION_EXEC'],
  [0xc0000005, [3n, 1n], 'EXCEPTION_ACCESS_VIOLATION'],
  [0xc0000005, [], 'EXCEPTION_ACCESS_VIOLATION'],
  [0xc0000006, [0n, 1n, 0xffffffff_c000009cn], 'EXCEPTION_IN_PAGE_ERROR_READ / STATUS_DEVICE_DATA_ERROR'],
  [0xc0000006, [1n, 1n, 0x12345678n], 'EXCEPTION_IN_PAGE_ERROR_WRITE / 0x12345678'],
  [0xc0000006, [0n, 1n], 'EXCEPTION_IN_PAGE_ERROR'],
  [0xc0000409, [7n], 'EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_FATAL_APP_EXIT'],
  [0xc0000409, [0x999n], 'EXCEPTION_STACK_BUFFER_OVERRUN / 0x00000999'],
  [0xc0000409, [], 'STATUS_STACK_BUFFER_OVERRUN'],
  [0x80000003, [], 'EXCEPTION_BREAKPOINT'],
  [0xc00000fd, [], 'EXCEPTION_STACK_OVERFLOW'],
  [0xe06d7363, [], 'Unhandled C++ Exception'],
  [0xe0000008, [], 'Out of Memory'],
  [0x0517a7ed, [], 'Simulated Exception'],
  [0xc0000374, [], 'STATUS_HEAP_CORRUPTION'],
  [0xc06d007e, [], 'FACILITY_VISUALCPP / ERROR_MOD_NOT_FOUND'],
  [5, [], 'ERROR_ACCESS_DENIED'],
  [0xdeadbeef, [], 'unknown 0xdeadbeef'],
];

const macCases: [number, number, string, BuilderCpu?, bigint[]?][] = [
  [1, 1, 'EXC_BAD_ACCESS / KERN_INVALID_ADDRESS'],
  [1, 50, 'EXC_BAD_ACCESS / KERN_CODESIGN_ERROR'],
  [1, 13, 'EXC_BAD_ACCESS / EXC_I386_GPFLT'],
  [1, 13, 'EXC_BAD_ACCESS / 0x0000000d', 'arm64'],
  [1, 0x101, 'EXC_BAD_ACCESS / EXC_ARM_DA_ALIGN', 'arm64'],
  [2, 1, 'EXC_BAD_INSTRUCTION / EXC_I386_INVOP'],
  [2, 1, 'EXC_BAD_INSTRUCTION / EXC_ARM_UNDEFINED', 'arm64'],
  [3, 1, 'EXC_ARITHMETIC / EXC_I386_DIV', 'x86'],
  [3, 2, 'EXC_ARITHMETIC / EXC_PPC_ZERO_DIVIDE', 'ppc'],
  [5, 0x10002, 'EXC_SOFTWARE / SIGABRT'],
  [5, 0xdeadc0de, 'EXC_SOFTWARE / UNCAUGHT_NS_EXCEPTION'],
  [6, 2, 'EXC_BREAKPOINT / EXC_I386_BPT'],
  [6, 1, 'EXC_BREAKPOINT / EXC_ARM_BREAKPOINT', 'arm64'],
  [4, 7, 'EXC_EMULATION / 0x00000007'],
  [0x43507378, 0, 'Simulated Exception'],
  [0x43506e78, 0, 'Uncaught NSException'],
  [99, 1, 'unknown 0x00000063 / 0x00000001'],
  [
    ...([11, 1 << 29] as const),
    'EXC_RESOURCE / RESOURCE_TYPE_CPU / FLAVOR_CPU_MONITOR_FATAL interval: 60s CPU limit: 5% CPU consumed: 6%',
    'arm64',
    [0n, (2n << 58n) | (60n << 7n) | 5n, 6n],
  ],
  [
    ...([11, 3 << 29] as const),
    'EXC_RESOURCE / RESOURCE_TYPE_MEMORY / FLAVOR_HIGH_WATERMARK high watermark limit: 512MiB',
    'arm64',
    [0n, (1n << 58n) | 512n, 0n],
  ],
  [
    ...([11, 2 << 29] as const),
    'EXC_RESOURCE / RESOURCE_TYPE_WAKEUPS / 0x0000000000000000 / 0x0000000000000001',
    'arm64',
    [0n, 0n, 1n],
  ],
  [
    ...([12, 2 << 29] as const),
    'EXC_GUARD / GUARD_TYPE_FD / GUARD_EXC_CLOSE file descriptor: 9 guard identifier: 3',
    'arm64',
    [0n, (1n << 32n) | 9n, 3n],
  ],
  [
    ...([12, 1 << 29] as const),
    'EXC_GUARD / GUARD_TYPE_MACH_PORT / GUARD_EXC_MOD_REFS port name: 7',
    'arm64',
    [0n, (2n << 32n) | 7n, 0n],
  ],
  [12, 0, 'EXC_GUARD / GUARD_TYPE_NONE'],
];

describe('crash reason', () => {
  for (const [code, flags, text] of linuxCases)
    it(`on Linux: ${text}`, () => assert.equal(reasonOf('linux', code, flags), text));
  for (const [code, parameters, text] of windowsCases)
    it(`on Windows: ${text}`, () => assert.equal(reasonOf('windows', code, 0, parameters), text));
  for (const [code, flags, text, cpu, parameters] of macCases)
    it(`on macOS ${cpu ?? ''}: ${text}`, () => assert.equal(reasonOf('mac', code, flags >>> 0, parameters, cpu), text));

  it('is read on Android as on Linux, on iOS as on macOS, elsewhere not at all', () => {
    assert.equal(reasonOf('android', 11, 1), 'SIGSEGV / SEGV_MAPERR');
    assert.equal(reasonOf('ios', 1, 1), 'EXC_BAD_ACCESS / KERN_INVALID_ADDRESS');
    assert.equal(reasonOf('solaris', 11, 1), 'unknown 0x0000000b / 0x00000001');
  });
});

describe('crash address', () => {
  const addressOf = (os: BuilderOs, cpu: BuilderCpu, code: number, address: bigint, parameters: bigint[]): bigint => {
    const builder = new MinidumpBuilder({ cpu, os }).systemInfo().thread({ id: 1 });
    const dump = openMinidump(bytesSource(builder.exception({ threadId: 1, code, address, parameters }).build()));
    assert.ok(dump.exception);
    return crashAddress(dump.exception, dump.systemInfo);
  };

  it('is the faulting data on Windows, the exception address otherwise', () => {
    assert.equal(addressOf('windows', 'amd64', 0xc0000005, 0x401000n, [1n, 0x45n]), 0x45n);
    assert.equal(addressOf('windows', 'amd64', 0xc0000006, 0x401000n, [0n, 0x46n, 0n]), 0x46n);
    assert.equal(addressOf('windows', 'amd64', 0xc0000005, 0x401000n, [1n]), 0x401000n);
    assert.equal(addressOf('windows', 'amd64', 0xc0000094, 0x401000n, [1n, 0x45n]), 0x401000n);
    assert.equal(addressOf('linux', 'amd64', 11, 0xffff_8000_0000_0000n, []), 0xffff_8000_0000_0000n);
  });

  it('has 32 bits on 32-bit processors', () => {
    assert.equal(addressOf('windows', 'x86', 0xc0000005, 0n, [0n, 0xffffffff_fffffffcn]), 0xfffffffcn);
  });
});

describe('facts of threads', () => {
  it('names the last error from the thread environment block', () => {
    const bytes = new Uint8Array(0x100);
    bytes[13 * 8] = 5;
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'windows' }).systemInfo();
    builder.thread({ id: 1, teb: 0x7000n }).thread({ id: 2, teb: 0x9000n }).memory(0x7000n, bytes);
    const dump = openMinidump(bytesSource(builder.build()));
    assert.deepEqual(
      dump.threads.map((thread) => lastErrorName(dump, thread)),
      ['ERROR_ACCESS_DENIED', null],
    );
  });

  it('finds the crashing thread, else the one that asked for the dump', () => {
    const make = () =>
      new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo().thread({ id: 5 }).thread({ id: 6 });
    const indexOf = (builder: MinidumpBuilder) => crashingThreadIndex(openMinidump(bytesSource(builder.build())));
    assert.equal(indexOf(make()), null);
    assert.equal(indexOf(make().exception({ threadId: 6, code: 11 })), 1);
    assert.equal(indexOf(make().exception({ threadId: 7, code: 11 })), null);
    const requested = make();
    assert.equal(indexOf(requested.stream(0x47670001, requested.section().u32(2).u32(0).u32(5))), 0);
  });

  it('puts an assertion on one line', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'windows' }).systemInfo().thread({ id: 1 });
    const section = builder.section().utf16Field('x != 0', 256).utf16Field('main', 256).utf16Field('a.cc', 256);
    const dump = openMinidump(bytesSource(builder.stream(0x47670002, section.u32(12).u32(0)).build()));
    assert.equal(assertionText(dump), 'x != 0, main, a.cc:12');
  });
});
