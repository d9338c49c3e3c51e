// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { type ProductOverview, readProducts } from '../../search/product-overview.ts';
import { mayReadProduct } from '../access.ts';
import { webErrors } from '../errors.ts';
import type { ApiCall, ApiEndpoint } from './api-endpoint.ts';
import { searchTimeoutMs } from './super-search.ts';

/** Who asks, as the overview of products needs to know. */
type OverviewCall = Pick<ApiCall, 'parts' | 'reader' | 'signal'>;

/** All products that the reader may see, with what happened in the last seven days. */
export function productOverviews(
  { parts, reader, signal }: OverviewCall,
  only: string | null = null,
): Promise<readonly ProductOverview[]> {
  const options = {
    now: parts.clock.now(),
    products: reader.products,
    timeoutMs: searchTimeoutMs(reader, parts),
    signal,
  };
  return readProducts(parts.search, options, only);
}

/** Throws `not_found` for a product that sent nothing or that the reader may not see. */
export async function requireProduct({ parts, reader }: OverviewCall, product: string): Promise<void> {
  const isKnown = (await parts.search.productsSeen()).some((seen) => seen.product === product);
  if (!isKnown || !mayReadProduct(reader, product))
    throw new SalvageError(webErrors.not_found, `There is no product ${product.slice(0, 200)}`);
}

export const v1ProductsEndpoint: ApiEndpoint = {
  name: 'v1/products',
  methods: ['GET'],
  summary: 'Products with their versions, and what happened to them in the last seven days.',
  parameters: [{ name: 'product', kind: 'text', isRequired: false, description: 'Only this product.' }],
  needs: ['view'],
  answer: {
    type: 'object',
    required: ['products'],
    properties: {
      products: { type: 'array', items: { type: 'object', required: ['product', 'crashes', 'versions'] } },
    },
  },
  async handle(call) {
    const product = call.values.text('product');
    if (product !== '') await requireProduct(call, product);
    return { json: { products: (await productOverviews(call, product || null)).map(productJson) } };
  },
};

function productJson(product: ProductOverview): JsonObject {
  return {
    product: product.product,
    first_date: product.firstDate,
    last_date: product.lastDate,
    report_count: product.reportCount,
    crashes: product.crashes,
    clients: product.clients,
    buckets: [...product.buckets],
    top_signature: product.topSignature,
    versions: product.versions.map((version) => ({
      version: version.version,
      release_channel: version.releaseChannel,
      first_date: version.firstDate,
      last_date: version.lastDate,
      report_count: version.reportCount,
      is_active: version.isActive,
      is_featured: version.isFeatured,
      crashes: version.crashes,
      clients: version.clients,
    })),
  };
}
