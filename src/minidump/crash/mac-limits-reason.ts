// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type NameTable, nameOf } from '../name-table.ts';
import { hexText } from '../text.ts';

// EXC_RESOURCE and EXC_GUARD pack what happened into their 64-bit code and sub-code
// (kern/exc_resource.h and kern/exc_guard.h of Apple's xnu).

const bits = (value: bigint, from: number, count: number): bigint =>
  (value >> BigInt(from)) & ((1n << BigInt(count)) - 1n);

/** A kind of resource limit: its flavors and how code and sub-code read. */
interface ResourceKind {
  readonly name: string;
  readonly flavors: NameTable;
  readonly text: (code: bigint, subcode: bigint) => string;
}

const resourceKinds: Readonly<Record<string, ResourceKind>> = {
  '0x1': {
    name: 'RESOURCE_TYPE_CPU',
    flavors: { '0x1': 'FLAVOR_CPU_MONITOR', '0x2': 'FLAVOR_CPU_MONITOR_FATAL' },
    text: (code, subcode) =>
      `interval: ${bits(code, 7, 25)}s CPU limit: ${bits(code, 0, 3)}% CPU consumed: ${bits(subcode, 0, 3)}%`,
  },
  '0x2': {
    name: 'RESOURCE_TYPE_WAKEUPS',
    flavors: { '0x1': 'FLAVOR_WAKEUPS_MONITOR' },
    text: (code, subcode) =>
      `interval: ${bits(code, 20, 20)}s wakeups permitted: ${bits(code, 0, 12)} wakeups observed: ${bits(subcode, 0, 12)}`,
  },
  '0x3': {
    name: 'RESOURCE_TYPE_MEMORY',
    flavors: { '0x1': 'FLAVOR_HIGH_WATERMARK' },
    text: (code) => `high watermark limit: ${bits(code, 0, 13)}MiB`,
  },
  '0x4': {
    name: 'RESOURCE_TYPE_IO',
    flavors: { '0x1': 'FLAVOR_IO_PHYSICAL_WRITES', '0x2': 'FLAVOR_IO_LOGICAL_WRITES' },
    text: (code, subcode) =>
      `interval: ${bits(code, 15, 17)}s I/O limit: ${bits(code, 0, 15)}% I/O observed: ${bits(subcode, 0, 15)}%`,
  },
  '0x5': {
    name: 'RESOURCE_TYPE_THREADS',
    flavors: { '0x1': 'FLAVOR_THREADS_HIGH_WATERMARK' },
    text: (code) => `high watermark limit: ${bits(code, 0, 15)}`,
  },
};

/** Text of EXC_RESOURCE; `type` is the top three bits of the flags. Undefined for unknown types. */
export function macResourceReason(type: number, code: bigint, subcode: bigint): string | undefined {
  const kind = resourceKinds[`0x${type}`];
  if (!kind) return undefined;
  const flavor = nameOf(kind.flavors, bits(code, 58, 3));
  return `EXC_RESOURCE / ${kind.name} / ${flavor ? `${flavor} ${kind.text(code, subcode)}` : rawText(code, subcode)}`;
}

const machPortFlavors: NameTable = {
  '0x1': 'GUARD_EXC_DESTROY',
  '0x2': 'GUARD_EXC_MOD_REFS',
  '0x3': 'GUARD_EXC_INVALID_OPTIONS',
  '0x4': 'GUARD_EXC_SET_CONTEXT',
  '0x5': 'GUARD_EXC_THREAD_SET_STATE',
  '0x8': 'GUARD_EXC_UNGUARDED',
  '0x10': 'GUARD_EXC_INCORRECT_GUARD',
  '0x20': 'GUARD_EXC_IMMOVABLE',
  '0x40': 'GUARD_EXC_STRICT_REPLY',
  '0x80': 'GUARD_EXC_MSG_FILTERED',
  '0x100': 'GUARD_EXC_INVALID_RIGHT',
  '0x200': 'GUARD_EXC_INVALID_NAME',
  '0x400': 'GUARD_EXC_INVALID_VALUE',
  '0x800': 'GUARD_EXC_INVALID_ARGUMENT',
  '0x1000': 'GUARD_EXC_RIGHT_EXISTS',
  '0x2000': 'GUARD_EXC_KERN_NO_SPACE',
  '0x4000': 'GUARD_EXC_KERN_FAILURE',
  '0x8000': 'GUARD_EXC_KERN_RESOURCE',
  '0x10000': 'GUARD_EXC_SEND_INVALID_REPLY',
  '0x20000': 'GUARD_EXC_SEND_INVALID_VOUCHER',
  '0x40000': 'GUARD_EXC_SEND_INVALID_RIGHT',
  '0x80000': 'GUARD_EXC_RCV_INVALID_NAME',
  '0x100000': 'GUARD_EXC_RCV_GUARDED_DESC',
  '0x200000': 'GUARD_EXC_MOD_REFS_NON_FATAL',
  '0x400000': 'GUARD_EXC_IMMOVABLE_NON_FATAL',
  '0x800000': 'GUARD_EXC_REQUIRE_REPLY_PORT_SEMANTICS',
  '0x1000000': 'GUARD_EXC_EXCEPTION_BEHAVIOR_ENFORCE',
};

