// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import type { OptionValues } from '../lib/options.ts';
import { collectorErrors } from './errors.ts';
import type { collectorOptions } from './options.ts';
import { legacyConditions, makeLegacyThrottler } from './throttle-legacy.ts';
import { makeMozilla2018Throttler, makeMozillaThrottler, type ProductLists } from './throttle-mozilla.ts';
import { makeAcceptAllThrottler, makeNullThrottler, type Throttler } from './throttler.ts';

type Values = OptionValues<typeof collectorOptions.options>;
type ThrottlerOptions = Pick<
  Values,
  'profile' | 'throttler' | 'products' | 'packageNames' | 'legacyNeverDiscard' | 'legacyRefusalVersions'
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
      return makeMozillaThrottler(productLists(options));
    case 'antenna.throttler.MOZILLA_RULES':
      return options.profile === 'antenna-2018'
        ? makeMozilla2018Throttler(productLists(options))
        : makeMozillaThrottler(productLists(options));
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

function productLists({ products, packageNames }: Pick<ThrottlerOptions, 'products' | 'packageNames'>): ProductLists {
  const lists: { products?: readonly string[]; packageNames?: ReadonlyMap<string, readonly string[]> } = {};
  const only = products.length <= 1 ? (products[0] ?? 'default') : null;
  if (only === 'all' || only === 'antenna.throttler.ALL_PRODUCTS') lists.products = [];
  else if (only !== 'default' && only !== 'antenna.throttler.MOZILLA_PRODUCTS') lists.products = products;
  const path = products.find((product) => pythonConstant.test(product));
  if (lists.products?.length && path !== undefined)
    throw new SalvageError(
      collectorErrors.bad_throttle_rules,
      `products: ${path} is a list in Python; write the names themselves, such as Editor,Painter`,
    );
  if (packageNames === 'all') lists.packageNames = new Map();
  else if (packageNames !== 'default' && packageNames !== 'antenna.throttler.MOZILLA_PRODUCT_PACKAGENAMES')
    throw new SalvageError(
      collectorErrors.bad_throttle_rules,
      `packageNames: ${packageNames} is neither \`default\` nor \`all\`; lists of your own go into a rule file`,
    );
  return lists;
}

/** `my_module.PRODUCTS`: taken for the name of a product, it would reject every report. */
const pythonConstant = /^(?:[a-z_][a-z0-9_]*\.)+[A-Z][A-Z0-9_]*$/;
