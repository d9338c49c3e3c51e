// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { visibleText } from '../html.ts';
import { webLimits } from '../limits.ts';
import { cutText } from '../parts/text.ts';
import type { FrameView } from './report-stack.ts';
import type { ReportView } from './report-view.ts';

/** A report for a bug tracker: id, product, reason, top frames with inlined calls, link; at most 4 kB (web.md X12). */
export function reportMarkdown(report: ReportView, url: string): string {
  return fitting((nameMax) => {
    const lines = [
      `**${inline(cutText(report.signature, nameMax))}**`,
      '',
      `* Report: <${url}>`,
      `* Product: ${inline(productLine(report))}`,
      ...(report.reason.type === null ? [] : [`* Reason: ${inline(reasonLine(report))}`]),
      '',
      ...stackHead(report),
      '```',
      ...stackLines(report, nameMax).map((line) => line.replaceAll('```', "'''")),
      '```',
      '',
    ];
    return lines.join('\n');
  });
}

/** The same as plain text. */
export function reportPlainText(report: ReportView, url: string): string {
  return fitting((nameMax) =>
    [
      visibleText(cutText(report.signature, nameMax)),
      '',
      `Report:  ${url}`,
      `Product: ${visibleText(productLine(report))}`,
      ...(report.reason.type === null ? [] : [`Reason:  ${visibleText(reasonLine(report))}`]),
      '',
      ...stackHead(report),
      ...stackLines(report, nameMax),
      '',
    ].join('\n'),
  );
}

/** The longest names that keep the whole within the limit. */
function fitting(write: (nameMax: number) => string): string {
  for (const nameMax of [300, 160, 80, 40, 20]) {
    const text = write(nameMax);
    if (Buffer.byteLength(text) <= webLimits.summaryBytesMax.value) return text;
  }
  return Buffer.from(write(20))
    .subarray(0, webLimits.summaryBytesMax.value - 3)
    .toString()
    .replace(/\ufffd+$/, '');
}

function productLine({ product, version, system }: ReportView): string {
  return [[product, version].filter(Boolean).join(' ') || 'unknown', system].filter(Boolean).join(', ');
}

function reasonLine({ reason }: ReportView): string {
  const at = reason.address === null ? '' : ` at ${reason.address}`;
  return `${reason.type}${at}${reason.words === null ? '' : ` (${reason.words})`}`;
}

function stackHead({ crashing_thread: thread }: ReportView): string[] {
  if (thread === null || thread.frames.length === 0) return ['No stack.'];
  const shown = Math.min(thread.frame_count, webLimits.summaryFramesMax.value);
  return [`Top ${shown} of ${thread.frame_count} frames of thread ${thread.index}:`, ''];
}

/** Frames below the limit count with all their inlined calls. */
function stackLines({ crashing_thread: thread }: ReportView, nameMax: number): string[] {
  const frames = thread?.frames ?? [];
  const numbers = [...new Set(frames.map(({ frame }) => frame))].slice(0, webLimits.summaryFramesMax.value);
  return frames
    .filter(({ frame }) => numbers.includes(frame))
    .slice(0, 30)
    .map((frame) => frameLine(frame, nameMax));
}

/** ` 0  kw_render.node  paint::flush(int)  paint.cc:412` */
export function frameLine(frame: FrameView, nameMax: number): string {
  const place = frame.file === null ? '' : `  ${frame.file}${frame.line === null ? '' : `:${frame.line}`}`;
  const mark = frame.is_inline ? '  (inlined)' : frame.trust === 'scan' ? '  (guess)' : '';
  const module = frame.module ?? '?';
  return visibleText(
    `${String(frame.frame).padStart(2)}  ${cutText(module, nameMax)}  ${cutText(frame.text, nameMax)}${cutText(place, nameMax)}${mark}`,
  ).replace(/[\r\n]+/g, ' ');
}

/** Text in a line of Markdown: what would be markup is escaped. */
function inline(text: string): string {
  return visibleText(text)
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\\`*_[\]<>#|~!]/g, '\\$&');
}
