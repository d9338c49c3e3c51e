// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { defaultsOf } from '../../src/lib/options.ts';
import type { Pool } from '../../src/lib/postgres/pool.ts';
import { LocalStatus } from '../../src/lib/status.ts';
import { PostgresPeople } from '../../src/people/postgres-people.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import type { PostgresSearch } from '../../src/search/postgres-search.ts';
import { LiveSiglists } from '../../src/signature/signature.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { webOptions } from '../../src/web/options.ts';
import { makeWebApp } from '../../src/web/web-app.ts';
import { ownLists } from '../../test/signature/lists.ts';

export interface BenchSite {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

/** The web part over the filled index, with one report of 100 threads in storage. */
export async function openSite(pool: Pool, search: PostgresSearch, crashId: string): Promise<BenchSite> {
  const people = new PostgresPeople({ pool, clock: systemClock, logger: nullLogger });
  const storage = new MemoryStorage();
  const rawCrash = { uuid: crashId, ProductName: 'Editor', Version: '4.2.0' };
  await storage.saveRawCrash({
    crashId,
    rawCrash,
    rawCrashJson: Buffer.from(JSON.stringify(rawCrash)),
    dumps: [dumpFromBytes('upload_file_minidump', Buffer.from('MDMP'))],
  });
  await storage.saveProcessedCrash(crashId, largeReport(crashId) as never);
  const app = await makeWebApp({
    storage,
    search,
    people,
    queue: new MemoryQueue({ clock: systemClock, logger: nullLogger }),
    status: new LocalStatus({ instance: 'bench', now: systemClock.now }),
    siglists: new LiveSiglists(ownLists),
    signing: { era: 'today', provisional: true },
    rulesets: new Set(['default']),
    options: { ...defaultsOf(webOptions), knownRequestsPerMinute: 1_000_000, searchTimeoutMs: 60_000 },
    version: '0.0.0',
    clock: systemClock,
    logger: nullLogger,
    metrics: new MemoryMetrics(),
  });
  const server = createServer(app.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const account = await people.makeAccount({ name: 'bench', role: 'admin', products: null });
  const { token } = await people.makeToken(account.id, { name: 'bench', permissions: ['view', 'view_pii'], days: 1 });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    async close() {
      server.closeAllConnections();
      server.close();
      await app.close();
      await people.close();
    },
  };
}

function largeReport(crashId: string): Record<string, unknown> {
  const frames = Array.from({ length: 40 }, (_, frame) => ({
    frame,
    function: `kw::paint::detail::Batcher<kw::paint::Quad, ${frame}>::flushPending(int)`,
    module: 'editor.exe',
    file: `hg:example.org/editor:src/paint/batcher_${frame}.cpp:abcdef`,
    line: 100 + frame,
    offset: `0x${(0x140001000 + frame).toString(16)}`,
    module_offset: `0x${(0x1000 + frame).toString(16)}`,
    trust: frame === 0 ? 'context' : 'cfi',
  }));
  const threads = Array.from({ length: 100 }, (_, at) => ({ thread_name: `Worker ${at}`, frame_count: 40, frames }));
  const modules = Array.from({ length: 150 }, (_, at) => ({
    filename: `module${at}.dll`,
    debug_file: `module${at}.pdb`,
    debug_id: `${at.toString(16).padStart(32, 'A')}1`,
    base_addr: `0x${(0x10000000 + at * 0x100000).toString(16)}`,
    end_addr: `0x${(0x10000000 + at * 0x100000 + 0xffff).toString(16)}`,
    version: '1.2.3.4',
  }));
  return {
    uuid: crashId,
    product: 'Editor',
    version: '4.2.0',
    signature: 'kw::paint::detail::Batcher<T>::flushPending',
    date_processed: new Date().toISOString(),
    completed_datetime: new Date().toISOString(),
    crashing_thread: 0,
    os_name: 'Windows NT',
    reason: 'EXCEPTION_ACCESS_VIOLATION_READ',
    address: '0x18',
    success: true,
    json_dump: {
      crash_info: { type: 'EXCEPTION_ACCESS_VIOLATION_READ', address: '0x18', crashing_thread: 0 },
      modules,
      threads,
      thread_count: 100,
    },
  };
}
