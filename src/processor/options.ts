// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject } from '../lib/json.ts';
import { declareOptions, option } from '../lib/options.ts';
import { processorLimits } from './limits.ts';
import { presetNames } from './presets.ts';

export const processorOptions = declareOptions('processor', 'Turns raw crashes into processed crashes.', {
  concurrency: option.integer(4, 1, 256, 'crashes in work at the same time', { aliases: ['number_of_threads'] }),
  walksMax: option.integer(
    0,
    0,
    256,
    'dumps walked at the same time, of whichever crashes: the cap on CPU use; 0 = one for each CPU',
  ),
  ruleSet: option.choice(presetNames, 'salvage', 'preset of rules: `today` and `socorro-2015` are pure for parity'),
  ruleSets: option.json<unknown>(
    null,
    (value) => value,
    'rule sets of one’s own as JSON (docs/processing.md); they replace those of the preset with the same name',
  ),
  rulesModule: option.path('', 'module with rules of one’s own; empty = none'),
  productIds: option.json<Readonly<Record<string, string>>>(
    {},
    productIdsOf,
    'product names by product id, for the rule ProductRewrite',
  ),
  tmpDir: option.path('', 'folder for the dumps of crashes in work; empty = `tmp` in the data folder'),
  crashTimeMs: option.duration(
    processorLimits.crashTimeMs.value,
    'time for the rules of one crash; then its walks are ended and what there is gets saved',
  ),
  attemptsMax: option.integer(
    processorLimits.attemptsMax.value,
    1,
    100,
    'times that a crash is taken; after that it is set aside as poison',
  ),
  drainMs: option.duration(
    processorLimits.drainMs.value,
    'time that crashes in work get at shutdown; then they go back to the queue',
  ),
  memoryReportBytesMax: option.bytes(
    processorLimits.memoryReportBytesMax.value,
    'inflated size of a memory report that is still read',
    { aliases: ['max_size_uncompressed'] },
  ),
  versionsUrl: option.url('', 'VersionString service for beta versions; empty = only what was imported'),
  jitCategorizerPath: option.path('', 'program of the rule JitCrashCategorizeRule; empty = the rule stands aside'),
  clientIdSalt: option.text(
    '',
    'secret for the hash of client ids, the same for all processors; empty = one made by the site and kept in its database',
    {
      secret: true,
    },
  ),
  exportStorage: option.json<JsonObject | null>(
    null,
    storageConfigOf,
    'store or tree of stores that also gets the public part of each processed crash, such as {"type": "s3", "bucket": "telemetry", "processedLayout": "crash_report"}; null = none',
  ),
  exportFields: option.list(
    [],
    'fields of the processed crash that are exported; only public ones are, whatever stands here. Empty = every public field',
  ),
  port: option.integer(8000, 0, 65_535, 'port of health endpoints and services of `salvage processor`'),
  serviceToken: option.text('', 'bearer token for the services; without it only this machine may use them', {
    secret: true,
  }),
});

function storageConfigOf(value: unknown): JsonObject | null {
  if (value === null || isJsonObject(value)) return value;
  throw new Error('must be an object that describes a store, as in storage.tree');
}

function productIdsOf(value: unknown): Readonly<Record<string, string>> {
  const isMap =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((name) => typeof name === 'string');
  if (!isMap) throw new Error('must be an object of product names by product id');
  return value as Readonly<Record<string, string>>;
}
