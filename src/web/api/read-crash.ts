// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import { crashIdInText, crashIdPrefixInText } from '../../crash/crash-id-text.ts';
import { type ProcessedCrash, reduceProcessedCrash } from '../../crash/processed-crash.ts';
import { publicRawCrash } from '../../crash/public-annotations.ts';
import type { RawCrash } from '../../crash/raw-crash.ts';
import { isErrorOf, SalvageError } from '../../lib/errors.ts';
import type { Reader } from '../../people/permissions.ts';
import { storageErrors } from '../../storage/errors.ts';
import { mayReadProduct } from '../access.ts';
import { webErrors } from '../errors.ts';
import { webMetrics } from '../metrics.ts';
import type { WebParts } from '../web-parts.ts';

/**
 * The crash id that a reader means, in every spelling; a 16-hex prefix when just one report that they may see has it.
 * Throws `bad_request`.
 */
export async function resolveCrashId(text: string, reader: Reader, parts: WebParts): Promise<CrashId> {
  const crashId = crashIdInText(text);
  if (crashId) return crashId;
  const prefix = crashIdPrefixInText(text);
  if (prefix) {
    const found = await visibleIds(await parts.search.findCrashIds(prefix, prefixMatchesMax), reader, parts);
    if (found.length === 1) return found[0] as CrashId;
    if (found.length === 0) throw notFound(text);
  }
  throw new SalvageError(
    webErrors.bad_request,
    'Bad request: BadArgumentError: Bad value for parameter crash_id: not a valid crash id',
  );
}

/** Random digits: more than two reports with the same sixteen are somebody's doing. */
const prefixMatchesMax = 20;

/** An id says when a crash happened and that it did: those of hidden products are not completed. */
async function visibleIds(crashIds: readonly CrashId[], reader: Reader, parts: WebParts): Promise<readonly CrashId[]> {
  if (reader.products === null) return crashIds;
  const rows = await Promise.all(crashIds.map((crashId) => parts.search.getReport(crashId)));
  return crashIds.filter((_, at) => mayReadProduct(reader, rows[at]?.values['product']));
}

export function notFound(crashId: string): SalvageError {
  return new SalvageError(webErrors.not_found, `Not found: CrashIDNotFound ${crashId}`);
}

/** What the store answers, or null when it answers that it does not have it. An outage stays an error. */
async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (isErrorOf(error, storageErrors.crash_not_found)) return null;
    throw error;
  }
}

/** The whole documents of one crash, whoever reads; callers reduce them. Null = the store does not have it. */
export async function readWholeCrash(
  crashId: CrashId,
  parts: WebParts,
): Promise<{ rawCrash: RawCrash | null; processed: ProcessedCrash | null }> {
  const [rawCrash, processed] = await Promise.all([
    orNull(parts.storage.getRawCrash(crashId)),
    orNull(parts.storage.getProcessedCrash(crashId)),
  ]);
  return { rawCrash, processed };
}

/** The product of a crash: what the processor found, else what the annotations say. */
export function productOf(rawCrash: RawCrash | null, processed: ProcessedCrash | null): unknown {
  return processed?.['product'] ?? rawCrash?.['ProductName'] ?? rawCrash?.['_productName'] ?? rawCrash?.['prod'];
}

/** Throws `not_found` for crashes of products that are hidden from the reader. */
export function requireVisible(
  crashId: CrashId,
  reader: Reader,
  rawCrash: RawCrash | null,
  processed: ProcessedCrash | null,
): void {
  if (!mayReadProduct(reader, productOf(rawCrash, processed))) throw notFound(crashId);
}

/** As `requireVisible`, for work on a crash whose documents are not needed otherwise. */
export async function requireVisibleId(crashId: CrashId, reader: Reader, parts: WebParts): Promise<void> {
  if (reader.products === null) return;
  const row = await parts.search.getReport(crashId);
  if (row && mayReadProduct(reader, row.values['product'])) return;
  const { rawCrash, processed } = await readWholeCrash(crashId, parts);
  requireVisible(crashId, reader, rawCrash, processed);
}

/** The processed crash as this reader may see it. Values of a wrong type are withheld one by one and counted. */
export function reduceProcessedFor(
  reader: Reader,
  processed: ProcessedCrash,
  parts: WebParts,
): { document: ProcessedCrash; withheld: readonly string[] } {
  if (reader.permissions.has('view_pii')) return { document: processed, withheld: [] };
  const { document, refused } = reduceProcessedCrash(processed, new Set(['public']));
  for (const path of refused) parts.metrics.incr(webMetrics.withheld, { field: path.split(/[.[]/)[0] ?? '' });
  return { document, withheld: refused };
}

export function reduceRawFor(reader: Reader, rawCrash: RawCrash, parts: WebParts): RawCrash {
  return reader.permissions.has('view_pii')
    ? rawCrash
    : publicRawCrash(rawCrash, new Set(parts.options.publicAnnotations));
}

/** Notes who opened a report with protected data in view. */
export function auditProtectedRead(reader: Reader, address: string, crashId: CrashId, parts: WebParts): void {
  if (reader.permissions.has('view_pii'))
    parts.people.audit({ action: 'protected_report_opened', object: crashId, reader, address });
}
