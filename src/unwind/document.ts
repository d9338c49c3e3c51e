// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StackFrame, StackModule, StackThread, Stackwalk } from '../crash/stackwalk.ts';
import type { JsonValue } from '../lib/json.ts';
import {
  assertionText,
  type CpuContext,
  lastErrorName,
  type Minidump,
  type Module,
  registerLayouts,
  type Thread,
} from '../minidump/minidump.ts';
import { salvageAdditions } from './additions.ts';
import { type ClientFacts, microcodeOf, signersOf } from './client-facts.ts';
import { crashInfoOf } from './crash-info.ts';
import type { DocumentInput } from './document-input.ts';
import { leafName } from './leaf-name.ts';
import type { ModuleCode } from './module-code.ts';
import { type FormatAddress, symbolizedFrame } from './symbolize.ts';
import type { ThreadWalk } from './walk-thread.ts';

/** The stackwalk document: rust-minidump's schema, and what is ours under `salvage` (stackwalker.md §9). */
export function stackwalkDocument(input: DocumentInput): Stackwalk {
  const { dump, code, requesting } = input;
  const hex = addressFormat(dump.systemInfo.pointerSizeBytes);
  const signers = signersOf(input.client);
  const threads = dump.threads.map((thread, index) => threadOf(thread, input.walks[index] as ThreadWalk, input, hex));
  return {
    status: 'OK',
    pid: dump.processId,
    process_uptime: dump.processUptimeS,
    crash_info: {
      ...crashInfoOf(dump, hex),
      crashing_thread: requesting?.index ?? null,
      assertion: assertionText(dump),
    },
    system_info: systemInfoOf(dump, input.client),
    linux_memory_map_count: dump.linux.memoryMapCount,
    mac_boot_args: dump.macBootArgs,
    soft_errors: dump.softErrors,
    lsb_release: dump.lsbRelease && { ...dump.lsbRelease },
    proc_limits: dump.procLimits && { limits: dump.procLimits.map((limit) => ({ ...limit })) },
    mac_crash_info: macCrashInfoOf(dump, hex),
    thread_count: threads.length,
    threads,
    crashing_thread: requesting && crashingThreadOf(requesting, threads[requesting.index], dump),
    main_module: 0,
    modules: dump.modules.map((module) => moduleOf(module, code, signers, hex)),
    modules_contains_cert_info: signers.size > 0,
    unloaded_modules: dump.unloadedModules.map((module) => ({
      base_addr: hex(module.base),
      end_addr: hex(module.end),
      code_id: module.codeId ?? '',
      filename: module.codeFile,
      cert_subject: signers.get(leafName(module.codeFile)) ?? null,
    })),
    handles:
      dump.handles?.map(({ handle, typeName, objectName }) => ({
        handle: Number(handle),
        type_name: typeName,
        object_name: objectName,
      })) ?? null,
    salvage: salvageAdditions(input),
  };
}

export function addressFormat(pointerSizeBytes: 4 | 8): FormatAddress {
  const digits = pointerSizeBytes * 2;
  return (address) => `0x${address.toString(16).padStart(digits, '0')}`;
}

function threadOf(thread: Thread, walk: ThreadWalk, { dump, code }: DocumentInput, hex: FormatAddress): StackThread {
  const frames: StackFrame[] = walk.frames.map((frame) => symbolizedFrame(frame, dump, code, hex));
  return {
    thread_id: thread.id,
    thread_name: thread.name,
    last_error_value: lastErrorName(dump, thread),
    frame_count: frames.length,
    frames,
    ...(walk.isTruncated ? { frames_truncated: true, total_frames: walk.frameCount } : {}),
  };
}

/** A copy of the thread whose first frame shows the registers. */
function crashingThreadOf(
  { index, context }: Thread,
  thread: StackThread | undefined,
  dump: Minidump,
): Stackwalk['crashing_thread'] {
  const [first, ...others] = thread?.frames ?? [];
  if (!thread || !first) return null;
  const shown = dump.exception?.context ?? context;
  const registers = shown ? registersOf(shown) : {};
  return { ...thread, frames: [{ ...first, registers }, ...others], threads_index: index };
}

/** General-purpose registers, as wide as they are. */
export function registersOf(context: CpuContext): Record<string, string> {
  const layout = registerLayouts[context.cpu];
  const hex = addressFormat(layout?.pointerSizeBytes ?? 8);
  const registers: Record<string, string> = {};
  for (const name of layout?.generalPurpose ?? []) {
    const value = context.registers.get(name);
    if (value !== undefined) registers[name] = name === 'eflags' ? addressFormat(4)(value) : hex(value);
  }
  return registers;
}

function systemInfoOf({ systemInfo }: Minidump, client: ClientFacts): Record<string, JsonValue> {
  const microcode = systemInfo.cpuMicrocodeVersion;
  return {
    os: systemInfo.os,
    os_ver: [systemInfo.osVersion, systemInfo.osBuild].filter(Boolean).join(' ') || null,
    cpu_arch: systemInfo.cpu,
    cpu_info: systemInfo.cpuInfo,
    cpu_count: systemInfo.cpuCount,
    cpu_microcode_version: microcode === null ? microcodeOf(client) : `0x${microcode.toString(16)}`,
  };
}

const nilDebugId = '0'.repeat(33);

function moduleOf(
  module: Module,
  code: ModuleCode,
  signers: ReadonlyMap<string, string>,
  hex: FormatAddress,
): StackModule {
  const found = code.foundFor(module);
  const filename = leafName(module.codeFile);
  return {
    base_addr: hex(module.base),
    end_addr: hex(module.end),
    code_id: module.codeId ?? '',
    debug_file: leafName(module.debugFile ?? ''),
    debug_id: module.debugId ?? nilDebugId,
    filename,
    version: module.version,
    missing_symbols: found?.state === 'missing',
    // As in the reference: a corrupt file counts as loaded, because it was there.
    loaded_symbols: found?.state === 'loaded' || found?.state === 'corrupt',
    corrupt_symbols: found?.state === 'corrupt',
    symbol_url: found?.state === 'loaded' ? found.url : null,
    cert_subject: signers.get(filename) ?? null,
  };
}

function macCrashInfoOf({ macCrashInfo }: Minidump, hex: FormatAddress): JsonValue {
  if (macCrashInfo === null) return null;
  const records = macCrashInfo.map((record) => ({
    thread: record.thread === null ? null : hex(record.thread),
    dialog_mode: record.dialogMode === null ? null : hex(record.dialogMode),
    abort_cause: record.abortCause === null ? null : hex(record.abortCause),
    module: record.module,
    message: record.message,
    signature_string: record.signature,
    backtrace: record.backtrace,
    message2: record.message2,
  }));
  return { num_records: records.length, records };
}
