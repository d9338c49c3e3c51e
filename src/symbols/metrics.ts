// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

export const symbolMetrics = declareMetrics({
  lookup: {
    name: 'salvage.symbols.lookup',
    kind: 'counter',
    tags: ['state'],
    doc: 'modules looked up, by state: loaded, missing, corrupt, unknown',
  },
  source: {
    name: 'salvage.symbols.source',
    kind: 'counter',
    tags: ['source', 'answer'],
    doc: 'answers of symbol sources, by kind',
  },
  download: { name: 'salvage.symbols.download', kind: 'timing', unit: 'ms', tags: ['source'], doc: 'one download' },
  compile: { name: 'salvage.symbols.compile', kind: 'timing', unit: 'ms', doc: 'compiling one symbol file' },
  indexDamaged: {
    name: 'salvage.symbols.index_damaged',
    kind: 'counter',
    doc: 'compiled indexes set aside because they were damaged',
  },
  cacheSize: { name: 'salvage.symbols.cache_size', kind: 'gauge', unit: 'bytes', doc: 'bytes in the symbol cache' },
  cacheFiles: { name: 'salvage.symbols.cache_files', kind: 'gauge', unit: 'items', doc: 'files in the symbol cache' },
  cacheEvicted: {
    name: 'salvage.symbols.cache_evicted',
    kind: 'counter',
    doc: 'files removed to stay under the limit',
  },
});
