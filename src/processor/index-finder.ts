// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Clock } from '../lib/clock.ts';
import { parseSearch } from '../search/parse-search.ts';
import type { SearchIndex } from '../search/search-index.ts';
import type { CrashFinder, ReprocessFilter } from './reprocess.ts';

const pageItems = 1_000;
const searchTimeoutMs = 60_000;
/** Without `since`, as far back as any deployment keeps crashes. */
const yearsBack = 20;

/** Finds crashes to reprocess in the search index, page after page. */
export function makeIndexFinder(index: SearchIndex, clock: Clock): CrashFinder {
  return {
    async *findCrashes(filter) {
      const seen = new Set<CrashId>();
      // Fixed at the start, so that crashes that come in meanwhile do not move the pages.
      const now = clock.now();
      for (let offset = 0; ; offset += pageItems) {
        const { request } = parseSearch(parametersOf(filter, offset, now), {
          reader: { seesProtected: true, products: null, publicAnnotations: new Set() },
          now,
          isStrict: true,
          dateRangeDaysMax: (yearsBack + 1) * 366,
        });
        const { hits } = await index.search(request, { timeoutMs: searchTimeoutMs });
        for (const { uuid } of hits) {
          if (typeof uuid !== 'string' || seen.has(uuid)) continue;
          seen.add(uuid);
          yield uuid;
        }
        if (hits.length < pageItems) return;
      }
    },
  };
}

function parametersOf(
  { signature, product, since, missingSymbols }: Omit<ReprocessFilter, 'crashIds'>,
  offset: number,
  now: Date,
): ReadonlyMap<string, readonly string[]> {
  const from = since ?? new Date(Date.UTC(now.getUTCFullYear() - yearsBack, 0, 1));
  const parameters = new Map<string, readonly string[]>([
    ['date', [`>=${from.toISOString()}`, `<=${now.toISOString()}`]],
    ['_columns', ['uuid']],
    ['_sort', ['-date']],
    ['_facets_size', ['0']],
    ['_results_number', [String(pageItems)]],
    ['_results_offset', [String(offset)]],
  ]);
  if (signature !== undefined) parameters.set('signature', [`=${signature}`]);
  if (product !== undefined) parameters.set('product', [`=${product}`]);
  if (missingSymbols !== undefined) parameters.set('missing_symbols', [`~${missingSymbols}`]);
  return parameters;
}
