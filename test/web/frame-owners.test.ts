// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadViews } from '../../src/web/views/report-stack.ts';
import { ownLists } from '../signature/lists.ts';

const loaded = { loaded_symbols: true, symbol_url: null };
const processed = {
  json_dump: {
    crash_info: { crashing_thread: 0 },
    modules: [
      { filename: 'kestrel', ...loaded },
      { filename: 'libc.so.6', ...loaded },
    ],
    threads: [
      {
        frames: [
          { module: 'libc.so.6', function: '__pthread_kill_implementation' },
          { module: 'kestrel', function: '__rustc::rust_begin_unwind' },
          { module: 'kestrel', function: 'core::panicking::panic_fmt' },
          { module: 'kestrel', function: 'kestrel::delta::copy_block' },
        ],
      },
    ],
  },
};

const ownersWith = (options: Parameters<typeof threadViews>[1]) =>
  threadViews(processed, options)[0]?.frames.map(({ owner }) => owner);

test('a C library whose symbols were uploaded is still of the system, as is the run-time library within our module', () => {
  const { systemModules } = ownLists;
  assert.deepEqual(ownersWith({ ourModules: [], systemModules, framesMax: 10 }), [
    'system',
    'system',
    'system',
    'ours',
  ]);
});

test('what is declared ours is ours, whatever the list of system modules says', () => {
  const { systemModules } = ownLists;
  assert.equal(ownersWith({ ourModules: ['LIBC.so.6'], systemModules, framesMax: 10 })?.[0], 'ours');
});
