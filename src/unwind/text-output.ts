// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StackFrame, StackModule, StackThread, Stackwalk } from '../crash/stackwalk.ts';
import { printable } from '../lib/printable.ts';
import { leafName } from './leaf-name.ts';

/** The wording is that of the minidump_stackwalk tools, which people and their scripts know. */
const trustWords: Readonly<Record<string, string>> = {
  context: 'given as instruction pointer in context',
  prewalked: 'recovered by external stack walker',
  cfi: 'call frame info',
  cfi_scan: 'call frame info with scanning',
  frame_pointer: "previous frame's frame pointer",
  scan: 'stack scanning',
};

/** The whole report: system, crash, all threads with the crashing one first, modules. Ends with a line feed. */
export function stackwalkText(walk: Stackwalk): string {
  const crashing = walk.crash_info.crashing_thread;
  const others = walk.threads.map((thread, index) => ({ thread, index })).filter(({ index }) => index !== crashing);
  return [
    ...systemLines(walk),
    '',
    ...crashLines(walk),
    ...(walk.crashing_thread
      ? ['', ...threadLines(walk.crashing_thread, walk.crashing_thread.threads_index, crashTitle(walk))]
      : []),
    ...others.flatMap(({ thread, index }) => ['', ...threadLines(thread, index, '')]),
    '',
    'Loaded modules:',
    ...[...walk.modules].sort(byBase).map((module) => moduleLine(module, module === walk.modules[0])),
    '',
    'Unloaded modules:',
    ...walk.unloaded_modules.map(
      (module) => `${module.base_addr} - ${lastByte(module.end_addr)}  ${leafName(module.filename)}`,
    ),
    '',
  ]
    .map((line) => printable(line))
    .join('\n');
}

function systemLines({ system_info: system, lsb_release: lsb }: Stackwalk): string[] {
  const count = Number(system['cpu_count'] ?? 0);
  const release = lsb as Record<string, string> | null | undefined;
  return [
    `Operating system: ${system['os']}`,
    ...(system['os_ver'] ? [`                  ${system['os_ver']}`] : []),
    `CPU: ${system['cpu_arch']}`,
    ...(system['cpu_info'] ? [`     ${system['cpu_info']}`] : []),
    `     ${count} CPU${count > 1 ? 's' : ''}`,
    ...(release
      ? [`Linux ${release['id']} ${release['release']} - ${release['codename']} (${release['description']})`]
      : []),
  ];
}

function crashLines(walk: Stackwalk): string[] {
  const { type, address, assertion, instruction, adjusted_address: adjusted } = walk.crash_info;
  const uptime = walk['process_uptime'];
  const better = adjusted as { kind: string; address?: string; offset?: string } | null | undefined;
  return [
    ...(type === null ? ['No crash'] : [`Crash reason:  ${type}`, `Crash address: ${address}${better ? ' **' : ''}`]),
    ...(better?.kind === 'non-canonical' ? [`    ** Non-canonical address detected: ${better.address}`] : []),
    ...(better?.kind === 'null-pointer' ? [`    ** Null pointer detected with offset: ${better.offset}`] : []),
    ...(instruction ? [`Crashing instruction: \`${instruction}\``] : []),
    ...(assertion ? [`Assertion: ${assertion}`] : []),
    typeof uptime === 'number' ? `Process uptime: ${uptime} seconds` : 'Process uptime: not available',
  ];
}

function crashTitle({ crash_info: crash }: Stackwalk): string {
  return crash.type === null ? ' (requested dump, did not crash)' : ' (crashed)';
}

function threadLines(thread: StackThread, index: number, title: string): string[] {
  const head = `Thread ${index} ${thread.thread_name ?? ''}${title} - tid: ${thread.thread_id ?? 'unknown'}`;
  if (thread.frames.length === 0) return [head, '<no frames>'];
  let number = 0;
  const lines = [head];
  let last = -1;
  for (const frame of thread.frames) {
    if (frame.frame > last + 1) {
      lines.push(`    ... ${frame.frame - last - 1} frames left out ...`);
      number += frame.frame - last - 1;
    }
    last = frame.frame;
    for (const inline of frame.inlines ?? []) {
      const place = inline.file && inline.line !== null ? ` [${leafName(inline.file)} : ${inline.line}]` : '';
      lines.push(`${pad(number)}  ${frame.module ?? ''}!${inline.function}${place}`, '    Found by: inlining');
      number += 1;
    }
    lines.push(`${pad(number)}  ${placeOf(frame)}`, ...registerLines(frame));
    lines.push(`    Found by: ${trustWords[frame.trust] ?? 'unknown'}`);
    number += 1;
  }
  return lines;
}

const pad = (number: number) => String(number).padStart(2);

function placeOf(frame: StackFrame): string {
  if (frame.module === null) return `${shortHex(frame.offset)}${unloadedWords(frame)}`;
  if (frame.function === null) return `${frame.module} + ${shortHex(frame.module_offset)}`;
  const place =
    frame.file && frame.line !== null
      ? ` [${leafName(frame.file)} : ${frame.line}]`
      : ` + ${shortHex(frame.function_offset)}`;
  return `${frame.module}!${frame.function}${place}`;
}

function unloadedWords(frame: StackFrame): string {
  const found = frame.unloaded_modules ?? [];
  return found
    .map(({ module, offsets }) => ` (unloaded ${leafName(module)}@${offsets.map(shortHex).join('|')})`)
    .join('');
}

function shortHex(address: string | null): string {
  return address === null ? '?' : `0x${address.replace(/^0x0*(?=.)/, '')}`;
}

const lineWidth = 80;

function registerLines({ registers }: StackFrame): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [name, value] of Object.entries(registers ?? {})) {
    const next = ` ${name.padStart(6)} = ${value}`;
    if (line.length + next.length > lineWidth) {
      lines.push(` ${line}`);
      line = '';
    }
    line += next;
  }
  return line === '' ? lines : [...lines, ` ${line}`];
}

function moduleLine(module: StackModule, isMain: boolean): string {
  const symbols = module.corrupt_symbols ? '  (corrupt symbols)' : module.missing_symbols ? '  (no symbols)' : '';
  const main = isMain ? '  (main)' : '';
  return `${module.base_addr} - ${lastByte(module.end_addr)}  ${module.filename}  ${module.version ?? '???'}${main}${symbols}`;
}

/** Ends are exclusive in the document and inclusive in this listing. */
function lastByte(end: string): string {
  const value = BigInt(end) - 1n;
  return value < 0n ? end : `0x${value.toString(16).padStart(end.length - 2, '0')}`;
}

function byBase(left: StackModule, right: StackModule): number {
  return left.base_addr < right.base_addr ? -1 : Number(left.base_addr > right.base_addr);
}
