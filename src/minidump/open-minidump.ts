// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isNestedAtMost, type JsonValue } from '../lib/json.ts';
import { type Directory, readDirectory } from './directory.ts';
import { minidumpLimits } from './limits.ts';
import { readMemory } from './memory.ts';
import type { LinuxStreams, Minidump, MiscInfo, SystemInfo, UnloadedModule } from './model.ts';
import { makeRangeIndex } from './range-index.ts';
import type { DumpSource } from './source.ts';
import { readAssertion, readBreakpadInfo, readComment } from './streams/breakpad-info.ts';
import { readCrashpadInfo } from './streams/crashpad.ts';
import { readHandles } from './streams/handles.ts';
import { readLinuxStreams, readLsbRelease, readProcLimits } from './streams/linux.ts';
import { readMacBootArgs, readMacCrashInfo } from './streams/mac.ts';
import { readLinuxMaps, readMappedRanges } from './streams/mapped-ranges.ts';
import { readMiscInfo } from './streams/misc-info.ts';
import { readModules, readUnloadedModules } from './streams/modules.ts';
import { readSystemInfo } from './streams/system-info.ts';
import { readException, readThreads } from './streams/threads.ts';
import { decodeUtf8 } from './text.ts';

/**
 * Opens a dump of any size; memory regions stay in the source until they are read. Throws a SalvageError of
 * minidumpErrors when the bytes are no minidump or lack system info or threads; all other damage is in `warnings`.
 */
export function openMinidump(source: DumpSource): Minidump {
  const directory = readDirectory(source);
  const { header, streams, reader } = directory;
  const linuxMaps = readLinuxMaps(directory);
  const linux = readLinuxStreams(directory, linuxMaps?.length ?? null);
  const systemInfo = withMicrocode(readSystemInfo(directory), linux);
  const memory = readMemory(directory, systemInfo.pointerSizeBytes);
  const threads = readThreads(directory, systemInfo, memory);
  const misc = readMiscInfo(directory);
  const modules = readModules(directory, systemInfo.os);
  const unloadedModules = readUnloadedModules(directory);
  const mappedRanges = readMappedRanges(directory, linuxMaps);
  const threadIndexes = new Map(threads.map((thread) => [thread.id, thread.index]).reverse() as [number, number][]);
  return {
    header,
    streams,
    systemInfo,
    threads,
    modules,
    unloadedModules,
    exception: readException(directory, systemInfo),
    memory,
    mappedRanges,
    misc,
    breakpadInfo: readBreakpadInfo(directory),
    assertion: readAssertion(directory),
    crashpad: readCrashpadInfo(directory),
    linux,
    lsbRelease: readLsbRelease(directory),
    procLimits: readProcLimits(directory),
    macCrashInfo: readMacCrashInfo(directory),
    macBootArgs: readMacBootArgs(directory),
    handles: readHandles(directory),
    softErrors: readSoftErrors(directory),
    comment: readComment(directory),
    processId: misc?.processId ?? decimal(linux.procStatus?.get('Pid')),
    processUptimeS: uptimeS(header.timeS, misc),
    warnings: reader.warnings,
    moduleAt: makeRangeIndex(modules.map(toRange), 'drop').at,
    mappedRangeAt: makeRangeIndex(
      mappedRanges.map((range) => ({ start: range.base, end: range.end, value: range })),
      'trim',
    ).at,
    unloadedModulesAt: (address) => modulesCovering(unloadedModules, address),
    threadIndexOf: (threadId) => threadIndexes.get(threadId),
  };
}

const toRange = <T extends { readonly base: bigint; readonly end: bigint }>(value: T) => ({
  start: value.base,
  end: value.end,
  value,
});

/** Ranges overlap and repeat, so there is no order to search by; lists are short (Windows keeps at most 64). */
function modulesCovering(modules: readonly UnloadedModule[], address: bigint): UnloadedModule[] {
  return modules.filter((module) => module.base <= address && address < module.end);
}

/** Linux's cpuinfo gives it as hex. */
function withMicrocode(systemInfo: SystemInfo, linux: LinuxStreams): SystemInfo {
  const text = linux.cpuInfo?.get('microcode') ?? '';
  return /^0x[0-9a-f]{1,8}$/i.test(text) ? { ...systemInfo, cpuMicrocodeVersion: Number(text) } : systemInfo;
}

function decimal(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}

function uptimeS(timeS: number, misc: MiscInfo | null): number | null {
  if (misc?.processCreateTimeS === null || misc?.processCreateTimeS === undefined) return null;
  const seconds = timeS - misc.processCreateTimeS;
  return seconds >= 0 ? seconds : null;
}

function readSoftErrors(directory: Directory): JsonValue | null {
  const stream = directory.stream('MozSoftErrors', minidumpLimits.minidumpTextStreamSizeBytesMax.value);
  if (!stream) return null;
  try {
    const errors = JSON.parse(decodeUtf8(stream.bytes)) as JsonValue;
    if (isNestedAtMost(errors, minidumpLimits.minidumpSoftErrorsDepthMax.value)) return errors;
    directory.reader.warn('MozSoftErrors', 'is nested too deeply');
  } catch {
    directory.reader.warn('MozSoftErrors', 'is no JSON');
  }
  return null;
}
