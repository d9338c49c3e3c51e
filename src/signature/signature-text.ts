// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FrameExplanation, FrameFate } from './explanation.ts';
import type { SignatureResult } from './generate-signature.ts';

const fates: Readonly<Record<FrameFate, string>> = {
  kept: 'kept',
  ended: 'kept, the last',
  irrelevant: 'skipped',
  repeated: 'skipped: same library as the frame before',
  empty: 'skipped: nothing is known of it',
  above: 'above the sentinel',
  below: 'not reached',
  'last-resort': 'taken after all: every frame was skipped',
};

/** A signature and why it is so, for people; one frame and one rule a line. Control characters are shown, not sent. */
export function signatureText(result: SignatureResult): string {
  const { explanation } = result;
  const source = explanation.source === 'native' ? `thread ${explanation.thread ?? 'unknown'}` : explanation.source;
  const lines = [
    result.signature,
    '',
    `from ${source}, rules of ${explanation.era}${result.is_provisional ? '; provisional: symbols are missing' : ''}`,
    ...explanation.frames.map(frameLine),
  ];
  lines.push('', 'rules that changed it');
  for (const { rule, outcome, signature } of explanation.rules)
    if (outcome !== 'unchanged')
      lines.push(`  ${rule.padEnd(30)} ${outcome === 'changed' ? `-> ${signature}` : outcome}`);
  if (result.notes.length > 0) lines.push('', 'notes', ...result.notes.map((note) => `  ${note}`));
  return `${lines.map(showControls).join('\n')}\n`;
}

function frameLine(frame: FrameExplanation): string {
  const place = `${frame.frame}${frame.inline === null ? '' : `.${frame.inline}`}`;
  const entry = frame.entry ? ` (${entryText(frame)})` : '';
  const rewrites = frame.rewrites.length > 0 ? ` [${frame.rewrites.join(', ')}]` : '';
  const text = frame.text === '' ? '(nothing)' : frame.text;
  return `  ${place.padStart(4)}  ${text}${rewrites}\n        ${fates[frame.fate]}${entry}`;
}

function entryText({ entry, is_sentinel }: FrameExplanation): string {
  if (!entry) return '';
  const where = entry.line === 0 ? `${entry.file} is empty` : `${entry.file}:${entry.line} ${entry.entry}`;
  return is_sentinel ? `top of the stack; ${where}` : where;
}

/** Terminals obey control characters and turn text round at bidi marks; crash reports hold both. */
function showControls(line: string): string {
  return line.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const codePoint = character.codePointAt(0)!;
    return `\\u{${codePoint.toString(16)}}`;
  });
}
