// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The one-way rule: each folder names all that it may import; everything else is refused.
// docs/architecture.md draws the same graph.
const mayImport = {
  lib: [],
  crash: ['lib'],
  spool: ['crash', 'lib'],
  storage: ['crash', 'lib'],
  queue: ['crash', 'lib'],
  search: ['crash', 'lib'],
  signature: ['crash', 'lib'],
  minidump: ['lib'],
  symbols: ['lib'],
  unwind: ['minidump', 'symbols', 'crash', 'lib'],
  people: ['lib'],
  collector: ['spool', 'crash', 'lib'],
  mover: ['spool', 'storage', 'queue', 'crash', 'lib'],
  processor: ['storage', 'queue', 'search', 'minidump', 'symbols', 'unwind', 'signature', 'crash', 'lib'],
  symbolserver: ['symbols', 'unwind', 'minidump', 'search', 'storage', 'queue', 'crash', 'lib'],
  web: ['storage', 'queue', 'search', 'people', 'signature', 'crash', 'lib'],
  jobs: ['storage', 'queue', 'search', 'people', 'crash', 'lib'],
  client: ['storage', 'queue', 'crash', 'lib'],
  config: ['lib'],
};

const adapters =
  '^src/(storage|queue|search|people)/(containers/|(null|memory|fs|s3|postgres|rabbitmq|file|radix|dated|legacy)[^/]*\\.ts)';

const oneWay = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `one-way-${folder}`,
  severity: 'error',
  comment: `src/${folder} may import only: ${allowed.join(', ') || 'nothing'}`,
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...oneWay,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing-imports-bin', severity: 'error', from: { pathNot: '^src/bin/' }, to: { path: '^src/bin/' } },
    {
      name: 'only-bin-reads-config',
      severity: 'error',
      from: { pathNot: '^src/(bin|config)/' },
      to: { path: '^src/config/' },
    },
    {
      name: 'only-bin-picks-adapters',
      severity: 'error',
      comment: 'stages know ports; concrete adapters are chosen in bin',
      from: { pathNot: '^src/(bin|storage|queue|search|people)/' },
      to: { path: adapters },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
