// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ListedFrame } from './frame-list.ts';
import type { RuleContext, SignatureRule } from './rule.ts';
import { stripLeadingZeros } from './text.ts';
import { frameSeparator } from './walk-frames.ts';

/** Starts every signature that stands for code without symbols, so that lists and searches show it. */
export const provisionalMark = 'provisional';

/**
 * Where the frame that decides has no symbols, every crash of a module would fall into one group. Instead: the named
 * frames that were kept, then the innermost module of the application with its offset. When the symbols arrive and the
 * crash is processed again, it gets its real signature.
 */
const offsetRule: SignatureRule = {
  name: 'ProvisionalSignature',
  applies: (context) => context.draft.source === 'native' && findUnnamed(context) !== null,
  apply: (context) => {
    const { draft } = context;
    const unnamed = findUnnamed(context)!;
    const named = draft.frames.filter(({ explanation }) => isKept(explanation.fate) && isNamed(explanation.source));
    const place = `${unnamed.frame.module}@${stripLeadingZeros(unnamed.frame.moduleOffset ?? '')}`;
    draft.signature = [provisionalMark, ...named.map(({ explanation }) => explanation.text), place].join(
      frameSeparator,
    );
    draft.isProvisional = true;
  },
};

/** A signature of which nothing readable is left would be a group without a name. */
const unreadableRule: SignatureRule = {
  name: 'UnreadableSignature',
  applies: ({ draft }) => draft.signature === '',
  apply: ({ draft }) => {
    draft.signature = 'EMPTY: no readable frame';
  },
};

export const provisionalRules = { offset: offsetRule, unreadable: unreadableRule };

/**
 * The frame whose module and offset stand in: the first of the application from the top of the interesting stack, else
 * the first with a module at all, unless the application has symbols. Null if the signature rests on a named frame, or
 * no frame has module and offset.
 */
function findUnnamed({ draft, options }: RuleContext): ListedFrame | null {
  const deciding = draft.frames.findLast(({ explanation }) => isKept(explanation.fate));
  if (deciding && isNamed(deciding.explanation.source)) return null;
  const top = draft.frames.findIndex(({ explanation }) => explanation.fate !== 'above');
  const placed = draft.frames
    .slice(Math.max(top, 0))
    .filter(
      ({ frame, explanation }) => frame.module !== null && frame.moduleOffset !== null && !isNamed(explanation.source),
    );
  const { systemModules } = options.lists;
  const isOfApplication = ({ frame }: ListedFrame): boolean =>
    frame.module !== null && !systemModules?.match(frame.module.toLowerCase());
  const ofApplication = placed.find(isOfApplication);
  if (ofApplication) return ofApplication;
  const hasSymbols = draft.frames.some((frame) => isNamed(frame.explanation.source) && isOfApplication(frame));
  return hasSymbols ? null : (placed[0] ?? null);
}

function isKept(fate: string): boolean {
  return fate === 'kept' || fate === 'ended' || fate === 'last-resort';
}

function isNamed(source: string): boolean {
  return source === 'function' || source === 'file-line';
}
