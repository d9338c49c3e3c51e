// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A walker process that does what the dump's path says, for tests of the pool.
import { writeSync } from 'node:fs';
import { SalvageError } from '../../src/lib/errors.ts';
import { minidumpErrors } from '../../src/minidump/minidump.ts';
import { serveWalks } from '../../src/unwind/serve-walks.ts';
import { answerDescriptor } from '../../src/unwind/walker-protocol.ts';

const hoard: unknown[] = [];

const behaviours: Readonly<Record<string, () => Uint8Array | Promise<Uint8Array>>> = {
  fine: () => Buffer.from(JSON.stringify({ pid: process.pid })),
  'bad-dump': () => {
    throw new SalvageError(minidumpErrors.minidump_truncated, 'it ends after 12 bytes');
  },
  bug: () => {
    throw new TypeError('x is not a function');
  },
  'busy-hang': () => {
    for (;;) hoard.length = 0;
  },
  'idle-hang': () => new Promise(() => setInterval(() => {}, 1000)),
  exit: () => process.exit(7),
  abort: () => process.abort(),
  heap: () => {
    for (;;) hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })));
  },
  buffers: () => {
    for (;;) hoard.push(Buffer.alloc(16 * 1024 ** 2, 1));
  },
  garbage: () => {
    writeSync(answerDescriptor, Buffer.alloc(64, 0xff));
    return new Promise(() => {});
  },
  chatter: () => {
    const lines = Array.from({ length: 2000 }, (_, line) => `line ${line} of many words that nobody reads\n`);
    return new Promise(() => process.stderr.write(lines.join(''), () => process.exit(1)));
  },
};

await serveWalks(
  process.stdin,
  () =>
    async ({ dumpPath }) =>
      behaviours[dumpPath]?.() ?? Buffer.from('{}'),
);
