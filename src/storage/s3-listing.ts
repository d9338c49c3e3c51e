// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, dateOf, isCrashId } from '../crash/crash-id.ts';
import type { ListFilter } from './crash-storage.ts';
import type { ObjectKeys, ObjectLayout } from './object-keys.ts';
import type { S3Bucket } from './s3-bucket.ts';

/** What a key means to a listing: a crash, or where the next key of interest can be at the earliest. */
interface Meaning {
  readonly crashId?: CrashId;
  readonly skipTo?: string;
}

/**
 * Crash ids of all layouts, layout by layout, each in key order. Folders that cannot match are jumped over by asking
 * for keys behind them, which needs no delimiter: servers differ in what they make of one.
 */
export async function* listS3CrashIds(
  bucket: S3Bucket,
  keys: ObjectKeys,
  layouts: readonly ObjectLayout[],
  filter: ListFilter,
  signal?: AbortSignal,
): AsyncGenerator<CrashId> {
  for (const layout of layouts) {
    const root = keys.rawCrashRoot(layout);
    const meaningOf = (key: string) => meanings[layout](root, key.slice(root.length), filter);
    for await (const crashId of scan(bucket, prefixOf(keys, layout, filter), meaningOf, signal)) {
      if (filter.date !== undefined && dateOf(crashId) !== filter.date) continue;
      if (crashId.startsWith(filter.prefix ?? '')) yield crashId;
    }
  }
}

/** The longest prefix that all matching keys of a layout share. */
function prefixOf(keys: ObjectKeys, layout: ObjectLayout, { date, prefix = '' }: ListFilter): string {
  const root = keys.rawCrashRoot(layout);
  if (layout === 'socorro-2016') return `${root}${prefix}`;
  if (layout === 'antenna-today') return date === undefined ? root : `${root}${date}/${prefix}`;
  const salt = prefix.slice(0, 3);
  if (salt.length < 3) return `${root}${salt}`;
  return date === undefined ? `${root}${salt}/` : `${root}${salt}/${date}/${prefix}`;
}

const meanings: Record<ObjectLayout, (root: string, rest: string, filter: ListFilter) => Meaning> = {
  /** `EEE/YYYYMMDD/ID` */
  'antenna-2018'(root, rest, { date: wanted }) {
    const [salt = '', date = '', crashId = ''] = rest.split('/');
    if (wanted !== undefined && date < wanted) return { skipTo: `${root}${salt}/${wanted}/` };
    if (wanted !== undefined && date > wanted) return { skipTo: behind(`${root}${salt}`) };
    return isCrashId(crashId) ? { crashId } : {};
  },
  /** `YYYYMMDD/ID` */
  'antenna-today'(_root, rest) {
    const [date = '', crashId = ''] = rest.split('/');
    return date.length === 8 && isCrashId(crashId) ? { crashId } : {};
  },
  /** `ID`, beside the dated folders of the other one. */
  'socorro-2016'(root, rest) {
    const slash = rest.indexOf('/');
    if (slash >= 0) return { skipTo: behind(`${root}${rest.slice(0, slash)}`) };
    return isCrashId(rest) ? { crashId: rest } : {};
  },
};

/** The first key that is not in that folder: `0` follows `/` in the order of keys. */
function behind(folder: string): string {
  return `${folder}0`;
}

async function* scan(
  bucket: S3Bucket,
  prefix: string,
  meaningOf: (key: string) => Meaning,
  signal?: AbortSignal,
): AsyncGenerator<CrashId> {
  let after: string | undefined;
  for (;;) {
    const page = await bucket.list(prefix, after, signal);
    let from = '';
    for (const key of page.keys) {
      if (key < from) continue;
      const { crashId, skipTo } = meaningOf(key);
      if (crashId !== undefined) yield crashId;
      if (skipTo !== undefined) from = skipTo;
    }
    const last = page.keys.at(-1);
    if (!page.hasMore || last === undefined) return;
    after = from > last ? from : last;
  }
}
