// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CfiRecord } from '../symbols/symbols.ts';
import { unwindLimits } from './limits.ts';

/**
 * One part of a postfix expression: a constant, or text: an operator, `.cfa`, `.undef`, or a register's name without
 * its `$` (stackwalker.md §6).
 */
type CfiToken = bigint | string;
export type CfiExpression = readonly CfiToken[];

/** `.cfa`, `.ra` or a register's name as written, without `$`, and how its value in the caller is found. */
export interface CfiRule {
  readonly target: string;
  readonly expression: CfiExpression;
}

/** The rules that hold at one address, by what they are for. */
export type CfiRules = ReadonlyMap<string, CfiExpression>;

const cache = new Map<string, readonly CfiRule[] | null>();

/**
 * The rules of one STACK CFI text in order; null if it is malformed. Symbol files repeat few distinct texts very often,
 * so parsed ones are kept; when the table is full it starts anew.
 */
export function parseCfiRules(text: string): readonly CfiRule[] | null {
  const known = cache.get(text);
  if (known !== undefined) return known;
  if (cache.size >= unwindLimits.cfiProgramsCachedMax.value) cache.clear();
  const rules = parse(text);
  cache.set(text, rules);
  return rules;
}

/** The rules of INIT with the deltas over them, the later rule for a register counts; null if any is malformed. */
export function mergeCfiRules(record: CfiRecord): CfiRules | null {
  const merged = new Map<string, CfiExpression>();
  let characters = 0;
  for (const text of [record.initRules, ...record.deltas.map(({ rules }) => rules)]) {
    characters += text.length;
    const rules = characters > unwindLimits.cfiRuleCharactersMax.value ? null : parseCfiRules(text);
    if (rules === null) return null;
    for (const { target, expression } of rules) merged.set(target, expression);
  }
  return merged;
}

function parse(text: string): readonly CfiRule[] | null {
  if (text.length > unwindLimits.cfiRuleCharactersMax.value) return null;
  const rules: CfiRule[] = [];
  let expression: CfiToken[] | null = null;
  for (const word of text.split(/\s+/)) {
    if (word === '') continue;
    if (word.endsWith(':')) {
      if (expression?.length === 0) return null;
      expression = [];
      rules.push({ target: withoutDollar(word.slice(0, -1)), expression });
    } else if (expression === null) return null;
    else expression.push(tokenOf(word));
  }
  return expression === null || expression.length === 0 ? null : rules;
}

function tokenOf(word: string): CfiToken {
  return /^[+-]?\d{1,20}$/.test(word) ? BigInt.asUintN(64, BigInt(word)) : withoutDollar(word);
}

function withoutDollar(name: string): string {
  return name.startsWith('$') ? name.slice(1) : name;
}

/** What an expression may ask for. */
export interface CfiInput {
  /** A register of the callee by the name in the rule; undefined when it is unknown or lost. */
  register(name: string): bigint | undefined;
  readWord(address: bigint): bigint | undefined;
}

/**
 * The value of an expression, wrapping at 64 bits; null if it asks for something unknown, divides by zero or does not
 * leave exactly one value. `cfa` is null while the CFA itself is being found.
 */
export function evaluateCfi(expression: CfiExpression, input: CfiInput, cfa: bigint | null): bigint | null {
  if (expression.length > unwindLimits.cfiTokensMax.value) return null;
  const stack: bigint[] = [];
  for (const token of expression) {
    const value = typeof token === 'bigint' ? token : valueOfWord(token, stack, input, cfa);
    if (value === null || stack.length >= unwindLimits.cfiStackMax.value) return null;
    stack.push(value);
  }
  return stack.length === 1 ? (stack[0] as bigint) : null;
}

function valueOfWord(token: string, stack: bigint[], input: CfiInput, cfa: bigint | null): bigint | null {
  switch (token) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '@': {
      const right = stack.pop();
      const left = stack.pop();
      return left === undefined || right === undefined ? null : binary(token, left, right);
    }
    case '^': {
      const address = stack.pop();
      return address === undefined ? null : (input.readWord(address) ?? null);
    }
    case '.cfa':
      return cfa;
    case '.undef':
      return null;
    default:
      return input.register(token) ?? null;
  }
}

function binary(operator: string, left: bigint, right: bigint): bigint | null {
  switch (operator) {
    case '+':
      return BigInt.asUintN(64, left + right);
    case '-':
      return BigInt.asUintN(64, left - right);
    case '*':
      return BigInt.asUintN(64, left * right);
    case '/':
      return right === 0n ? null : left / right;
    case '%':
      return right === 0n ? null : left % right;
    default:
      return right === 0n || (right & (right - 1n)) !== 0n ? null : left & BigInt.asUintN(64, ~(right - 1n));
  }
}
