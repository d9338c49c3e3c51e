// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Product names by product id: what the table `product_productid_map` was in 2015. */
export type ProductIds = ReadonlyMap<string, string>;

export const noProductIds: ProductIds = new Map();
