// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Command } from 'commander';
import { addSignatureCommand } from '../../src/bin/commands/signature.ts';
import { openSiglists, ownSiglistDirectory } from '../../src/bin/siglist-directory.ts';
import { type LogRecord, makeLogger } from '../../src/lib/log.ts';
import { until } from '../services/until.ts';

function copyOfLists(t: { after(done: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'salvage-siglists-'));
  t.after(() => rmSync(directory, { recursive: true }));
  cpSync(ownSiglistDirectory, directory, { recursive: true });
  return directory;
}

test('an edited list is in force without a restart; a broken one is reported with its line and changes nothing', async (t) => {
  const directory = copyOfLists(t);
  const records: LogRecord[] = [];
  const logger = makeLogger('test', (record) => records.push(record));
  const { lists, close } = openSiglists({ directory, reloadIntervalMs: 20, logger });
  t.after(close);
  assert.equal(lists.current.prefix.match('Wick::Light'), null);

  writeFileSync(join(directory, 'prefix_signature_re.txt'), 'Wick::\n');
  await until(() => lists.current.prefix.match('Wick::Light') !== null);

  writeFileSync(join(directory, 'prefix_signature_re.txt'), 'fine\nWick::(\n');
  await until(() => records.some(({ message }) => message.includes('prefix_signature_re.txt:2')));
  assert.notEqual(lists.current.prefix.match('Wick::Light'), null);
});

async function run(...args: string[]): Promise<string> {
  const program = new Command().exitOverride();
  let output = '';
  addSignatureCommand(program, {
    write: (text) => {
      output += text;
    },
  });
  await program.parseAsync(['node', 'salvage', 'signature', ...args]);
  return output;
}

test('salvage signature prints signature and explanation, or the result as JSON', async (t) => {
  const directory = copyOfLists(t);
  const file = join(directory, 'crash.json');
  writeFileSync(
    file,
    JSON.stringify({ crashing_thread: 0, threads: [{ frames: [{ function: 'Wick::Light(int)' }] }] }),
  );
  assert.match(await run(file), /^Wick::Light\n\nfrom thread 0, rules of today\n/);
  assert.equal(JSON.parse(await run(file, '--json')).explanation.frames[0].fate, 'ended');
  assert.match(await run(file, '--lists', directory, '--era', '2015'), /^Wick::Light\(int\)\n/);
});

test('salvage signature takes the lists and the rules that the processor is configured with', async (t) => {
  const directory = copyOfLists(t);
  const file = join(directory, 'crash.json');
  const frames = [{ function: 'Wick::Light(int)' }, { module: 'studio.exe', module_offset: '0x10' }];
  writeFileSync(file, JSON.stringify({ crashing_thread: 0, threads: [{ frames }] }));
  writeFileSync(join(directory, 'prefix_signature_re.txt'), 'Wick::\n');
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env['SALVAGE_SIGNATURE_LIST_DIRECTORY'] = directory;
  assert.match(await run(file), /^provisional \| Wick::Light \| studio\.exe@0x10\n/);
  process.env['SALVAGE_PROCESSOR_RULE_SET'] = 'today';
  assert.match(await run(file), /^Wick::Light \| studio\.exe\n/);
  process.env['SALVAGE_PROCESSOR_RULE_SET'] = 'lite';
  assert.match(await run(file), /^Wick::Light\(int\) \| studio\.exe@0x10\n/);
  await assert.rejects(run(join(directory, 'absent.json')), /cannot read .*absent\.json: ENOENT/);
});

test('salvage signature --check names every bad line; input of no known shape is refused', async (t) => {
  const directory = copyOfLists(t);
  assert.match(await run('--check', '--lists', directory), /prefix \d+/);
  writeFileSync(join(directory, 'irrelevant_signature_re.txt'), '(?=x)\n');
  await assert.rejects(run('--check', '--lists', directory), /irrelevant_signature_re\.txt:1/);
  writeFileSync(join(directory, 'x.json'), '[]');
  await assert.rejects(run(join(directory, 'x.json')), { slug: 'signature_input_unknown' });
  writeFileSync(join(directory, 'x.json'), '{');
  await assert.rejects(run(join(directory, 'x.json')), /not JSON/);
});
