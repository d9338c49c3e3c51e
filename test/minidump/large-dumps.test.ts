// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openMinidump } from '../../src/minidump/minidump.ts';
import { openDumpFile } from '../../src/unwind/unwind.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';

const gibibyte = 1024 ** 3;

describe('a dump with five GiB of memory', () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'salvage-large-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('is opened and read in place', () => {
    // A sparse file: two regions of the Memory64List, of which the second begins past 4 GiB of the file.
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'windows' }).systemInfo();
    builder.thread({ id: 1, stack: { start: 0x7ff0_0000_0000n, bytes: [] }, hasStackElsewhere: true });
    const list = builder.section().u64(2).u64(0x10000);
    list
      .u64(0x1_0000_0000n)
      .u64(5 * gibibyte)
      .u64(0x7ff0_0000_0000n)
      .u64(4096);
    const file = path.join(directory, 'full.dmp');
    const handle = openSync(file, 'w');
    writeSync(handle, builder.stream(9, list).build(), 0, undefined, 0);
    writeSync(handle, Buffer.from('deep'), 0, 4, 0x10000 + 4.5 * gibibyte);
    writeSync(handle, Buffer.alloc(4096, 0x5a), 0, 4096, 0x10000 + 5 * gibibyte);
    closeSync(handle);
    const rssBefore = process.memoryUsage.rss();
    const opened = openDumpFile(file);
    const dump = openMinidump(opened.source);
    const address = 0x1_0000_0000n + BigInt(4.5 * gibibyte);
    assert.equal(Buffer.from(dump.memory.read(address, 4) ?? []).toString(), 'deep');
    assert.equal(dump.threads[0]?.stack?.readUint(0x7ff0_0000_0ff8n, 8), 0x5a5a5a5a5a5a5a5an);
    assert.deepEqual(dump.warnings, []);
    opened.close();
    assert.ok(process.memoryUsage.rss() - rssBefore < 64 * 1024 * 1024);
  });
});
