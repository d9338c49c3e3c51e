// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Clock } from '../lib/clock.ts';
import { parseSearch } from '../search/parse-search.ts';
import type { SearchIndex } from '../search/search-index.ts';
import type { SearchRequest } from '../search/search-request.ts';
import type { CrashFinder, ReprocessFilter } from './reprocess.ts';

/** Large pages, since each costs a count of all that match as well. */
const pageItemsMax = 10_000;
const searchTimeoutMs = 60_000;
/** Without `since`, as far back as any deployment keeps crashes. */
const yearsBack = 20;

/**
 * Finds crashes to reprocess in the search index, page after page, each page from where the last one ended. Crashes
 * found are processed meanwhile and may match no longer; counting from the start would then leave others out.
 */
export function makeIndexFinder(index: SearchIndex, clock: Clock, pageItems = pageItemsMax): CrashFinder {
  return {
    async *findCrashes(filter) {
      const now = clock.now();
      let before = now.getTime() + 1;
      /** Crashes of the oldest millisecond so far, which the next page reaches into. */
      let seen = new Set<CrashId>();
      let offset = 0;
      for (;;) {
        const { hits } = await index.search(pageOf(filter, before, { offset, number: pageItems }, now), {
          timeoutMs: searchTimeoutMs,
        });
        let oldest = before - 1;
        for (const { uuid, date } of hits) {
          if (typeof uuid !== 'string' || seen.has(uuid)) continue;
          const dateMs = Date.parse(String(date));
          if (dateMs < oldest) seen = new Set();
          oldest = dateMs;
          seen.add(uuid);
          yield uuid;
        }
        if (hits.length < pageItems) return;
        offset = oldest + 1 === before ? offset + pageItems : 0;
        before = oldest + 1;
      }
    },
  };
}

function pageOf(
  { signature, product, since, missingSymbols }: Omit<ReprocessFilter, 'crashIds'>,
  beforeMs: number,
  window: Pick<SearchRequest, 'offset' | 'number'>,
  now: Date,
): SearchRequest {
  const from = since ?? new Date(Date.UTC(now.getUTCFullYear() - yearsBack, 0, 1));
  const parameters = new Map<string, readonly string[]>([
    ['date', [`>=${from.toISOString()}`, `<${new Date(beforeMs).toISOString()}`]],
    ['_columns', ['uuid', 'date']],
    ['_sort', ['-date']],
  ]);
  if (signature !== undefined) parameters.set('signature', [`=${signature}`]);
  if (product !== undefined) parameters.set('product', [`=${product}`]);
  if (missingSymbols !== undefined) parameters.set('missing_symbols', [`~${missingSymbols}`]);
  const { request } = parseSearch(parameters, {
    reader: { seesProtected: true, products: null, publicAnnotations: new Set() },
    now,
    isStrict: true,
    dateRangeDaysMax: (yearsBack + 1) * 366,
  });
  // Nobody looks at facets here, and the page is larger than what the API allows.
  return { ...request, facets: [], ...window };
}
