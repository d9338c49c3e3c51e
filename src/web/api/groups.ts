// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../../lib/errors.ts';
import { shownDate } from '../../search/evaluate.ts';
import type { VersionSeen } from '../../search/search-index.ts';
import { activeVersions, featuredVersions, newestFirst } from '../../search/version-order.ts';
import { webErrors } from '../errors.ts';
import type { ApiEndpoint } from './api-endpoint.ts';

export const signatureFirstDateEndpoint: ApiEndpoint = {
  name: 'SignatureFirstDate',
  methods: ['GET'],
  summary: 'When signatures were first seen, and with which build; unknown ones are left out.',
  parameters: [{ name: 'signatures', kind: 'list', isRequired: true, description: 'Signatures, one a value.' }],
  needs: ['view'],
  answer: { type: 'object', required: ['hits', 'total'] },
  async handle(call) {
    const seen = await call.parts.search.signaturesSeen(call.values.list('signatures'), call.reader.products);
    const hits = seen.map((one) => ({
      signature: one.signature,
      first_date: shownDate(new Date(one.firstDate)),
      first_build: one.firstBuild === null ? null : String(one.firstBuild),
    }));
    return { json: { hits, total: hits.length } };
  },
};

export const productsEndpoint: ApiEndpoint = {
  name: 'Products',
  methods: ['GET'],
  summary: 'Products that sent reports.',
  parameters: [],
  needs: ['view'],
  answer: { type: 'object', required: ['hits', 'total'] },
  async handle(call) {
    const seen = (await call.parts.search.productsSeen()).filter(
      ({ product }) => call.reader.products === null || call.reader.products.includes(product),
    );
    const hits = seen.map((one) => ({
      product_name: one.product,
      release_name: one.product.toLowerCase(),
      first_date: one.firstDate,
      last_date: one.lastDate,
      report_count: one.reportCount,
    }));
    return { json: { hits, total: hits.length } };
  },
};

export const productVersionsEndpoint: ApiEndpoint = {
  name: 'ProductVersions',
  methods: ['GET'],
  summary: 'Versions of products that sent reports, with the dates of their first and last report.',
  parameters: [
    { name: 'product', kind: 'list', isRequired: false, description: 'Products; none = all.' },
    {
      name: 'active',
      kind: 'text',
      isRequired: false,
      description: '`true`: only versions with reports in the last 60 days, and not just a stray one.',
    },
    {
      name: 'is_featured',
      kind: 'text',
      isRequired: false,
      description: '`true`: only the newest of each major.minor, three a product.',
    },
  ],
  needs: ['view'],
  answer: { type: 'object', required: ['hits', 'total'] },
  async handle(call) {
    const { parts, reader, values } = call;
    const asked = values.list('product');
    const products = (await parts.search.productsSeen())
      .map(({ product }) => product)
      .filter(
        (product) =>
          (reader.products === null || reader.products.includes(product)) &&
          (asked.length === 0 || asked.includes(product)),
      );
    const now = parts.clock.now();
    const wants = (name: string) => /^(1|t|true|y|yes)$/i.test(values.text(name));
    const hits = [];
    for (const product of products) {
      const versions = await parts.search.versionsSeen(product);
      const active = new Set(activeVersions(versions, now));
      const featured = new Set(featuredVersions(versions, now));
      for (const version of newestFirst(versions))
        if ((!wants('active') || active.has(version)) && (!wants('is_featured') || featured.has(version)))
          hits.push(versionHit(version, featured.has(version)));
    }
    return { json: { hits, total: hits.length } };
  },
};

function versionHit(version: VersionSeen, isFeatured: boolean) {
  return {
    product: version.product,
    version: version.version,
    build_type: version.releaseChannel ?? '',
    start_date: version.firstDate.slice(0, 10),
    end_date: version.lastDate.slice(0, 10),
    is_featured: isFeatured,
    throttle: 100,
  };
}

const platforms = [
  { name: 'Windows', code: 'win' },
  { name: 'Mac OS X', code: 'mac' },
  { name: 'Linux', code: 'lin' },
  { name: 'Android', code: 'and' },
  { name: 'iOS', code: 'ios' },
];

export const platformsEndpoint: ApiEndpoint = {
  name: 'Platforms',
  methods: ['GET'],
  summary: 'Platforms, as `[{name, code}]`.',
  parameters: [],
  needs: ['view'],
  answer: { type: 'array' },
  handle: async () => ({ json: platforms }),
};

export const noOpEndpoint: ApiEndpoint = {
  name: 'NoOp',
  methods: ['GET'],
  summary: 'Does nothing, for trying out access.',
  parameters: [{ name: 'product', kind: 'text', isRequired: true, description: 'Any text but `bad`.' }],
  needs: [],
  answer: { type: 'object', required: ['hits', 'total'] },
  async handle(call) {
    if (call.values.text('product') === 'bad')
      throw new SalvageError(webErrors.bad_request, 'Bad request: BadArgumentError: Bad value for parameter product');
    return { json: { hits: [], total: 0 } };
  },
};
