// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Stream types by the names of their streams (stackwalker.md §3; minidumpapiset.h, Breakpad, Crashpad). */
export const streamTypes = {
  ThreadList: 3,
  ModuleList: 4,
  MemoryList: 5,
  Exception: 6,
  SystemInfo: 7,
  ThreadExList: 8,
  Memory64List: 9,
  CommentA: 10,
  CommentW: 11,
  HandleData: 12,
  FunctionTable: 13,
  UnloadedModuleList: 14,
  MiscInfo: 15,
  MemoryInfoList: 16,
  ThreadInfoList: 17,
  HandleOperationList: 18,
  Token: 19,
  JavaScriptData: 20,
  SystemMemoryInfo: 21,
  ProcessVmCounters: 22,
  IptTrace: 23,
  ThreadNames: 24,
  BreakpadInfo: 0x47670001,
  Assertion: 0x47670002,
  LinuxCpuInfo: 0x47670003,
  LinuxProcStatus: 0x47670004,
  LinuxLsbRelease: 0x47670005,
  LinuxCmdLine: 0x47670006,
  LinuxEnviron: 0x47670007,
  LinuxAuxv: 0x47670008,
  LinuxMaps: 0x47670009,
  LinuxDsoDebug: 0x4767000a,
  CrashpadInfo: 0x43500001,
  StabilityReport: 0x4b6b0002,
  MacCrashInfo: 0x4d7a0001,
  MacBootArgs: 0x4d7a0002,
  MozLinuxLimits: 0x4d7a0003,
  MozSoftErrors: 0x4d7a0004,
} as const;

export type StreamName = keyof typeof streamTypes;

const namesByType = new Map<number, string>(Object.entries(streamTypes).map(([name, type]) => [type, name]));

/** Name of a stream type; `Unused` for 0, hex for unknown ones. */
export function streamName(type: number): string {
  if (type === 0) return 'Unused';
  return namesByType.get(type) ?? `0x${type.toString(16).padStart(8, '0')}`;
}
