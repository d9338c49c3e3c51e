// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { OptionValues } from '../lib/options.ts';
import type { collectorOptions } from './options.ts';
import { legacyConditions, makeLegacyThrottler } from './throttle-legacy.ts';
import {
  makeMozilla2018Throttler,
  makeMozillaThrottler,
  mozillaProducts,
  type ProductLists,
} from './throttle-mozilla.ts';
import { makeAcceptAllThrottler, makeNullThrottler, type Throttler } from './throttler.ts';

type Values = OptionValues<typeof collectorOptions.options>;
type ThrottlerOptions = Pick<
  Values,
  'throttler' | 'products' | 'packageNames' | 'legacyNeverDiscard' | 'legacyRefusalVersions'
>;

/** The throttler that the options name; a file that cannot be used throws `bad_throttle_rules`. */
export async function makeThrottler(options: ThrottlerOptions): Promise<Throttler> {
  switch (options.throttler) {
    case 'null':
      return makeNullThrottler();
    case 'accept-all':
    case 'antenna.throttler.ACCEPT_ALL':
      return makeAcceptAllThrottler();
    case 'mozilla':
    case 'antenna.throttler.MOZILLA_RULES':
      return makeMozillaThrottler(productLists(options));
    case 'mozilla-2018':
      return makeMozilla2018Throttler(productLists(options));
    case 'legacy':
      return makeLegacyThrottler({
        conditions: legacyConditions,
        neverDiscard: options.legacyNeverDiscard,
        refusalVersions: options.legacyRefusalVersions,
      });
    default: {
      // Loaded only where it is used: the checker of rule files is 12 MB of a process that idles at 80.
      const { loadRuleThrottler } = await import('./throttle-file.ts');
      return await loadRuleThrottler(options.throttler);
    }
  }
}

function productLists(options: Pick<ThrottlerOptions, 'products' | 'packageNames'>): ProductLists {
  const [only = 'default'] = options.products;
  const isSingle = options.products.length <= 1;
  const lists: { products?: readonly string[]; packageNames?: ReadonlyMap<string, readonly string[]> } = {};
  if (isSingle && (only === 'all' || only === 'antenna.throttler.ALL_PRODUCTS')) lists.products = [];
  else if (isSingle && only === 'antenna.throttler.MOZILLA_PRODUCTS') lists.products = mozillaProducts;
  else if (!isSingle || only !== 'default') lists.products = options.products;
  if (options.packageNames === 'all') lists.packageNames = new Map();
  return lists;
}
