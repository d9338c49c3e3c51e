// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const unwindLimits = declareLimits({
  framesMax: {
    value: 1024,
    unit: 'items',
    reason: 'frames of one thread in the document; deeper stacks are recursion, of which both ends tell the story',
  },
  framesOfAllThreadsMax: {
    value: 262_144,
    unit: 'items',
    reason: '256 threads of framesMax, some 100 MB of JSON; of a dump with more threads each keeps its share',
  },
  symbolsLoadedAtOnceMax: {
    value: 2,
    unit: 'items',
    reason: 'compiling a 212 MB file takes 350 MB: ten at once broke the memory limit of a walker process',
  },
  framesWalkedMax: {
    value: 262_144,
    unit: 'items',
    reason: 'an 8 MiB stack (the usual limit) of 32-byte frames; walking on would cost time and show nothing new',
  },
  scannedFramesMax: {
    value: 1024,
    unit: 'items',
    reason: 'frames of one thread found by scanning; more than some tens are guesses anyway',
  },
  scanWindowWords: {
    value: 40,
    unit: 'items',
    reason: 'stack words looked at for a return address, as both reference walkers do',
  },
  scanWindowExtendedWords: {
    value: 160,
    unit: 'items',
    reason: 'after a context or cfi frame: the first frame is often odd, and frames of JIT code are skipped this way',
  },
  cfiTokensMax: {
    value: 64,
    unit: 'items',
    reason: 'tokens of one expression; compilers emit 3 to 7, hand-written PLT rules some 15',
  },
  cfiStackMax: { value: 32, unit: 'items', reason: 'values an expression may hold at once; real ones hold 2 or 3' },
  cfiRuleCharactersMax: {
    value: 65_536,
    unit: 'characters',
    reason: 'all rule texts that apply at one address; a rule for every register is below 2 KiB',
  },
  cfiProgramsCachedMax: {
    value: 8192,
    unit: 'items',
    reason: 'parsed rule texts per process: a browser engine of 212 MB has 1261 distinct ones',
  },
  winTokensMax: {
    value: 256,
    unit: 'items',
    reason: 'tokens of one STACK WIN program; one that restores every register has about 60',
  },
  stackBytesMax: {
    value: 16 * 1024 ** 2,
    unit: 'bytes',
    reason: 'bytes of a stack that are looked at from the stack pointer up; twice the usual limit of a main thread',
  },
  walkMs: {
    value: 60_000,
    unit: 'ms',
    reason: 'time for one dump without symbol work; then what was found is the answer',
  },
  symbolsMs: { value: 120_000, unit: 'ms', reason: 'time for finding and compiling the symbols of one dump' },
  resultBytesMax: {
    value: 256 * 1024 ** 2,
    unit: 'bytes',
    reason: 'JSON of one walk; framesOfAllThreadsMax frames with an inlined call each stay below it',
  },
  stderrBytesMax: { value: 16 * 1024, unit: 'bytes', reason: 'last words of a walker process that are kept' },
  walkerMemoryBytes: {
    value: 1024 ** 3,
    unit: 'bytes',
    reason: 'resident memory of one walker process; compiling a 212 MB symbol file takes about 350 MB',
  },
  walkerHeapBytes: { value: 512 * 1024 ** 2, unit: 'bytes', reason: 'JavaScript heap of one walker process' },
  walkerJobsMax: {
    value: 1000,
    unit: 'items',
    reason: 'dumps after which a walker process is replaced, so that nothing a hostile dump left behind lives long',
  },
  addressesRememberedMax: {
    value: 4096,
    unit: 'items',
    reason: 'addresses of one module whose rules and names a process keeps, some 2 MB; then the table starts anew',
  },
  recentSymbolsMax: {
    value: 2048,
    unit: 'items',
    reason: 'answers of symbol searches that a walker process remembers; a large process has some hundred modules',
  },
  recentLoadedMs: {
    value: 60_000,
    unit: 'ms',
    reason: 'how long loaded symbols are used without looking again; a replaced file counts after that',
  },
  recentMissingMs: {
    value: 1000,
    unit: 'ms',
    reason: 'how long a module is believed to have no symbols; long enough for a series of crashes, short for people',
  },
  gunzippedDumpBytesMax: {
    value: 256 * 1024 ** 2,
    unit: 'bytes',
    reason: 'a gzipped dump is unpacked into memory; minidumps are below 25 MB, so a gzip bomb ends here',
  },
  signatureInfoCharactersMax: {
    value: 1024 ** 2,
    unit: 'characters',
    reason: 'text of ModuleSignatureInfo: names of minidumpModulesMax files are below 256 KiB; it comes from anybody',
  },
  externalThreadsMax: { value: 4096, unit: 'items', reason: 'threads of a dump, as the reader allows' },
  externalJsonDepthMax: {
    value: 64,
    unit: 'items',
    reason: 'lists and objects within each other in the output of another walker; the document of ours has ten',
  },
  externalOutputBytesMax: { value: 256 * 1024 ** 2, unit: 'bytes', reason: 'output of an external walker' },
});
