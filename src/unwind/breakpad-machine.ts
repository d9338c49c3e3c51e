// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StackFrame, StackModule, StackThread, Stackwalk } from '../crash/stackwalk.ts';
import type { JsonValue } from '../lib/json.ts';
import { unwindLimits } from './limits.ts';

/**
 * The document of what Breakpad's `minidump_stackwalk -m` prints: lines of fields between `|` (stackwalker.md §10). It
 * says neither trusts nor registers nor thread ids; those are `non`, absent and null. Null if the text is something else.
 */
export function breakpadMachineDocument(text: string): Stackwalk | null {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, '').split('|'));
  const record = (name: string) => lines.find(([first]) => first === name)?.slice(1);
  const os = record('OS');
  const cpu = record('CPU');
  if (!os || !cpu) return null;
  const crash = record('Crash') ?? [];
  const modules = lines.filter(([first]) => first === 'Module').map(moduleOf);
  const threads = threadsOf(lines);
  const crashing = /^\d+$/.test(crash[2] ?? '') ? Number(crash[2]) : null;
  const crashingThread = crashing === null ? undefined : threads[crashing];
  const hasCrashed = crash[0] !== undefined && crash[0] !== 'No crash';
  return {
    status: 'OK',
    pid: null,
    crash_info: {
      type: hasCrashed ? (crash[0] ?? null) : null,
      address: hasCrashed ? (crash[1] ?? null) : null,
      crashing_thread: crashing,
      assertion: null,
    },
    system_info: systemInfoOf(os, cpu),
    thread_count: threads.length,
    threads,
    crashing_thread: crashingThread && crashing !== null ? { ...crashingThread, threads_index: crashing } : null,
    main_module: mainModuleOf(lines),
    modules,
    unloaded_modules: [],
    salvage: { walker: { name: 'minidump_stackwalk', version: null } },
  };
}

function systemInfoOf(os: readonly string[], cpu: readonly string[]): Record<string, JsonValue> {
  return {
    os: os[0] || null,
    os_ver: os[1] || null,
    cpu_arch: cpu[0] || null,
    cpu_info: cpu[1] || null,
    cpu_count: /^\d+$/.test(cpu[2] ?? '') ? Number(cpu[2]) : null,
  };
}

/** `Module|file|version|debug file|debug id|first address|last address|1 if main`. */
function moduleOf(fields: readonly string[]): StackModule {
  const [, filename = '', version = '', debugFile = '', debugId = '', first = '0x0', last = '0x0'] = fields;
  return {
    base_addr: first,
    end_addr: addOne(last),
    code_id: null,
    debug_file: debugFile,
    debug_id: debugId,
    filename,
    version: version || null,
    missing_symbols: false,
    loaded_symbols: false,
    corrupt_symbols: false,
    symbol_url: null,
    cert_subject: null,
  };
}

function addOne(address: string): string {
  return /^0x[0-9a-f]{1,16}$/i.test(address)
    ? `0x${(BigInt(address) + 1n).toString(16).padStart(address.length - 2, '0')}`
    : address;
}

function mainModuleOf(lines: readonly (readonly string[])[]): number | null {
  const index = lines.filter(([first]) => first === 'Module').findIndex((fields) => fields[7] === '1');
  return index === -1 ? null : index;
}

/** `thread|frame|module|function|file|line|offset`; inlined calls are frames of their own there. */
function threadsOf(lines: readonly (readonly string[])[]): StackThread[] {
  const threads: StackFrame[][] = [];
  for (const fields of lines) {
    const [thread = '', number = ''] = fields;
    if (fields.length < 7 || !/^\d{1,7}$/.test(thread) || !/^\d{1,7}$/.test(number)) continue;
    if (Number(thread) >= unwindLimits.externalThreadsMax.value) continue;
    while (threads.length <= Number(thread)) threads.push([]);
    const own = threads[Number(thread)] as StackFrame[];
    if (own.length < unwindLimits.framesMax.value) own.push(frameOf(fields, own.length));
  }
  return threads.map((own) => {
    return { thread_id: null, thread_name: null, last_error_value: null, frame_count: own.length, frames: own };
  });
}

function frameOf(fields: readonly string[], frame: number): StackFrame {
  const [, , module = '', name = '', file = '', line = '', offset = '0x0'] = fields;
  const isNamed = name !== '';
  return {
    frame,
    trust: 'non',
    offset,
    module: module || null,
    module_offset: module !== '' && !isNamed ? offset : null,
    function: name || null,
    function_offset: isNamed && file === '' ? offset : null,
    file: file || null,
    line: /^\d+$/.test(line) ? Number(line) : null,
    missing_symbols: !isNamed,
    inlines: null,
    unloaded_modules: null,
  };
}
