// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Exception, Minidump, SystemInfo, Thread } from '../model.ts';
import { hexText } from '../text.ts';
import { linuxReason } from './linux-reason.ts';
import { macReason } from './mac-reason.ts';
import { accessViolation, inPageError, windowsErrorName, windowsReason } from './windows-reason.ts';

/**
 * What the system says happened, e.g. `SIGSEGV / SEGV_MAPERR` or `EXCEPTION_ACCESS_VIOLATION_READ`; the texts are those
 * of the stackwalk document (stackwalker.md §8).
 */
export function crashReason(exception: Exception, systemInfo: Pick<SystemInfo, 'os' | 'cpu'>): string {
  return namedReason(exception, systemInfo) ?? `unknown ${hexText(exception.code, 8)} / ${hexText(exception.flags, 8)}`;
}

function namedReason(exception: Exception, systemInfo: Pick<SystemInfo, 'os' | 'cpu'>): string | undefined {
  switch (systemInfo.os) {
    case 'Windows NT':
      return windowsReason(exception);
    case 'Linux':
    case 'Android':
      return linuxReason(exception.code, exception.flags);
    case 'Mac OS X':
    case 'iOS':
      return macReason(exception, systemInfo.cpu);
    default:
      return undefined;
  }
}

/** The address whose access failed where the system tells it, else the address of the exception. */
export function crashAddress(exception: Exception, systemInfo: Pick<SystemInfo, 'os' | 'pointerSizeBytes'>): bigint {
  const isMemoryFault =
    systemInfo.os === 'Windows NT' && (exception.code === accessViolation || exception.code === inPageError);
  const address = isMemoryFault ? (exception.parameters[1] ?? exception.address) : exception.address;
  // 32-bit writers sign-extend some of these.
  return systemInfo.pointerSizeBytes === 4 ? address & 0xffffffffn : address;
}

/**
 * The thread's GetLastError() by name, from the word that Windows keeps 13 pointers into the thread environment block;
 * null on other systems and when that memory is not in the dump.
 */
export function lastErrorName(dump: Minidump, thread: Thread): string | null {
  if (dump.systemInfo.os !== 'Windows NT') return null;
  const value = dump.memory.readUint(thread.teb + 13n * BigInt(dump.systemInfo.pointerSizeBytes), 4);
  return value === undefined ? null : windowsErrorName(Number(value));
}

/** Index of the thread that crashed, or that asked for the dump when there was no crash; null when neither is known. */
export function crashingThreadIndex(dump: Minidump): number | null {
  const threadId = dump.exception?.threadId ?? dump.breakpadInfo?.requestingThreadId;
  return (threadId !== undefined && threadId !== null ? dump.threadIndexOf(threadId) : undefined) ?? null;
}

/** The failed check as one line: `expression, function, file:line`; null without an assertion stream. */
export function assertionText(dump: Minidump): string | null {
  if (!dump.assertion) return null;
  const { expression, file, line, kind } = dump.assertion;
  const place = file ? `${file}${line === null ? '' : `:${line}`}` : null;
  return [expression ?? kind.replaceAll('_', ' '), dump.assertion.function, place].filter(Boolean).join(', ');
}
