// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { hexText } from '../text.ts';

/** Signal names by number, as Linux has them on all processors but mips (bits/signum-generic.h). */
const signals = [
  ...['', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGKILL', 'SIGUSR1'],
  ...['SIGSEGV', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGTERM', 'SIGSTKFLT', 'SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP'],
  ...['SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGXCPU', 'SIGXFSZ', 'SIGVTALRM', 'SIGPROF', 'SIGWINCH', 'SIGIO', 'SIGPWR'],
  'SIGSYS',
];

/** Crashpad and Breakpad write this "signal" when a program asks for a dump of itself. */
const dumpRequested = 0xffffffff;

/** si_code of a signal that the kernel sent for a fault, from 1 upwards (asm-generic/siginfo.h). */
const faultCodes: Readonly<Record<string, readonly string[]>> = {
  SIGILL: [
    ...['ILL_ILLOPC', 'ILL_ILLOPN', 'ILL_ILLADR', 'ILL_ILLTRP', 'ILL_PRVOPC', 'ILL_PRVREG', 'ILL_COPROC'],
    ...['ILL_BADSTK', 'ILL_BADIADDR'],
  ],
  SIGTRAP: ['TRAP_BRKPT', 'TRAP_TRACE', 'TRAP_BRANCH', 'TRAP_HWBKPT', 'TRAP_UNK', 'TRAP_PERF'],
  SIGFPE: [
    ...['FPE_INTDIV', 'FPE_INTOVF', 'FPE_FLTDIV', 'FPE_FLTOVF', 'FPE_FLTUND', 'FPE_FLTRES', 'FPE_FLTINV'],
    'FPE_FLTSUB',
  ],
  SIGSEGV: ['SEGV_MAPERR', 'SEGV_ACCERR', 'SEGV_BNDERR', 'SEGV_PKUERR'],
  SIGBUS: ['BUS_ADRALN', 'BUS_ADRERR', 'BUS_OBJERR', 'BUS_MCEERR_AR', 'BUS_MCEERR_AO'],
  SIGSYS: ['SYS_SECCOMP', 'SYS_USER_DISPATCH'],
};

/** si_code that says who sent the signal, as signed numbers. */
const senderCodes = new Map([
  [0x80, 'SI_KERNEL'],
  [-1, 'SI_QUEUE'],
  [-2, 'SI_TIMER'],
  [-3, 'SI_MESGQ'],
  [-4, 'SI_ASYNCIO'],
  [-5, 'SI_SIGIO'],
  [-6, 'SI_TKILL'],
  [-7, 'SI_DETHREAD'],
  [-60, 'SI_ASYNCNL'],
]);

/** `SIGSEGV / SEGV_MAPERR`; undefined for numbers that are no signal. */
export function linuxReason(signal: number, siCode: number): string | undefined {
  const name = signal === dumpRequested ? 'DUMP_REQUESTED' : signals[signal];
  if (!name) return undefined;
  const fault = siCode > 0 ? faultCodes[name]?.[siCode - 1] : undefined;
  if (fault) return `${name} / ${fault}`;
  if (siCode === 0) return name;
  return `${name} / ${senderCodes.get(siCode | 0) ?? hexText(siCode, 8)}`;
}
