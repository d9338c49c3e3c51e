// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bytesSource, dumpDocument, dumpLines, openMinidump } from '../../src/minidump/minidump.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';
import { dumpWithEveryStream } from '../builders/sample-dumps.ts';

const bytes = dumpWithEveryStream({ cpu: 'amd64', os: 'windows' });

describe('what a dump holds', () => {
  const dump = openMinidump(bytesSource(bytes));

  it('stands in the document under snake_case keys', () => {
    const document = dumpDocument(dump);
    assert.equal(JSON.stringify(document).includes('NaN'), false);
    const { exception, threads, modules, annotations, streams } = JSON.parse(JSON.stringify(document));
    assert.equal(exception.reason, 'EXCEPTION_ACCESS_VIOLATION_READ');
    assert.equal(exception.thread_index, 0);
    assert.equal(threads[1].thread_name, 'worker');
    assert.equal(threads[0].registers.rip, '0x0000000000401000');
    assert.equal(modules[0].debug_id, '0000000100020003040506070809' + '0A0B1');
    assert.equal(annotations.simple.k, 'v');
    assert.equal(annotations.modules[0].objects.o, 'w');
    assert.equal(streams.length, dump.streams.length);
  });

  it('stands in the lines for a terminal', () => {
    const text = dumpLines(dump).join('\n');
    for (const part of ['Reason: EXCEPTION_ACCESS_VIOLATION_READ', '#0 id 1 "main" (crashed)', '/lib/a.so', 'k = v'])
      assert.ok(text.includes(part), part);
    assert.equal(text.includes('Warnings'), false);
  });

  it('keeps a hostile annotation key from becoming a prototype', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'mac' }).systemInfo().thread({ id: 1 });
    const info = builder.section().u32(1).zeros(32);
    const dictionary = info.section().u32(1).rva(info.text8('__proto__')).rva(info.text8('x'));
    const opened = openMinidump(
      bytesSource(builder.stream(0x43500001, info.location(dictionary).location(undefined)).build()),
    );
    assert.match(JSON.stringify(dumpDocument(opened)), /"simple":\{"__proto__":"x"\}/);
  });
});

describe('salvage dump', () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'salvage-dump-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const file = (name: string, content: Uint8Array | string): string => {
    writeFileSync(path.join(directory, name), content);
    return path.join(directory, name);
  };
  const script = `
    const { Command } = await import('commander');
    const { addDumpCommand } = await import('${path.resolve('src/bin/commands/dump.ts')}');
    const program = new Command('salvage');
    addDumpCommand(program);
    try { await program.parseAsync(['node', 'salvage', ...process.argv.slice(1)]); }
    catch (error) { console.error(error.slug + ' ' + error.message); process.exit(1); }`;
  const args = (...rest: string[]) => ['--input-type=module', '-e', script, '--', 'dump', ...rest];

  it('prints the same of a dump and of its gzip', () => {
    const plain = execFileSync(process.execPath, args(file('a.dmp', bytes)), { encoding: 'utf8' });
    const packed = execFileSync(process.execPath, args(file('a.dmp.gz', gzipSync(bytes))), { encoding: 'utf8' });
    assert.match(plain, /^Header\n/);
    assert.equal(packed, plain);
  });

  it('prints JSON', () => {
    const text = execFileSync(process.execPath, args('--json', file('b.dmp', bytes)), { encoding: 'utf8' });
    assert.equal(JSON.parse(text).pid, 9);
  });

  it('says what is wrong with what is no dump', () => {
    const slugOf = (target: string) => {
      const { status, stderr } = spawnSync(process.execPath, args(target), { encoding: 'utf8' });
      assert.equal(status, 1);
      return stderr.split(' ')[0];
    };
    assert.equal(slugOf(file('empty', '')), 'minidump_empty');
    assert.equal(slugOf(file('text', 'MODULE Linux x86_64 0 a\n')), 'minidump_is_text');
    assert.equal(slugOf(file('cut', bytes.subarray(0, 20))), 'minidump_truncated');
    assert.equal(slugOf(directory), 'dump_unreadable');
    assert.equal(slugOf(path.join(directory, 'none')), 'dump_unreadable');
  });

  it('does not let names from a dump steer the terminal', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo();
    builder.thread({ id: 1, name: 'a\u001b[2Jb' });
    const text = execFileSync(process.execPath, args(file('c.dmp', builder.build())), { encoding: 'utf8' });
    assert.equal(text.includes('\u001b'), false);
  });
});
