// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { type CpuContext, registerLayouts } from '../cpu.ts';
import { analyseCrash } from '../crash/crash-analysis.ts';
import { crashingThreadIndex } from '../crash/crash-reason.ts';
import type { CrashpadInfo, Minidump, Module, Thread, UnloadedModule } from '../model.ts';
import { hexOfBytes, hexText } from '../text.ts';

/**
 * All that a dump says of itself, without its memory's bytes, as JSON with keys in snake_case. Addresses are `0x` and 8
 * or 16 digits. What the dump does not hold is null or an empty list.
 */
export function dumpDocument(dump: Minidump): JsonObject {
  const address = addressText(dump);
  return {
    header: headerOf(dump),
    streams: dump.streams.map((stream) => ({
      type: hexText(stream.type, 8),
      name: stream.name,
      offset: stream.offset,
      size_bytes: stream.sizeBytes,
      used: stream.isUsed,
    })),
    system_info: systemInfoOf(dump),
    pid: dump.processId,
    process_uptime: dump.processUptimeS,
    misc_info: dump.misc && { ...dump.misc },
    exception: exceptionOf(dump, address),
    assertion: dump.assertion && { ...dump.assertion },
    threads: dump.threads.map((thread) => threadOf(thread, address)),
    modules: dump.modules.map((module) => moduleOf(module, address)),
    unloaded_modules: dump.unloadedModules.map((module) => unloadedModuleOf(module, address)),
    memory_regions: dump.memory.regions.map(({ base, sizeBytes }) => ({ base: address(base), size_bytes: sizeBytes })),
    mapped_ranges: dump.mappedRanges.length,
    annotations: crashpadOf(dump.crashpad, address),
    linux: linuxOf(dump),
    mac: macOf(dump),
    handles:
      dump.handles?.map(({ handle, typeName, objectName }) => ({
        handle: hexText(handle, 1),
        type_name: typeName,
        object_name: objectName,
      })) ?? null,
    soft_errors: dump.softErrors,
    comment: dump.comment,
    warnings: dump.warnings.map(({ stream, message }) => ({ stream, message })),
  };
}

type AddressText = (address: bigint) => string;

/** Addresses as wide as those of the process. */
export function addressText(dump: Pick<Minidump, 'systemInfo'>): AddressText {
  return (address) => hexText(address, dump.systemInfo.pointerSizeBytes * 2);
}

/** Registers in the document's order, as wide as the processor's. */
export function registersOf(context: CpuContext): [name: string, value: string][] {
  const layout = registerLayouts[context.cpu];
  return (layout?.generalPurpose ?? []).flatMap((name) => {
    const value = context.registers.get(name);
    return value === undefined ? [] : [[name, hexText(value, (layout?.pointerSizeBytes ?? 8) * 2)]];
  });
}

function headerOf({ header }: Minidump): JsonObject {
  return {
    byte_order: header.isBigEndian ? 'big' : 'little',
    version: hexText(header.version, 8),
    time: header.timeS,
    flags: hexText(header.flags, 16),
  };
}

function systemInfoOf({ systemInfo }: Minidump): JsonObject {
  return {
    os: systemInfo.os,
    os_version: systemInfo.osVersion,
    os_build: systemInfo.osBuild,
    cpu_arch: systemInfo.cpu,
    cpu_info: systemInfo.cpuInfo,
    cpu_count: systemInfo.cpuCount,
    cpu_microcode_version: systemInfo.cpuMicrocodeVersion,
  };
}

function exceptionOf(dump: Minidump, address: AddressText): JsonValue {
  const analysis = analyseCrash(dump);
  if (!dump.exception || !analysis) return null;
  return {
    reason: analysis.reason,
    address: address(analysis.address),
    thread_id: dump.exception.threadId,
    thread_index: crashingThreadIndex(dump),
    code: hexText(dump.exception.code, 8),
    flags: hexText(dump.exception.flags, 8),
    parameters: dump.exception.parameters.map((parameter) => hexText(parameter, 16)),
    registers: dump.exception.context && Object.fromEntries(registersOf(dump.exception.context)),
  };
}

function threadOf(thread: Thread, address: AddressText): JsonObject {
  return {
    thread_id: thread.id,
    thread_name: thread.name,
    stack_start: address(thread.stackStart),
    stack_size_bytes: thread.stack?.sizeBytes ?? null,
    teb: thread.teb === 0n ? null : address(thread.teb),
    start_address: thread.startAddress === null ? null : address(thread.startAddress),
    registers: thread.context && Object.fromEntries(registersOf(thread.context)),
  };
}

function moduleOf(module: Module, address: AddressText): JsonObject {
  return {
    base_addr: address(module.base),
    end_addr: address(module.end),
    code_file: module.codeFile,
    code_id: module.codeId,
    debug_file: module.debugFile,
    debug_id: module.debugId,
    version: module.version,
  };
}

function unloadedModuleOf(module: UnloadedModule, address: AddressText): JsonObject {
  return {
    base_addr: address(module.base),
    end_addr: address(module.end),
    code_file: module.codeFile,
    code_id: module.codeId,
  };
}

function crashpadOf(crashpad: CrashpadInfo | null, address: AddressText): JsonValue {
  return (
    crashpad && {
      report_id: crashpad.reportId,
      client_id: crashpad.clientId,
      address_mask: crashpad.addressMask === null ? null : address(crashpad.addressMask),
      simple: objectOf(crashpad.simpleAnnotations),
      modules: crashpad.modules.map((module) => ({
        module_index: module.moduleIndex,
        list: [...module.listAnnotations],
        simple: objectOf(module.simpleAnnotations),
        objects: objectOf(
          new Map([...module.annotationObjects].map(([name, { value, bytes }]) => [name, value ?? hexOfBytes(bytes)])),
        ),
      })),
    }
  );
}

function linuxOf({ linux, lsbRelease, procLimits }: Minidump): JsonObject {
  return {
    lsb_release: lsbRelease && { ...lsbRelease },
    command_line: linux.commandLine && [...linux.commandLine],
    memory_map_count: linux.memoryMapCount,
    limits: procLimits?.map((limit) => ({ ...limit })) ?? null,
  };
}

function macOf({ macCrashInfo, macBootArgs }: Minidump): JsonObject {
  const word = (value: bigint | null) => (value === null ? null : hexText(value, 16));
  return {
    boot_args: macBootArgs,
    crash_info:
      macCrashInfo?.map(({ thread, dialogMode, abortCause, ...record }) => ({
        ...record,
        thread: word(thread),
        dialog_mode: word(dialogMode),
        abort_cause: word(abortCause),
      })) ?? null,
  };
}

/** A JSON object whose keys come from the dump. */
function objectOf(map: ReadonlyMap<string, string>): JsonObject {
  const object: JsonObject = Object.create(null) as JsonObject;
  for (const [key, value] of map) object[key] = value;
  return object;
}
