// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { readRange, readWholeFile } from '../lib/durable-files.ts';
import type { Files } from '../lib/files.ts';
import { isJsonObject, type JsonObject } from '../lib/json.ts';
import { decodeHead } from './head.ts';
import { bodyOffset, type RecordHeader } from './record.ts';
import { isSegmentName, Segment } from './segment.ts';
import { listSlots } from './slots.ts';
import type { SpoolHead } from './spool.ts';

/** One thing in a spool, as people look at it. Nothing is locked or changed: the owner may be running. */
export type SpoolItem =
  | {
      readonly kind: 'entry';
      readonly segmentPath: string;
      readonly offset: number;
      readonly head: SpoolHead;
      readonly bodySizeBytes: number;
      readonly doneSteps: readonly string[];
      /** What is wrong with its bytes; null when all is well, undefined when the body was not read. */
      readonly problem: string | null | undefined;
      openBody(): AsyncIterable<Uint8Array>;
    }
  | {
      readonly kind: 'damage';
      readonly segmentPath: string;
      readonly offset: number;
      readonly sizeBytes: number;
      readonly problem: string;
    };

/** Everything that waits under a spool directory, slot by slot, oldest first. With `checksBodies` every byte is read. */
export async function* inspectSpool(
  files: Files,
  directory: string,
  options: { readonly checksBodies: boolean },
): AsyncGenerator<SpoolItem> {
  for (const number of await listSlots(files, directory)) {
    const path = join(directory, String(number));
    for (const name of (await files.list(path)).filter(isSegmentName))
      yield* inspectSegment(files, new Segment(files, path, name), options.checksBodies);
  }
}

async function* inspectSegment(files: Files, segment: Segment, checksBodies: boolean): AsyncGenerator<SpoolItem> {
  // A segment may be deleted by its owner while it is looked at.
  if (!(await files.stat(segment.logPath))) return;
  await segment.load();
  try {
    for (let piece = await segment.readNext(); piece.kind !== 'end'; piece = await segment.readNext()) {
      const offset = piece.kind === 'damage' ? piece.from : piece.header.offset;
      if (segment.removed.has(offset) || (piece.kind === 'record' && piece.header.type === 'seal')) continue;
      const decoded = piece.kind === 'record' ? decodeHead(piece.meta, piece.rawCrash) : null;
      if (piece.kind === 'damage' || !decoded) {
        const problem = piece.kind === 'damage' ? piece.reason : 'the head is not readable JSON';
        yield { kind: 'damage', segmentPath: segment.path, offset, sizeBytes: piece.to - offset, problem };
        continue;
      }
      const openBody = () => bodyOf(files, segment, piece.header, decoded.bodyFileName);
      yield {
        kind: 'entry',
        segmentPath: segment.path,
        offset,
        head: decoded.head,
        bodySizeBytes: piece.header.bodyLength,
        doneSteps: [...(segment.notes.get(offset) ?? [])],
        problem: checksBodies ? await problemOf(openBody(), piece.header) : undefined,
        openBody,
      };
    }
  } finally {
    await segment.closeReader();
  }
}

function bodyOf(
  files: Files,
  segment: Segment,
  header: RecordHeader,
  bodyFileName: string | null,
): AsyncIterable<Uint8Array> {
  if (bodyFileName !== null) return readRange(files, join(segment.path, bodyFileName), 0, header.bodyLength);
  return readRange(files, segment.logPath, bodyOffset(header), bodyOffset(header) + header.bodyLength);
}

async function problemOf(body: AsyncIterable<Uint8Array>, header: RecordHeader): Promise<string | null> {
  let crc = 0;
  try {
    for await (const chunk of body) crc = crc32(chunk, crc);
  } catch (error) {
    return `the body cannot be read: ${(error as Error).message}`;
  }
  return crc === header.bodyCrc ? null : 'wrong checksum of the body';
}

/** The notes of what was set aside, with the path of each. */
export async function listDamaged(files: Files, directory: string): Promise<{ path: string; note: JsonObject }[]> {
  const found: { path: string; note: JsonObject }[] = [];
  for (const number of await listSlots(files, directory)) {
    const path = join(directory, String(number), 'damaged');
    if (!(await files.stat(path))) continue;
    for (const name of (await files.list(path)).filter((each) => each.endsWith('.json'))) {
      const note: unknown = JSON.parse((await readWholeFile(files, join(path, name), 64 * 1024)).toString('utf8'));
      if (isJsonObject(note)) found.push({ path: join(path, name), note });
    }
  }
  return found;
}
