// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject } from '../lib/json.ts';
import { linesOf, trim } from '../lib/python-text.ts';
import { fieldOf, textOf } from './crash-data.ts';
import { signatureLimits } from './limits.ts';
import { isLongerThan } from './text.ts';
import type { Walked } from './walk-frames.ts';

const tool = 'JavaSignatureTool: ';

/** A signature from the text of a Java stack trace: class, description and topmost method (processor.md §4.6a). */
export function signatureOfJavaStackTrace(trace: unknown): Walked {
  const max = signatureLimits.jsonTextCharactersMax.value;
  const lines = typeof trace === 'string' ? linesOf(trace.slice(0, max)) : [];
  const [first] = lines;
  if (first === undefined)
    return {
      signature: 'EMPTY: Java stack trace not in expected format',
      notes: [`${tool}stack trace not in expected format`],
    };
  const notes: string[] = [];
  const { className, description } = readFirstLine(first, notes);
  const method = readMethod(lines[1], notes);
  const full = joinJava(className, description, method);
  if (!isLongerThan(full, signatureLimits.signatureCharactersMax.value)) return { signature: full, notes };
  notes.push(`${tool}dropped Java exception description due to length`);
  return { signature: `${className}: ${method}`, notes };
}

function readFirstLine(line: string, notes: string[]): { className: string; description: string } {
  const colon = line.indexOf(':');
  if (colon < 0) {
    notes.push(`${tool}stack trace line 1 is not in the expected format`);
    return { className: trim(line), description: '' };
  }
  const description = trim(line.slice(colon + 1).replace(/@[0-9a-f]{8}/g, '@<addr>'));
  return { className: trim(line.slice(0, colon)), description };
}

function readMethod(line: string | undefined, notes: string[]): string {
  const method = trim(line ?? '');
  if (line === undefined) notes.push(`${tool}stack trace line 2 is missing`);
  else if (method === '') notes.push(`${tool}stack trace line 2 is empty`);
  return method.endsWith(')') ? method.replace(/\.java:\p{Nd}+\)$/u, '.java)') : method;
}

/** Only a description that ends in an address gets a colon behind it: an old oversight that groups depend on. */
function joinJava(className: string, description: string, method: string): string {
  if (description.endsWith('<addr>')) return joinFilled(': ', className, description, method);
  return joinFilled(': ', className, joinFilled(' ', description, method));
}

function joinFilled(separator: string, ...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(separator);
}

/** A signature from a structured Java exception (processor.md §4.6b). */
export function signatureOfJavaException(exception: unknown): Walked {
  const values = fieldOf(fieldOf(exception, 'exception'), 'values');
  const first = Array.isArray(values) ? values[0] : fieldOf(values, '0');
  const stack = fieldOf(first, 'stacktrace');
  if (!isJsonObject(stack) || Object.keys(stack).length === 0)
    return {
      signature: 'EMPTY: Java exception not in expected format',
      notes: ['JavaExceptionSignatureTool: value not in expected format'],
    };
  const type = Object.hasOwn(stack, 'type') ? typeText(stack['type']) : 'Unknown';
  const module = textOf(fieldOf(stack, 'module'));
  const className = type !== '' && module !== null ? `${module}.${type}` : type;
  const frames = fieldOf(stack, 'frames');
  const isPlaced = Array.isArray(frames) && frames.length > 0;
  return { signature: isPlaced ? `${className}: at ${javaFrameText(frames[0])}` : className, notes: [] };
}

function typeText(type: unknown): string {
  return typeof type === 'string' ? type : 'Unknown';
}

/** `module.function(filename)`, without the parts that are absent. */
export function javaFrameText(frame: unknown): string {
  const place = joinFilled('.', textOf(fieldOf(frame, 'module')) ?? '', textOf(fieldOf(frame, 'function')) ?? '');
  const fileName = textOf(fieldOf(frame, 'filename'));
  if (place === '') return 'unknown';
  return fileName === null ? place : `${place}(${fileName})`;
}
