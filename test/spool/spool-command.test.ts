// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Command } from 'commander';
import { addSpoolCommand } from '../../src/bin/commands/spool.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { commitReport, makeReport, openSpool, type TestReport } from './spool-kit.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-spool-command-'));
after(() => rm(root, { recursive: true, force: true }));

/** Runs the command in this process; returns what it printed and its exit code. */
async function run(t: TestContext, ...args: string[]): Promise<{ lines: string[]; exitCode: number }> {
  const lines: string[] = [];
  const mocks = ['log', 'error'].map((name) =>
    t.mock.method(console, name as 'log', (text: string) => lines.push(text)),
  );
  const program = new Command().exitOverride();
  addSpoolCommand(program);
  await program.parseAsync(['node', 'salvage', 'spool', ...args]);
  for (const mock of mocks) mock.mock.restore();
  const exitCode = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { lines, exitCode };
}

test('people can list, show, verify and drain what waits', async (t) => {
  const spool = await openSpool({ files: nodeFiles, directory: join(root, 'spool') });
  const reports = [makeReport(), makeReport({ isGzip: true }), makeReport({ result: 'defer' })];
  for (const report of reports) await commitReport(spool, report);
  const id = (index: number) => reports[index]?.head.crashId as string;

  // The owner is still running.
  const listed = await run(t, 'ls', '--data-dir', root);
  assert.equal(listed.lines.length, 3);
  assert.match(listed.lines[2] ?? '', new RegExp(`bp-${id(2)}  defer  \\d+ bytes`));
  const json = await run(t, 'ls', '--data-dir', root, '--json');
  assert.equal(JSON.parse(json.lines[1] ?? '').encoding, 'gzip');
  const body = join(root, 'body');
  const shown = await run(t, 'show', `bp-${id(1)}`, '--data-dir', root, '--body', body);
  assert.equal(JSON.parse(shown.lines[0] ?? '').problem, null);
  assert.equal(shown.lines[1], String(reports[1]?.head.rawCrashJson));
  assert.deepEqual(await readFile(body), reports[1]?.body);
  assert.equal((await run(t, 'show', 'nothing', '--data-dir', root)).exitCode, 1);
  assert.deepEqual(await run(t, 'verify', '--data-dir', root), {
    lines: ['3 whole, 0 damaged, 0 set aside earlier'],
    exitCode: 0,
  });
  await assert.rejects(run(t, 'drain', '--data-dir', root), /3 crashes belong to a process that runs/);
  await spool.close();

  // Left by a process of another number, with a torn end.
  await rename(join(root, 'spool', '0'), join(root, 'spool', '3'));
  const [segment] = (await readdir(join(root, 'spool', '3'))).filter((name) => /^\d{13}-/.test(name));
  const log = join(root, 'spool', '3', segment as string, 'log');
  await appendFile(log, 'SREC, but not one');
  const verified = await run(t, 'verify', '--data-dir', root);
  assert.equal(verified.exitCode, 1);
  assert.equal(verified.lines.at(-1), '3 whole, 1 damaged, 0 set aside earlier');
  t.mock.method(process.stderr, 'write', () => true);
  await run(t, 'drain', '--data-dir', root);
  assert.deepEqual((await run(t, 'ls', '--data-dir', root)).lines, []);
  assert.equal((await readdir(join(root, 'queue', 'standard', 'waiting'))).length, 2);
  const [date] = (await readdir(join(root, 'crashes'))).filter((name) => /^\d{8}$/.test(name));
  assert.equal((await readdir(join(root, 'crashes', date as string, 'raw_crash'))).length, 3);
  const damaged = await run(t, 'ls', '--damaged', '--data-dir', root);
  assert.equal(damaged.lines.length, 1);
  assert.match(damaged.lines[0] ?? '', /never acknowledged/);
});

/** Sets variables of the environment for one test. */
function withEnvironment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env = { ...before, ...variables };
}

test('the spool, its fallback, the storage and the queue are those of the configuration', async (t) => {
  const [main, fallback, crashes] = ['main', 'fallback', 'elsewhere'].map((name) => join(root, 'own', name)) as [
    string,
    string,
    string,
  ];
  const reports = [makeReport(), makeReport()];
  for (const [index, directory] of [main, fallback].entries()) {
    const spool = await openSpool({ files: nodeFiles, directory });
    await commitReport(spool, reports[index] as TestReport);
    await spool.close();
  }
  withEnvironment(t, {
    SALVAGE_SPOOL_DIRECTORY: main,
    SALVAGE_SPOOL_FALLBACK_DIRECTORY: fallback,
    SALVAGE_STORAGE_CLASS: 'fs',
    SALVAGE_STORAGE_FS_ROOT: crashes,
    SALVAGE_QUEUE_CLASS: 'null',
    SALVAGE_DATA_DIR: join(root, 'own'),
  });
  assert.equal((await run(t, 'ls')).lines.length, 2);
  assert.deepEqual((await run(t, 'verify')).lines, ['2 whole, 0 damaged, 0 set aside earlier']);
  t.mock.method(process.stderr, 'write', () => true);
  await run(t, 'drain');
  assert.deepEqual((await run(t, 'ls')).lines, []);
  const [date] = (await readdir(crashes)).filter((name) => /^\d{8}$/.test(name));
  assert.equal((await readdir(join(crashes, date as string, 'raw_crash'))).length, 2);
});

test('a spool that is not there is an error, not an empty one', async (t) => {
  for (const args of [['ls'], ['ls', '--damaged'], ['show', 'x'], ['verify'], ['drain']])
    await assert.rejects(
      run(t, ...args, '--data-dir', join(root, 'nowhere')),
      { slug: 'spool_missing' },
      args.join(' '),
    );
});
