// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Every page that is looked at: in screenshots, by the accessibility scanner, and by tests of hostile content.
interface Seeded {
  readonly ids: Readonly<Record<'rich' | 'hostile' | 'waiting' | 'failed', string>>;
  readonly signature: string;
}

/** Name and address of each page of a seeded site. */
export function pagesOf({ ids, signature }: Seeded): readonly (readonly [name: string, path: string])[] {
  const named = `signature=${encodeURIComponent(signature)}`;
  return [
    ['overview', '/'],
    ['product', '/home/product/Lantern'],
    ['top-crashers', '/topcrashers/?product=Lantern'],
    ['search', '/search/?product=Lantern&_facets=signature&_facets=version'],
    ['search-empty', '/search/?signature=%3Dnobody%3A%3Ahas'],
    ['status', '/status'],
    ['report', `/report/index/${ids.rich}`],
    ['report-hostile', `/report/index/${ids.hostile}`],
    ['report-pending', `/report/index/${ids.waiting}`],
    ['report-failed', `/report/index/${ids.failed}`],
    ['report-absent', '/report/index/11111111-2222-4333-8444-555550240301'],
    ['nothing-found', '/search/quick/?query=ffffffffffffffff'],
    ['signature', `/signature/?${named}&product=Lantern`],
    ['signature-reports', `/signature/reports/?${named}&date=%3E%3D-28d`],
    ['signature-graphs', `/signature/graphs/platform/?${named}`],
    ['signature-aggregation', `/signature/aggregation/version/?${named}`],
    ['signature-comments', `/signature/comments/?${named}`],
    ['signature-empty', '/signature/?signature=nobody%3A%3Ahas'],
    [
      'signature-hostile',
      `/signature/?signature=${encodeURIComponent('<script>globalThis.pwned=1</script>"\u202e'.repeat(8))}`,
    ],
    ['profile', '/profile/'],
    ['tokens', '/api/tokens/'],
  ];
}
