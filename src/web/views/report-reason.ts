// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import { cutText } from '../parts/text.ts';
import { textAt } from './report-values.ts';

/** Why it crashed, as the system says it and in words. */
export interface ReasonView {
  readonly type: string | null;
  readonly address: string | null;
  readonly words: string | null;
}

export function reasonView(processed: ProcessedCrash): ReasonView {
  const type = textAt(processed, 'reason') ?? textAt(processed, 'json_dump.crash_info.type');
  const address = textAt(processed, 'address') ?? textAt(processed, 'json_dump.crash_info.address');
  return {
    type: type === null ? null : cutText(type, 200),
    address: address === null ? null : cutText(address, 60),
    words:
      type === null
        ? null
        : reasonInWords(type, address, textAt(processed, 'json_dump.crash_info.adjusted_address.kind')),
  };
}

/** Below this nobody maps memory: an offset from a null pointer. */
const nullPageMax = 0x10000n;

/** Bytes that allocators write into freed or fresh memory; a pointer made of them was read from there. */
const poisons: readonly (readonly [RegExp, string])[] = [
  [/^(?:e5){3,8}|^0*(?:e5){3}/, 'freed memory (the allocator fills it with e5)'],
  [/^(?:dd){4}/, 'freed memory (the Windows debug heap fills it with dd)'],
  [/^feeefeee/, 'freed memory (the Windows heap fills it with feee)'],
  [/^(?:cd){4}/, 'memory that was never written (the Windows debug heap fills it with cd)'],
  [/^baadf00d/, 'memory that was never written (baadf00d)'],
];

/** Reasons by pattern, the first that matches wins. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/STACK_OVERFLOW/, 'The stack is full: endless or very deep recursion'],
  [/IN_PAGE_ERROR|BUS_OBJERR/, 'A mapped file could not be read: disk, network or removed medium'],
  [/OUT_OF_MEMORY|STATUS_NO_MEMORY|ENOMEM/i, 'Memory ran out'],
  [/HEAP_CORRUPTION/, 'The heap’s own data is damaged; the culprit ran earlier'],
  [/STACK_BUFFER_OVERRUN|FAST_FAIL/, 'The program stopped itself: a security check failed'],
  [/GUARD_PAGE/, 'Touched a guard page'],
  [/SEGV_ACCERR|KERN_PROTECTION_FAILURE/, 'Memory is there, but not for this kind of access'],
  [
    /ILLEGAL_INSTRUCTION|SIGILL|EXC_BAD_INSTRUCTION/,
    'Not an instruction: a failed check, a wrong jump, or a CPU that is too old',
  ],
  [/INT_DIVIDE_BY_ZERO|FPE_INTDIV|EXC_I386_DIV/, 'Divided by zero'],
  [/BREAKPOINT|SIGTRAP|EXC_BREAKPOINT/, 'The program stopped itself: a check failed'],
  [
    /SIGABRT|EXC_CRASH|ABORT/,
    'The program ended itself: abort, a failed assertion, or an exception that nobody caught',
  ],
  [/0xe06d7363|CXX|CPP_EXCEPTION/i, 'A C++ exception that nobody caught'],
  [/BUS_ADRALN|EXC_ARM_DA_ALIGN|DATATYPE_MISALIGNMENT/, 'An address that is not aligned for this access'],
  [/EXC_RESOURCE|EXC_GUARD/, 'The system ended the program: a resource limit or a guarded object'],
  [/SIGKILL|SIGTERM|SIGQUIT/, 'Ended from outside'],
  [/SIGPIPE|SIGSYS/, 'A system call that is not allowed or nobody listens to'],
  [/STATUS_INVALID_HANDLE/, 'A handle that is none'],
];

/** What a crash reason means, or null when nothing is known beyond its name. */
export function reasonInWords(type: string, address: string | null, kind: string | null): string | null {
  const verb = /WRITE/.test(type) ? 'Wrote' : /EXEC|DEP/.test(type) ? 'Jumped' : /READ/.test(type) ? 'Read' : 'Used';
  const isAccess = /ACCESS_VIOLATION|SIGSEGV|SIGBUS|EXC_BAD_ACCESS/.test(type);
  if (isAccess && !/STACK_OVERFLOW/.test(type)) {
    const words = addressInWords(verb, address, kind);
    if (words !== null) return words;
  }
  const meaning = meanings.find(([pattern]) => pattern.test(type))?.[1];
  if (meaning !== undefined) return meaning;
  if (!isAccess) return null;
  return verb === 'Used'
    ? 'Touched memory that is not there'
    : `${verb} ${verb === 'Jumped' ? 'to' : verb === 'Wrote' ? 'to' : 'from'} memory that is not there`;
}

function addressInWords(verb: string, address: string | null, kind: string | null): string | null {
  const through = verb === 'Used' ? 'Went' : verb;
  const digits = /^0x([0-9a-f]{1,16})$/i.exec(address ?? '')?.[1]?.toLowerCase();
  if (digits !== undefined && BigInt(`0x${digits}`) < nullPageMax) {
    const offset = BigInt(`0x${digits}`);
    return `${through} through a null pointer${offset > 0n ? `, offset 0x${offset.toString(16)}` : ''}`;
  }
  if (kind === 'null-pointer') return `${through} through a null pointer`;
  if (kind === 'non-canonical') return `${through} through an address that cannot exist: a damaged pointer`;
  const stripped = digits?.replace(/^0+/, '') ?? '';
  const poison = poisons.find(([pattern]) => pattern.test(stripped))?.[1];
  return poison === undefined ? null : `${through} through a pointer that came from ${poison}`;
}
