// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Collector and processor as processes of their own, joined by a database and a store, as in production.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { testDatabase } from '../services/postgres.ts';
import { commandFile, projectRoot, runCommand, sendDemoCrash, until } from './running-site.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-roles-'));
const database = await testDatabase();
const children: ChildProcess[] = [];
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

const shared = {
  DATABASE_URL: database.url,
  HOST: '127.0.0.1',
  PORT: '0',
  SALVAGE_PROCESSOR_PORT: '0',
  SALVAGE_STORAGE_CLASS: 'fs',
  SALVAGE_STORAGE_FS_ROOT: join(root, 'crashes'),
  SALVAGE_QUEUE_CLASS: 'postgres',
};
const processorDir = join(root, 'processor');

interface Role {
  readonly url: string;
  readonly log: () => string;
  /** SIGTERM; resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
}

async function startRole(role: string, dataDir: string): Promise<Role> {
  const child = spawn(process.execPath, [commandFile, role], {
    env: { ...process.env, ...shared, SALVAGE_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const address = () => /(?:listens on |intake is open: http:\/\/)([^\s"/]+:\d+)/.exec(log)?.[1];
  await until(() => address() !== undefined || child.exitCode !== null, 60_000);
  assert.ok(address(), log.slice(-3000));
  return {
    url: `http://${address()}`,
    log: () => log,
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

test('collector and processor in processes of their own: symbols are added, a crash is posted, its stack has names', async () => {
  const added = await runCommand(['symbols', 'add', join(projectRoot, 'demo/symbols')], processorDir, shared);
  assert.equal(added.code, 0, added.output);
  const processor = await startRole('processor', processorDir);
  const collector = await startRole('collector', join(root, 'collector'));

  const crashId = await sendDemoCrash('lantern-2.4.0-paint', `${collector.url}/submit`);
  const storage = new FsStorage({ root: shared.SALVAGE_STORAGE_FS_ROOT, files: nodeFiles, clock: systemClock });
  const processed = () => storage.getProcessedCrash(crashId).catch(() => null);
  assert.ok(await until(async () => (await processed()) !== null, 40_000), processor.log().slice(-3000));
  assert.equal((await processed())?.['signature'], 'lantern::LayerStack::activeOpacity');

  for (const path of ['/__lbheartbeat__', '/__heartbeat__', '/__version__'])
    assert.equal((await fetch(processor.url + path)).status, 200, path);
  const dump = gunzipSync(await readFile(join(projectRoot, 'demo/dumps/lantern-2.4.0-paint.dmp.gz')));
  const walked = await fetch(`${processor.url}/v1/stackwalk`, { method: 'POST', body: dump });
  assert.equal(walked.status, 200);
  const signed = await fetch(`${processor.url}/v1/signature`, { method: 'POST', body: await walked.text() });
  assert.equal(((await signed.json()) as { signature: string }).signature, 'lantern::LayerStack::activeOpacity');

  // The keeper of the symbol cache and the jobs start and stop with the processor, and leave nothing behind.
  assert.equal(await processor.stop(), 0, processor.log().slice(-3000));
  const next = await startRole('processor', processorDir);
  assert.doesNotMatch(next.log(), /another process of this machine keeps the symbol cache/);
  assert.equal(await next.stop(), 0, next.log().slice(-3000));
  assert.equal(await collector.stop(), 0);
});
