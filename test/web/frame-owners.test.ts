// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingSymbols } from '../../src/web/views/report-modules.ts';
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

test('missing symbols of our modules come first, those of the system are marked, and the kernel’s own module is none', () => {
  const frame = (module: string, debugFile: string) => ({ module, missing_symbols: true, debug_file: debugFile });
  const names = ['linux-vdso.so.1', 'ntdll.dll', 'wick.dll', 'ntdll.dll', 'tank.dll'];
  const crash = {
    json_dump: {
      crash_info: { crashing_thread: 0 },
      modules: [...new Set(names)].map((filename) => ({ filename, debug_file: filename.replace('dll', 'pdb') })),
      threads: [{ frames: names.map((name) => frame(name, name)) }],
    },
  };
  const { systemModules } = ownLists;
  assert.deepEqual(
    missingSymbols(crash, { systemModules }).map((one) => [one.module, one.frames, one.is_system]),
    [
      ['wick.dll', 1, false],
      ['tank.dll', 1, false],
      ['ntdll.dll', 2, true],
    ],
  );
});
