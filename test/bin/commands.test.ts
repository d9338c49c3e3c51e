// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The command line as people meet it: real processes, their exit codes and what they print.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import type { Command } from 'commander';
import { makeProgram } from '../../src/bin/program.ts';
import { startCollector, stopAll } from '../collector/test-collector.ts';

const folder = await mkdtemp(join(tmpdir(), 'salvage-commands-'));
const dump = join(folder, 'crash.dmp');
await writeFile(dump, 'MDMP');
after(() => rm(folder, { recursive: true, force: true }));
afterEach(stopAll);

const launcher = join(import.meta.dirname, '../../salvage');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function salvage(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [launcher, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], SALVAGE_DATA_DIR: folder, ...environment },
  });
  const ended = { code: null as number | null, stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    ended.stdout += text;
  });
  child.stderr.on('data', (text) => {
    ended.stderr += text;
  });
  [ended.code] = (await once(child, 'close')) as [number | null];
  return ended;
}

/** A port that is bound for a moment and then free: nobody listens there. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function* allCommands(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* allCommands(child);
}

test('help: every command says in lower case what it does, and no default is a bare object or a number of bytes', async () => {
  const program = await makeProgram();
  assert.ok(program.commands.length >= 25);
  for (const command of allCommands(program)) {
    if (command === program) continue;
    assert.match(command.description(), /^[a-z].*[^.]$/, command.name());
    for (const option of command.options) {
      assert.match(option.description, /\S/, `${command.name()} ${option.flags}`);
      const shown = option.defaultValueDescription ?? JSON.stringify(option.defaultValue ?? 0);
      assert.doesNotMatch(shown, /^[[{]|^\d{5,}/, `${command.name()} ${option.flags}`);
    }
  }
});

test('submit: without --url the report goes to the configured port, with a bare host to its /submit', async () => {
  const collector = await startCollector();
  const configured = await salvage(['submit', dump], { PORT: String(collector.port) });
  assert.equal(configured.code, 0, configured.stderr);
  assert.match(configured.stdout, /^CrashID=bp-/);
  const bareHost = await salvage(['submit', dump, '--url', `127.0.0.1:${collector.port}`]);
  assert.equal(bareHost.code, 0, bareHost.stderr);
  assert.equal(collector.spool.reports.length, 2);
});

const badArguments = [
  [['submit', 'no-such.dmp'], /^salvage: no-such\.dmp: no such file or directory$/m],
  [['submit', '--raw', 'no-such'], /^salvage: no-such: no such file or directory$/m],
  [['submit', dump, '--url', 'http://['], /is no URL \[bad_argument\]/],
  [['submit', dump, '-a', 'nothing'], /write it as NAME=VALUE/],
  [['demo', '--url', 'http://['], /is no URL \[bad_argument\]/],
  [['submitter', '--ids', 'no-such'], /no-such: no such file or directory/],
  [['signature', 'no-such'], /^salvage: cannot read no-such/],
  [['systemtest', '--body-limit', 'much'], /must be a number with an optional unit/],
  [['capture', 'file', '--port', '99999'], /must be a whole number from 0 to 65535/],
  [['capture', join(folder, 'no', 'file')], /no\/file\.part: no such file or directory/],
  [['sumbit'], /Did you mean submit/],
] as const;

for (const [args, message] of badArguments)
  test(`refused: salvage ${args.join(' ').replaceAll(folder, '…')}`, async () => {
    const { code, stdout, stderr } = await salvage(args);
    assert.equal(code, 1);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^ +at /m, 'a stack is for those who ask for it');
    assert.equal(stdout, '');
  });

test('systemtest and loadtest: where nobody listens it is said once, at once', async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;
  for (const command of ['systemtest', 'loadtest', 'submit']) {
    const { code, stdout, stderr } = await salvage(
      command === 'submit' ? [command, dump, '--url', url] : [command, url],
    );
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^salvage: http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED .* \[submit_unreachable\]\n {2}Check the URL/,
    );
  }
});

test('capture: a port that is taken is said, and nothing is left behind', async () => {
  const taken: Server = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { code, stderr } = await salvage(['capture', join(folder, 'request'), '--port', String(port)]);
  taken.close();
  assert.equal(code, 1);
  assert.match(stderr, /\[address_in_use\]/);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('request')),
    [],
  );
});

test('launcher: an older Node starts the one that the development dependency brought', async () => {
  const older =
    'data:text/javascript,Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } })';
  const child = spawn(process.execPath, ['--import', older, launcher, '--version'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [version] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  assert.match(version, /^\d+\.\d+\.\d+\n$/);
  assert.deepEqual(await once(child, 'close'), [0, null]);
});
