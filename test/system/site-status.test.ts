// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The status page of one process tells of all processes of a site: those with the database, and those asked over HTTP.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CollectorProcess, startCollector, stopCollector } from './collector-process.ts';
import { commandFile, RunningSite, until } from './running-site.ts';

interface SiteStatus {
  readonly roles: readonly { role: string; instance: string; details: Record<string, unknown> }[];
}

describe('status of a site of several processes', () => {
  let folder = '';
  let collector: CollectorProcess;
  let site: RunningSite;
  let web: ChildProcess;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'salvage-site-status-'));
    collector = await startCollector({ dataDir: join(folder, 'node'), storageRoot: join(folder, 'crashes') });
    site = await RunningSite.start(join(folder, 'data'), {
      SALVAGE_WEB_COLLECTOR_URLS: `http://127.0.0.1:${collector.port}`,
    });
    web = spawn(process.execPath, [commandFile, 'web'], {
      env: { ...process.env, SALVAGE_DATA_DIR: join(folder, 'data'), PORT: '0', HOST: '127.0.0.1' },
      stdio: 'ignore',
    });
  });

  after(async () => {
    web?.kill('SIGKILL');
    await stopCollector(collector, 'SIGTERM');
    await site?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const rolesNow = async () => (await site.api<SiteStatus>('/api/v1/status'))?.roles ?? [];
  const partsOf = async (pid: number | undefined) =>
    (await rolesNow()).filter(({ instance }) => instance.endsWith(`:${pid}`)).map(({ role }) => role);

  test('its own parts, and a collector without a database that is asked', async () => {
    const own = await partsOf(site.pid);
    for (const role of ['collector', 'mover', 'processor']) assert.ok(own.includes(role), `${role} in ${own.join()}`);
    assert.deepEqual(await partsOf(collector.pid), ['collector', 'mover']);
  });

  test('jobs with their last run and the next', async () => {
    const jobs = async () =>
      (await rolesNow()).flatMap(({ details }) => (details['jobs'] as { name: string; lastRunAt: string }[]) ?? []);
    assert.ok(await until(async () => (await jobs()).filter(({ lastRunAt }) => lastRunAt).length >= 5, 20_000));
    const answer = await site.api<{ status: string }>('/monitoring/cron/');
    assert.equal(answer?.status, 'ALLGOOD');
  });

  test('a process with the database tells by itself; one that stops on purpose is not missed', async () => {
    assert.ok(await until(async () => (await partsOf(web.pid)).includes('web'), 60_000));
    web.kill('SIGTERM');
    await once(web, 'exit');
    assert.deepEqual(await partsOf(web.pid), []);
  });

  test('a collector that is away is said to be', async () => {
    await stopCollector(collector, 'SIGTERM');
    const away = (await rolesNow()).find(({ details }) => typeof details['error'] === 'string');
    assert.deepEqual([away?.role, away?.instance], ['collector', `127.0.0.1:${collector.port}`]);
  });
});
