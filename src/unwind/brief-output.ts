// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { styleText } from 'node:util';
import type { StackFrame, StackThread, Stackwalk } from '../crash/stackwalk.ts';
import { printable } from '../lib/printable.ts';
import { leafName } from './leaf-name.ts';

export interface BriefOptions {
  readonly isColoured: boolean;
  readonly showsAllThreads: boolean;
}

type Style = Parameters<typeof styleText>[0];

/** One screen for a terminal: what happened, and one line a frame. Ends with a line feed. */
export function stackwalkBrief(walk: Stackwalk, { isColoured, showsAllThreads }: BriefOptions): string {
  const paint = (style: Style, text: string) => {
    const plain = printable(text);
    return isColoured && plain !== '' ? styleText(style, plain, { validateStream: false }) : plain;
  };
  const crashing = walk.crash_info.crashing_thread;
  const shown = walk.threads
    .map((thread, index) => ({ thread, index }))
    .filter(({ index }) => showsAllThreads || crashing === null || index === crashing)
    .sort((left, right) => Number(right.index === crashing) - Number(left.index === crashing));
  return [
    ...headLines(walk, paint),
    ...shown.flatMap(({ thread, index }) => ['', ...threadLines(thread, index, index === crashing, paint)]),
    ...hintLines(walk, shown.length, paint),
    '',
  ].join('\n');
}

type Paint = (style: Style, text: string) => string;

function headLines({ crash_info: crash, system_info: system }: Stackwalk, paint: Paint): string[] {
  const what = crash.type === null ? 'No crash' : `${crash.type} at ${crash.address}`;
  return [
    paint(['bold', 'red'], what),
    ...(crash.assertion ? [paint('yellow', crash.assertion)] : []),
    paint('dim', `${system['os']} ${system['os_ver'] ?? ''}, ${system['cpu_arch']}`),
  ];
}

function threadLines(thread: StackThread, index: number, isCrashing: boolean, paint: Paint): string[] {
  const name = thread.thread_name ? ` ${thread.thread_name}` : '';
  const head = paint('bold', `Thread ${index}${name}${isCrashing ? ' (crashed)' : ''}`);
  if (thread.frames.length === 0) return [head, '  no frames'];
  const lines: string[] = [head];
  let expected = 0;
  for (const frame of thread.frames) {
    if (frame.frame !== expected) lines.push(paint('dim', `   ... ${frame.frame - expected} frames left out`));
    expected = frame.frame + 1;
    for (const { function: name, file, line } of frame.inlines ?? [])
      lines.push(`   ${paint('dim', 'inl')} ${paint('cyan', name ?? '?')}${placeWords(file, line, paint)}`);
    lines.push(frameLine(frame, paint));
  }
  return lines;
}

function frameLine(frame: StackFrame, paint: Paint): string {
  const number = paint('dim', String(frame.frame).padStart(6));
  const doubt = frame.trust === 'scan' ? paint('yellow', '  (scan)') : '';
  const module = frame.module ?? 'no module';
  if (frame.function === null)
    return `${number} ${paint('dim', `${module} + ${frame.module_offset ?? frame.offset}`)}${doubt}`;
  const place = placeWords(frame.file, frame.line, paint);
  return `${number} ${paint('cyan', frame.function)}${place}${paint('dim', `  ${module}`)}${doubt}`;
}

function placeWords(file: string | null, line: number | null, paint: Paint): string {
  return file === null ? '' : `  ${paint('green', `${leafName(file)}${line === null ? '' : `:${line}`}`)}`;
}

/** What the reader can do for more. */
function hintLines(walk: Stackwalk, shownThreads: number, paint: Paint): string[] {
  const missing = walk.modules.filter((module) => module.missing_symbols).map((module) => module.filename);
  const others = walk.threads.length - shownThreads;
  return [
    ...(missing.length > 0
      ? [
          '',
          paint(
            'dim',
            `No symbols for: ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ` and ${missing.length - 8} more` : ''}`,
          ),
        ]
      : []),
    ...(others > 0 ? [paint('dim', `${others} more thread${others === 1 ? '' : 's'}: --all-threads`)] : []),
  ];
}
