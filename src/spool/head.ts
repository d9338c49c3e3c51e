// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isCrashId } from '../crash/crash-id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import type { SpooledDump, SpoolHead } from './spool.ts';

/** The head as the JSON of a record; the raw crash travels beside it as bytes. */
export function encodeHead(head: SpoolHead, bodyFileName: string | null): Buffer {
  return Buffer.from(
    JSON.stringify({
      crashId: head.crashId,
      receivedAt: head.receivedAt.toISOString(),
      result: head.result,
      encoding: head.encoding,
      contentType: head.contentType,
      dumps: head.dumps,
      ...(head.reportKey === undefined ? {} : { reportKey: head.reportKey }),
      ...(bodyFileName === null ? {} : { bodyFile: bodyFileName }),
    }),
  );
}

/** The head of a record, or null when it is not one that encodeHead wrote. */
export function decodeHead(
  meta: Uint8Array,
  rawCrashJson: Uint8Array,
): { readonly head: SpoolHead; readonly bodyFileName: string | null } | null {
  const json = parseObject(meta);
  if (!json) return null;
  const { crashId, receivedAt, result, encoding, contentType, reportKey, bodyFile } = json;
  const received = new Date(String(receivedAt));
  const dumps = json['dumps'] === null ? null : decodeDumps(json['dumps']);
  if (typeof crashId !== 'string' || !isCrashId(crashId) || Number.isNaN(received.getTime())) return null;
  if ((result !== 'accept' && result !== 'defer') || (encoding !== 'identity' && encoding !== 'gzip')) return null;
  if (typeof contentType !== 'string' || dumps === undefined) return null;
  const head: SpoolHead = {
    crashId,
    receivedAt: received,
    result,
    rawCrashJson,
    encoding,
    contentType,
    dumps,
    ...(typeof reportKey === 'string' ? { reportKey } : {}),
  };
  return { head, bodyFileName: typeof bodyFile === 'string' ? bodyFile : null };
}

function parseObject(meta: Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(meta.buffer, meta.byteOffset, meta.byteLength).toString());
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

function decodeDumps(value: JsonValue | undefined): SpooledDump[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const dumps: SpooledDump[] = [];
  for (const item of value) {
    if (!isJsonObject(item)) return undefined;
    const { name, offset, sizeBytes, sha256 } = item;
    if (typeof name !== 'string' || typeof sha256 !== 'string' || !isSize(offset) || !isSize(sizeBytes))
      return undefined;
    dumps.push({ name, offset, sizeBytes, sha256 });
  }
  return dumps;
}

function isSize(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
