// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RunningSite, runCommand, until } from './running-site.ts';

describe('from a POST to a report on a real site', () => {
  let dataDir = '';
  let site: RunningSite;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'salvage-first-report-'));
    site = await RunningSite.start(dataDir);
  });

  after(async () => {
    await site?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  test('one test crash shows up with stack, reason and signature', async () => {
    const { code, output } = await runCommand(['demo', '--one', '--url', site.url], dataDir);
    assert.equal(code, 0, output);
    assert.match(output, /Symbols of 7 sample modules/);
    const crashId = /CrashID=bp-(\S+)/.exec(output)?.[1] ?? '';
    assert.ok(output.includes(`${site.url}/report/index/${crashId}`), output);
    assert.ok(await until(async () => (await site.processedCrash(crashId)) !== null, 20_000), site.log.slice(-3000));
    const processed = (await site.processedCrash(crashId)) as Record<string, unknown>;
    assert.equal(processed['signature'], 'lantern::LayerStack::activeOpacity');
    assert.equal(processed['product'], 'Lantern');
    assert.equal(processed['version'], '2.4.0');
    assert.equal(processed['os_name'], 'Linux');
    const dump = processed['json_dump'] as {
      crash_info: { type: string };
      crashing_thread: { frames: { function: string; file: string; line: number; trust: string }[] };
    };
    assert.equal(dump.crash_info.type, 'SIGSEGV / SEGV_MAPERR');
    const frames = dump.crashing_thread.frames.slice(0, 4).map((frame) => `${frame.trust} ${frame.function}`);
    assert.match(
      frames.join('\n'),
      /^context lantern::LayerStack::activeOpacity\(\)\ncfi lantern::Canvas::paint\(\)\n/,
    );
    assert.equal(dump.crashing_thread.frames[0]?.file, '/build/lantern/lantern.cc');
  });

  test('a demo sent to another machine says that names will be missing, and a wrong address fails in one line', async () => {
    const { code, output } = await runCommand(['send-test-crash', '--url', 'http://nowhere.invalid:9'], dataDir);
    assert.equal(code, 1);
    assert.match(output, /no function names: nowhere\.invalid is another machine/);
    assert.match(output, /submit_unreachable/);
  });

  test('the whole demo fills the site: products, systems, versions and the top signatures with their counts', async () => {
    const { code, output } = await runCommand(['demo', '--url', site.url], dataDir);
    assert.equal(code, 0, output);
    assert.match(output, /62 crashes sent/);
    assert.ok(await until(async () => (await site.reports()).length === 63, 40_000), site.log.slice(-3000));
    const reports = await site.reports();
    assert.equal(new Set(reports.map(({ uuid }) => uuid)).size, 63);
    const counts = countsOf(reports.map(({ signature }) => signature));
    assert.deepEqual(Object.fromEntries([...counts].filter(([, count]) => count >= 3)), {
      'lantern::LayerStack::activeOpacity': 15,
      'tidepool::render::MeshCache::Upload': 9,
      'kestrel::index::Index::version_of': 5,
      'OOM | large | tidepool::memory::Arena::Grow': 4,
      'lantern::UndoHistory::restore': 4,
      'provisional | marginalia.exe@0x2f41d0': 4,
      'gpudrv64.dll | tidepool::render::Frame::Submit': 3,
      'java.lang.IllegalStateException: at org.example.lantern.sync.AlbumSync.merge(AlbumSync.kt:88)': 3,
      'lantern::Stroke::append': 3,
    });
    assert.deepEqual(Object.fromEntries(countsOf(reports.map(({ product }) => product))), {
      Lantern: 30,
      Tidepool: 18,
      Kestrel: 8,
      Marginalia: 4,
      LanternMobile: 3,
    });
  });

  test('the status tells of the running parts, the jobs that ran, and the symbols that crashes wait for', async () => {
    const answer = await site.api<{ roles: { role: string; details: Record<string, unknown> }[] }>('/api/v1/status');
    const roles = new Map(answer?.roles.map(({ role, details }) => [role, details]));
    for (const role of ['collector', 'mover', 'processor', 'queue', 'search']) assert.ok(roles.has(role), role);
    const jobs = roles.get('jobs')?.['jobs'] as { name: string; lastRunAt: string | null }[];
    assert.ok(jobs.some(({ name, lastRunAt }) => name === 'partitions' && lastRunAt !== null));
    const wanted = roles.get('symbols')?.['symbolsWanted'] as { debugFile: string; reportCount: number }[];
    assert.ok((wanted.find(({ debugFile }) => debugFile === 'ntdll.pdb')?.reportCount ?? 0) > 0);
    assert.ok((roles.get('collector') as { disk: { sizeBytes: number } }).disk.sizeBytes > 0);
  });
});

function countsOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
