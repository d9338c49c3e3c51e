// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, isCrashId } from '../crash/crash-id.ts';

// HBase row keys (crashstorage.md §8): the first hex digit salts them over 16 regions. Inverses give null for keys that
// no crash has.

/** `id[0] + YYMMDD + id`: the row of a crash. */
export function crashIdToRowKey(crashId: CrashId): string {
  return `${crashId[0]}${crashId.slice(-6)}${crashId}`;
}

export function rowKeyToCrashId(rowKey: string): CrashId | null {
  const crashId = rowKey.slice(7);
  return isCrashId(crashId) && crashIdToRowKey(crashId) === rowKey ? crashId : null;
}

/** `id[0] + submit time (ISO, zone cut off) + id`: a row of a time index. */
export function crashIdToTimestampedRowKey(crashId: CrashId, submittedTimestamp: string): string {
  return `${crashId[0]}${withoutZone(submittedTimestamp)}${crashId}`;
}

export function timestampedRowKeyToCrashId(
  rowKey: string,
): { readonly crashId: CrashId; readonly submittedTimestamp: string } | null {
  const crashId = rowKey.slice(-36);
  if (rowKey.length < 37 || !isCrashId(crashId) || rowKey[0] !== crashId[0]) return null;
  return { crashId, submittedTimestamp: rowKey.slice(1, -36) };
}

function withoutZone(timestamp: string): string {
  return timestamp.replace(/(?:Z|[+-]\d{2}:?\d{2})$/, '');
}
