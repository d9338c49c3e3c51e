// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const searchLimits = declareLimits({
  resultsNumberMax: { value: 1000, unit: 'items', reason: 'what crash-stats allows; its clients page by this' },
  resultWindowMax: {
    value: 1_000_000,
    unit: 'items',
    reason: 'clients fetch all results in pages of 1,000; crash-stats stops them at 10,000',
  },
  facetsSizeMax: { value: 10_000, unit: 'items', reason: 'as crash-stats' },
  facetsCountMax: {
    value: 40,
    unit: 'items',
    reason: 'facets, aggregations and histograms of one search: each is a scan of the matches',
  },
  aggregationDepthMax: {
    value: 4,
    unit: 'items',
    reason: 'a field and three below it, the deepest that a page asks for',
  },
  valuesMax: { value: 500, unit: 'items', reason: 'values of one parameter; top crashers ask for 300 signatures' },
  valueCharactersMax: { value: 10_000, unit: 'characters', reason: 'a proto signature of 40 frames fits' },
  histogramBucketsMax: { value: 10_000, unit: 'items', reason: 'an hour-wise histogram of a year' },
  dateRangeDaysMax: { value: 365, unit: 'items', reason: 'as crash-stats' },
  wildcardFreeDaysMax: {
    value: 28,
    unit: 'items',
    reason: 'patterns without three literal characters in a row cannot use an index',
  },
  keywordCharactersMax: { value: 10_000, unit: 'characters', reason: 'as crash-stats cuts keywords' },
  textBytesMax: { value: 32_766, unit: 'bytes', reason: 'as crash-stats cuts texts: the longest term of its engine' },
  signatureBytesMax: {
    value: 1500,
    unit: 'bytes',
    reason: 'with its product it is one key of a B-tree, and PostgreSQL refuses keys above 2704 bytes',
  },
  nameBytesMax: {
    value: 500,
    unit: 'bytes',
    reason: 'of a product or version: keys of B-trees, as the signature; clients may send any name',
  },
  annotationCharactersMax: {
    value: 1000,
    unit: 'characters',
    reason: 'of an annotation only its beginning is searched',
  },
  annotationsMax: { value: 300, unit: 'items', reason: 'a Firefox report has about 120' },
  partsMax: { value: 1000, unit: 'items', reason: 'parts of one list field; Firefox users with 200 add-ons exist' },
  tokensMax: { value: 2000, unit: 'items', reason: 'tokens of all texts of one report in the index' },
  searchesAtOnceMax: {
    value: 4,
    unit: 'items',
    reason:
      'two cores have enough with four; the other connections of a pool stay free for writers, the queue and people',
  },
  batchReportsMax: { value: 50, unit: 'items', reason: 'reports written in one transaction (web.md §8.1)' },
  batchWaitMs: {
    value: 20,
    unit: 'ms',
    reason: 'a lone report must be seen within a second of its POST; under load batches fill by themselves',
  },
});
