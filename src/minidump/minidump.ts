// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * The public face of the minidump reader. Bytes come in through a DumpSource, so nothing here does I/O; addresses and
 * register values are bigint (docs/adr/minidump-addresses.md).
 */
export type { CpuArch, CpuContext, RegisterLayout } from './cpu.ts';
export { registerLayouts } from './cpu.ts';
export type { BitFlip } from './crash/bit-flips.ts';
export type { AdjustedAddress, CrashAnalysis, MemoryAccess } from './crash/crash-analysis.ts';
export { analyseCrash } from './crash/crash-analysis.ts';
export {
  assertionText,
  crashAddress,
  crashingThreadIndex,
  crashReason,
  lastErrorName,
} from './crash/crash-reason.ts';
export { minidumpErrors } from './errors.ts';
export type {
  Assertion,
  BreakpadInfo,
  CrashpadAnnotation,
  CrashpadInfo,
  CrashpadModule,
  DumpHeader,
  Exception,
  Handle,
  LinuxStreams,
  LsbRelease,
  MacCrashRecord,
  MappedRange,
  Memory,
  MemoryRegion,
  Minidump,
  MinidumpWarning,
  MiscInfo,
  Module,
  OperatingSystem,
  ProcLimit,
  StreamEntry,
  SystemInfo,
  Thread,
  UnloadedModule,
} from './model.ts';
export { openMinidump } from './open-minidump.ts';
export { dumpDocument } from './report/dump-document.ts';
export { dumpLines } from './report/dump-lines.ts';
export type { DumpSource } from './source.ts';
export { bytesSource } from './source.ts';
