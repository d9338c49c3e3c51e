// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Every page that is looked at: in screenshots, by the accessibility scanner, and by tests of hostile content.
interface Seeded {
  readonly ids: Readonly<Record<'rich' | 'hostile' | 'waiting' | 'failed' | 'bare', string>>;
  readonly signature: string;
}

/** Of a product that no bar has room for. */
export const longProduct = 'A product whose name is longer than any bar, menu, table or heading has room for (2026)';

/** More columns than fit beside each other on any screen. */
const manyColumns = [
  'date',
  'signature',
  'version',
  'platform_pretty_version',
  'reason',
  'address',
  'build_id',
  'cpu_info',
  'proto_signature',
  'adapter_driver_version',
  'uptime',
  'user_comments',
]
  .map((name) => `_columns=${name}`)
  .join('&');

/** What somebody sees who is not signed in. */
export const pagesOfNobody: readonly (readonly [name: string, path: string])[] = [
  ['sign-in', '/'],
  ['claim', '/claim?link=used-before'],
];

/** The pages of a site to which nobody has sent anything. */
export const pagesOfFirstDay: readonly (readonly [name: string, path: string])[] = [
  ['first-day', '/'],
  ['first-day-search', '/search/?date=%3E%3D-7d'],
  ['first-day-status', '/status'],
];

/** Name and address of each page of a seeded site. */
export function pagesOf({ ids, signature }: Seeded): readonly (readonly [name: string, path: string])[] {
  const named = `signature=${encodeURIComponent(signature)}`;
  return [
    ['overview', '/'],
    ['product', '/home/product/Lantern'],
    ['product-long', `/home/product/${encodeURIComponent(longProduct)}`],
    ['top-crashers', '/topcrashers/?product=Lantern'],
    ['top-crashers-all', '/topcrashers/?product=Lantern&version=&process_type=any&days=28'],
    ['top-crashers-versions', '/topcrashers/?product=Lantern&version=4.2.0&version=4.1.9&process_type=any'],
    ['top-crashers-empty', '/topcrashers/?product=Lantern&version=4.2.0&_report_type=hang'],
    ['top-crashers-bad', '/topcrashers/'],
    ['search-start', '/search/'],
    ['search-bad', '/search/?uptime=soon'],
    ['search-grouped', '/search/?product=Lantern&_group=signature'],
    ['search-columns', `/search/?product=Lantern&${manyColumns}`],
    ['search-long', `/search/?product=${encodeURIComponent(longProduct)}`],
    ['search', '/search/?product=Lantern&_facets=signature&_facets=version'],
    ['search-empty', '/search/?signature=%3Dnobody%3A%3Ahas'],
    ['status', '/status'],
    ['report', `/report/index/${ids.rich}`],
    ['report-hostile', `/report/index/${ids.hostile}`],
    ['report-bare', `/report/index/${ids.bare}`],
    ['report-change', `/report/index/${ids.rich}/signature`],
    ['report-changed', `/report/index/${ids.rich}/signature?list=irrelevant&entry=lantern%3A%3Atank`],
    ['report-pending', `/report/index/${ids.waiting}`],
    ['report-failed', `/report/index/${ids.failed}`],
    ['report-absent', '/report/index/11111111-2222-4333-8444-555550240301'],
    ['nothing-found', '/search/quick/?query=ffffffffffffffff'],
    ['signature', `/signature/?${named}&product=Lantern`],
    ['signature-reports', `/signature/reports/?${named}&date=%3E%3D-28d`],
    ['signature-columns', `/signature/reports/?${named}&${manyColumns}`],
    ['signature-graphs', `/signature/graphs/platform/?${named}`],
    ['signature-aggregation', `/signature/aggregation/version/?${named}`],
    ['signature-comments', `/signature/comments/?${named}`],
    ['signature-empty', '/signature/?signature=nobody%3A%3Ahas'],
    [
      'signature-hostile',
      `/signature/?signature=${encodeURIComponent('<script>globalThis.pwned=1</script>"\u202e'.repeat(8))}`,
    ],
    ['no-page', '/no/such/page'],
    ['people', '/admin/people'],
    ['help', '/documentation/'],
    ['help-search', '/documentation/supersearch/'],
    ['help-dictionary', '/documentation/datadictionary/'],
    ['help-field', '/documentation/datadictionary/dataset/processed/field/os_name'],
    ['help-keyboard', '/documentation/keyboard/'],
    ['design', '/documentation/design/'],
    ['api', '/api/'],
    ['profile', '/profile/'],
    ['tokens', '/api/tokens/'],
  ];
}
