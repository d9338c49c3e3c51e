// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { reportLimits } from '../crash/limits.ts';
import { declareOptions, option } from '../lib/options.ts';
import { collectorLimits } from './limits.ts';

export const profileNames = ['today', 'antenna-2018', 'socorro-2016'] as const;

export const collectorOptions = declareOptions('collector', 'Intake of crash reports.', {
  profile: option.choice(
    profileNames,
    'today',
    'Whose replies, raw crash content, metric names and body limit: Antenna of today, Antenna of 2018, or Socorro’s collector of 2016.',
  ),
  submitPaths: option.list([], 'Further paths that take reports, beside /submit and /submit/bare.'),
  throttler: option.text(
    'null',
    'Rules: `null` (takes everything, one line a crash), `accept-all`, `mozilla`, `mozilla-2018`, `legacy` (Socorro 2016), or the path of a rule file (.json) or module. Antenna’s paths MOZILLA_RULES and ACCEPT_ALL are understood.',
    { aliases: ['BREAKPAD_THROTTLER_RULES', 'THROTTLE_RULES'] },
  ),
  products: option.list(
    ['default'],
    'Products that the Mozilla rules accept; `default` = the list of the rule set, `all` = any. Antenna’s paths MOZILLA_PRODUCTS and ALL_PRODUCTS are understood.',
    { aliases: ['BREAKPAD_THROTTLER_PRODUCTS', 'PRODUCTS'] },
  ),
  packageNames: option.text(
    'default',
    'Android package names of the Mozilla rules: `default` = the list of the rule set, `all` = any.',
    { aliases: ['BREAKPAD_THROTTLER_PRODUCT_PACKAGENAMES'] },
  ),
  legacyNeverDiscard: option.boolean(
    true,
    'Legacy throttler: reports that are sampled out are always kept as deferred.',
  ),
  legacyRefusalVersions: option.json<Readonly<Record<string, string>>>(
    { Firefox: '3.5.4' },
    asVersions,
    'Legacy throttler: by product, the first version that understands a refusal.',
  ),
  bearerToken: option.text(
    '',
    'Reports that bring their own crash id (`uuid`) are taken only with this bearer token; empty = never.',
    { secret: true, aliases: ['BREAKPAD_STAGE_SUBMITTER_BEARER_TOKEN'] },
  ),
  brokenToken: option.text(
    '',
    'Bearer token for GET /__broken__ from other machines; empty = from this machine only, and not through a proxy.',
    { secret: true },
  ),
  statusToken: option.text(
    '',
    'Bearer token for GET /__status__ from other machines (see web.collectorUrls); empty = from this machine only, and not through a proxy.',
    { secret: true },
  ),
  crashIdPrefix: option.text('bp-', 'Put before the crash id in replies, never stored.', {
    aliases: ['DUMP_ID_PREFIX'],
  }),
  answerAfter: option.choice(
    ['body', 'head'],
    'body',
    'Answer once the whole body is validated, or once its annotations are (for bursts; the body is on disk in both cases, and the mover validates the rest once the burst has passed).',
  ),
  jsonPart: option.choice(
    ['replace', 'merge'],
    'replace',
    'What JSON annotations do to fields that came before them: replace them as Antenna does, or join them.',
  ),
  removedAnnotations: option.list(
    ['Email', 'TelemetryClientId', 'TelemetryServerURL', 'TelemetrySessionId'],
    'Annotations that are not stored; each removal is noted. Profile today only: the older collectors kept all.',
  ),
  bodySizeBytesMax: option.bytes(
    0,
    'Largest body as received; 0 = that of the profile (25 MiB, the older ones 20 MiB).',
  ),
  decodedSizeBytesMax: option.bytes(collectorLimits.decodedSizeBytesMax.value, 'Largest body after gunzip.'),
  attachmentSizeBytesMax: option.bytes(
    reportLimits.attachmentSizeBytesMax.value,
    'Largest file that is not a minidump; a larger one is dropped and noted, the report is kept.',
  ),
  annotationsSizeBytesMax: option.bytes(
    reportLimits.annotationsSizeBytesMax.value,
    'Largest size of all annotations of a report; what exceeds it is dropped and noted.',
  ),
  memoryBytesMax: option.bytes(
    collectorLimits.memoryBytesMax.value,
    'Memory for what all requests together hold beside the spool; beyond it requests wait unread.',
  ),
  inFlightMax: option.integer(
    collectorLimits.inFlightMax.value,
    1,
    1_000_000,
    'Reports received at the same time; further ones get 503 with Retry-After.',
  ),
  idleMsMax: option.duration(collectorLimits.idleMsMax.value, 'Longest pause of a client within its body.'),
  receiveMsMax: option.duration(collectorLimits.receiveMsMax.value, 'Longest time for one whole body.'),
});

function asVersions(value: unknown): Readonly<Record<string, string>> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap || Object.values(value).some((version) => typeof version !== 'string'))
    throw new Error('must be an object of product names and versions, such as {"Firefox": "3.5.4"}');
  return value as Record<string, string>;
}