const fileDescriptorFlavors: NameTable = {
  '0x1': 'GUARD_EXC_CLOSE',
  '0x2': 'GUARD_EXC_DUP',
  '0x4': 'GUARD_EXC_NOCLOEXEC',
  '0x8': 'GUARD_EXC_SOCKET_IPC',
  '0x10': 'GUARD_EXC_FILEPORT',
  '0x20': 'GUARD_EXC_MISMATCH',
  '0x40': 'GUARD_EXC_WRITE',
};

const vnodeFlavors: NameTable = {
  '0x1': 'GUARD_EXC_RENAME_TO',
  '0x2': 'GUARD_EXC_RENAME_FROM',
  '0x4': 'GUARD_EXC_UNLINK',
  '0x8': 'GUARD_EXC_WRITE_OTHER',
  '0x10': 'GUARD_EXC_TRUNC_OTHER',
  '0x20': 'GUARD_EXC_LINK',
  '0x40': 'GUARD_EXC_EXCHDATA',
};

/** A kind of guarded thing: its flavors (null = no flavor is stored) and how code and sub-code read. */
interface GuardKind {
  readonly name: string;
  readonly flavors: NameTable | null;
  readonly text: (code: bigint, subcode: bigint) => string;
}

const guardKinds: Readonly<Record<string, GuardKind>> = {
  '0x1': {
    name: 'GUARD_TYPE_MACH_PORT',
    flavors: machPortFlavors,
    text: (code, subcode) => `port name: ${bits(code, 0, 28)}${subcode === 0n ? '' : ` subcode: ${subcode}`}`,
  },
  '0x2': {
    name: 'GUARD_TYPE_FD',
    flavors: fileDescriptorFlavors,
    text: (code, subcode) => `file descriptor: ${bits(code, 0, 28)} guard identifier: ${subcode}`,
  },
  '0x3': {
    name: 'GUARD_TYPE_USER',
    flavors: null,
    text: (code, subcode) => `namespace: ${bits(code, 0, 32)} guard identifier: ${subcode}`,
  },
  '0x4': {
    name: 'GUARD_TYPE_VN',
    flavors: vnodeFlavors,
    text: (code, subcode) => `pid: ${bits(code, 0, 28)} guard identifier: ${subcode}`,
  },
  '0x5': {
    name: 'GUARD_TYPE_VIRT_MEMORY',
    flavors: { '0x1': 'GUARD_EXC_DEALLOC_GAP' },
    text: (_, subcode) => `offset: ${subcode}`,
  },
  '0x6': {
    name: 'GUARD_TYPE_REJECTED_SC',
    flavors: { '0x0': 'GUARD_EXC_MACH_TRAP' },
    text: (_, subcode) => `syscall: ${subcode}`,
  },
};

/** Text of EXC_GUARD; `type` is the top three bits of the flags. Undefined for unknown types. */
export function macGuardReason(type: number, code: bigint, subcode: bigint): string | undefined {
  if (type === 0) return 'EXC_GUARD / GUARD_TYPE_NONE';
  const kind = guardKinds[`0x${type}`];
  if (!kind) return undefined;
  const head = `EXC_GUARD / ${kind.name}`;
  // rust-minidump leaves out the space before this slash; readers of its output match on it.
  if (!kind.flavors) return `${head}/ ${kind.text(code, subcode)}`;
  const flavor = nameOf(kind.flavors, bits(code, 32, 29));
  return `${head} / ${flavor ? `${flavor} ${kind.text(code, subcode)}` : rawText(code, subcode)}`;
}

function rawText(code: bigint, subcode: bigint): string {
  return `${hexText(code, 16)} / ${hexText(subcode, 16)}`;
}
