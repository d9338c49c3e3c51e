// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ClientFacts } from './client-facts.ts';
import { unwindErrors } from './errors.ts';

/**
 * How a pool and its walker processes talk. The setup and then requests are JSON lines on stdin. Answers come on descriptor 3: four bytes
 * of length (little-endian), one of kind, then that many bytes; so that the document passes as bytes and stray output
 * of a library cannot be taken for an answer.
 */
export interface WalkRequest {
  readonly dumpPath: string;
  /** Symbols may have arrived a moment ago: look for missing ones anew. */
  readonly hasNewSymbols?: boolean;
  /** What of the report's annotations belongs into the document. */
  readonly client?: ClientFacts;
}

/** Why a walk gave nothing. `slug` is of unwindErrors, minidumpErrors or symbolErrors. */
export interface WalkFailure {
  readonly slug: string;
  readonly detail: string;
}

export const answerDescriptor = 3;

export type AnswerKind = 'document' | 'failure';
const kinds: readonly AnswerKind[] = ['document', 'failure'];

const headerBytes = 5;

export function encodeAnswer(kind: AnswerKind, body: Uint8Array): Uint8Array[] {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(body.length, 0);
  header.writeUInt8(kinds.indexOf(kind), 4);
  return [header, body];
}

/** Lenient: what a dying process writes may be anything. */
export function decodeFailure(body: Uint8Array): WalkFailure {
  try {
    const { slug, detail } = JSON.parse(Buffer.from(body).toString());
    return { slug: String(slug), detail: String(detail) };
  } catch {
    return { slug: unwindErrors.walk_died.slug, detail: 'the walker process wrote a failure that cannot be read' };
  }
}

export interface Answer {
  readonly kind: AnswerKind;
  readonly body: Uint8Array;
}

/** Puts answers together from chunks; `push` gives those that are whole, or null when the stream is not one of ours. */
export class AnswerDecoder {
  readonly #bodyBytesMax: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(bodyBytesMax: number) {
    this.#bodyBytesMax = bodyBytesMax;
  }

  push(chunk: Uint8Array): Answer[] | null {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const answers: Answer[] = [];
    for (;;) {
      if (this.#size < headerBytes) return answers;
      const header = this.#peekHeader();
      const length = header.readUInt32LE(0);
      const kind = kinds[header.readUInt8(4)];
      if (kind === undefined || length > this.#bodyBytesMax) return null;
      if (this.#size < headerBytes + length) return answers;
      const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks);
      answers.push({ kind, body: bytes.subarray(headerBytes, headerBytes + length) });
      this.#chunks = [bytes.subarray(headerBytes + length)];
      this.#size -= headerBytes + length;
    }
  }

  #peekHeader(): Buffer {
    const [first] = this.#chunks;
    if (!first || first.length < headerBytes) this.#chunks = [Buffer.concat(this.#chunks)];
    const bytes = this.#chunks[0] as Uint8Array;
    return Buffer.from(bytes.buffer, bytes.byteOffset, headerBytes);
  }
}
