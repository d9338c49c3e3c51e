// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { crashDataFromProcessedCrash, crashingThreadOf } from '../../../src/signature/crash-data.ts';
import { crashIdFromText } from '../../../src/signature/crash-id-text.ts';
import { listThreadFrames } from '../../../src/signature/frame-list.ts';
import { frameText, readFrame, sourcePath } from '../../../src/signature/frame-text.ts';
import { generateSignature, runSignatureRule } from '../../../src/signature/generate-signature.ts';
import { javaFrameText, signatureOfJavaException, signatureOfJavaStackTrace } from '../../../src/signature/java.ts';
import {
  collapseArguments,
  collapseTypes,
  dropPrefix,
  normaliseCppFunction,
  normaliseRustFunction,
} from '../../../src/signature/normalise-function.ts';
import { makeDraft, type SignatureOptions } from '../../../src/signature/rule.ts';
import { rulesOfToday } from '../../../src/signature/rules-today.ts';
import { parseSiglists, type Siglists } from '../../../src/signature/siglists.ts';
import { dropUnprintable, stripLeadingZeros } from '../../../src/signature/text.ts';
import { walkFrames } from '../../../src/signature/walk-frames.ts';

interface Vector {
  readonly id: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: the vectors hold values of any shape on purpose
  readonly input: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly expected: any;
  readonly python_error_text?: true;
  readonly python_repr?: true;
}

const data = process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata';
const listFiles = {
  sentinels: 'signature_sentinels.txt',
  irrelevant: 'irrelevant_signature_re.txt',
  prefix: 'prefix_signature_re.txt',
  lineNumbers: 'signatures_with_line_numbers_re.txt',
};
const lists = parseSiglists(
  Object.fromEntries(
    Object.values(listFiles).map((file) => [file, readFileSync(join(data, 'siglists', file), 'utf8')]),
  ),
);
const options: SignatureOptions = { lists, era: 'today', provisional: false };
const wantsLine = (text: string): boolean => lists.lineNumbers.match(text) !== null;
const vectors = readFileSync(join(data, 'signatures/vectors.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

/** The ids that docs/signature-differences.md gives a reason for. */
const listed = new Set(
  [...readFileSync('docs/signature-differences.md', 'utf8').matchAll(/^\| `([^`]+)` \|/gm)].flatMap((row) =>
    row[1]!.split(' '),
  ),
);

test('all vectors agree with the reference, but for the listed differences', () => {
  assert.equal(vectors.length, 1152);
  const different = vectors.filter((vector) => !agrees(vector)).map(({ id }) => id);
  const unlisted = different.filter((id) => !listed.has(id));
  assert.deepEqual(unlisted.map(shown), [], `${unlisted.length} of ${vectors.length} differ without a reason`);
  const stale = [...listed].filter((id) => !different.includes(id));
  assert.deepEqual(stale, [], 'listed as different, but they agree');
});

test('of the vectors that are not free to be better, at most 2 % differ', () => {
  const bound = vectors.filter((vector) => !isFree(vector));
  const different = bound.filter((vector) => !agrees(vector));
  assert.ok(different.length <= bound.length * 0.02, `${different.length} of ${bound.length}`);
});

function isFree(vector: Vector): boolean {
  const text = JSON.stringify(vector.expected);
  return vector.expected.raises !== undefined || text.includes('Rule failed') || vector.python_repr === true;
}

function shown(id: string): unknown {
  const vector = vectors.find((candidate) => candidate.id === id)!;
  return { id, input: JSON.stringify(vector.input).slice(0, 600), expected: vector.expected, actual: answer(vector) };
}

function agrees(vector: Vector): boolean {
  const cut = (value: unknown): unknown =>
    vector.python_error_text
      ? JSON.parse(
          JSON.stringify(value).replace(/(Rule failed:|Error parsing AsyncShutdownTimeout:)(?:[^"\\]|\\.)*"/g, '$1"'),
        )
      : value;
  try {
    assert.deepEqual(cut(answer(vector)), cut(vector.expected));
    return true;
  } catch {
    return false;
  }
}

function answer({ kind, input, expected }: Vector): unknown {
  switch (kind) {
    case 'pipeline':
      return ofPipeline(generateSignature(input, options));
    case 'convert': {
      const crashData = crashDataFromProcessedCrash(input);
      return { crash_data: crashData, ...ofPipeline(generateSignature(crashData, options)) };
    }
    case 'frame':
      return { signature: frameText(readFrame(input), wantsLine).text };
    case 'cpp':
      return { signature: normaliseCppFunction(input.function, input.line, wantsLine) };
    case 'rust':
      return { signature: normaliseRustFunction(input.function, input.line, wantsLine) };
    case 'frames': {
      const frames = listThreadFrames({ threads: [input.thread], os: input.os ?? null }, 0, wantsLine);
      return { frames: frames.map(({ explanation }) => explanation.text) };
    }
    case 'walk':
      return ofWalk(input);
    case 'siglist':
      return {
        irrelevant: lists.irrelevant.match(input) !== null,
        prefix: lists.prefix.match(input) !== null,
        line_number: lists.lineNumbers.match(input) !== null,
        sentinel: lists.sentinels.match(input) !== null,
      };
    case 'java':
      return { ...signatureOfJavaStackTrace(input) };
    case 'java_exception':
      return { ...signatureOfJavaException(input) };
    case 'java_frame':
      return { signature: javaFrameText(input) };
    case 'crashing_thread':
      return { value: crashingThreadOf(input) };
    default:
      return kind.startsWith('rule:') ? ofRule(kind.slice(5), input, expected) : { value: ofText(kind, input) };
  }
}

function ofPipeline({ signature, notes, proto_signature }: ReturnType<typeof generateSignature>): object {
  return { signature, notes, proto_signature };
}

function ofWalk(input: Vector['input']): object {
  const frames = input.frames.map((text: string, frame: number) => ({
    frame,
    inline: null,
    text,
    source: 'function',
    rewrites: [],
    fate: 'below',
    entry: null,
    is_sentinel: false,
  }));
  return { ...walkFrames(frames, input.crashing_thread, input.siglists ? ownLists(input.siglists) : lists) };
}

function ownLists(given: Record<string, string[]>): Siglists {
  const text = (file: string): string => (given[file.replace('.txt', '')] ?? ['zzz-nothing']).join('\n');
  return parseSiglists(Object.fromEntries(Object.values(listFiles).map((file) => [file, text(file)])));
}

function ofRule(name: string, input: Vector['input'], expected: Vector['expected']): object {
  const draft = makeDraft(input.signature);
  const rule = rulesOfToday.find((candidate) => candidate.name === name)!;
  const outcome = runSignatureRule(rule, input.crash_data, draft, options);
  const proto = 'proto_signature' in expected ? { proto_signature: draft.protoSignature } : {};
  return { ran: outcome !== 'not applied', signature: draft.signature, notes: draft.notes, ...proto };
}

function ofText(kind: string, input: Vector['input']): unknown {
  if (kind === 'strip_zeros') return typeof input === 'string' ? stripLeadingZeros(input) : input;
  if (input === null) return null;
  const functions: Record<string, (text: string) => unknown> = {
    drop_prefix: dropPrefix,
    collapse_types: collapseTypes,
    collapse_args: collapseArguments,
    source_path: sourcePath,
    drop_bad: dropUnprintable,
    crash_id: crashIdFromText,
  };
  return functions[kind]!(input);
}
