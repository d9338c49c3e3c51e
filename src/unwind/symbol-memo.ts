// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ModuleSymbols } from '../symbols/symbols.ts';
import { type CfiRules, mergeCfiRules } from './cfi-rules.ts';
import { unwindLimits } from './limits.ts';
import { type FrameNames, namesAt } from './names.ts';

/** Rules at one address, and where the range that they belong to starts in the module. */
export interface CfiAtAddress {
  readonly rules: CfiRules;
  readonly start: number;
}

/** Answers by address in the module. Addresses repeat in every crash of a program: threads idle at the same places. */
interface Memo {
  readonly cfi: Map<number, CfiAtAddress | null>;
  readonly names: Map<number, FrameNames>;
}

const memos = new WeakMap<ModuleSymbols, Memo>();

function memoOf(symbols: ModuleSymbols): Memo {
  const known = memos.get(symbols);
  if (known) return known;
  const made: Memo = { cfi: new Map(), names: new Map() };
  memos.set(symbols, made);
  return made;
}

export function rememberedCfi(symbols: ModuleSymbols, rva: number): CfiAtAddress | null {
  return remembered(memoOf(symbols).cfi, symbols, rva, () => {
    const record = symbols.findCfi(rva);
    const rules = record && mergeCfiRules(record);
    return record && rules && { rules, start: record.address };
  });
}

export function rememberedNames(symbols: ModuleSymbols, rva: number): FrameNames {
  return remembered(memoOf(symbols).names, symbols, rva, () => namesAt(symbols, rva));
}

/** When the table is full it starts anew. What damaged symbols say is not kept. */
function remembered<T>(answers: Map<number, T>, symbols: ModuleSymbols, rva: number, find: () => T): T {
  const known = answers.get(rva);
  if (known !== undefined) return known;
  const found = find();
  if (symbols.damage !== null) return found;
  if (answers.size >= unwindLimits.addressesRememberedMax.value) answers.clear();
  answers.set(rva, found);
  return found;
}
