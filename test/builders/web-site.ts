// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A whole web part over real PostgreSQL (people, search) with crashes in memory, listening on a free port of loopback.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import type { CrashReport, RawCrash } from '../../src/crash/raw-crash.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { defaultsOf } from '../../src/lib/options.ts';
import type { Pool } from '../../src/lib/postgres/pool.ts';
import { LocalStatus } from '../../src/lib/status.ts';
import type { Permission, Role } from '../../src/people/permissions.ts';
import { PostgresPeople } from '../../src/people/postgres-people.ts';
import type { CrashQueue } from '../../src/queue/crash-queue.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import { PostgresSearch } from '../../src/search/postgres-search.ts';
import { makeReportRow } from '../../src/search/report-row.ts';
import { LiveSiglists } from '../../src/signature/signature.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { webOptions } from '../../src/web/options.ts';
import { makeWebApp } from '../../src/web/web-app.ts';
import type { WebParts } from '../../src/web/web-parts.ts';
import { testDatabase } from '../services/postgres.ts';
import { ownLists } from '../signature/lists.ts';

/** Options of the web part that a test sets. */
type SiteOptions = Partial<WebParts['options']>;

/** Starts a site; it ends after the tests of the calling file. */
export async function startWebSite(
  options: SiteOptions = {},
  clock: Clock = systemClock,
  makeQueue: (pool: Pool) => CrashQueue = () => new MemoryQueue({ clock, logger: nullLogger }),
) {
  const { pool } = await testDatabase();
  const people = new PostgresPeople({ pool, clock, logger: nullLogger });
  const search = new PostgresSearch({ pool });
  const storage = new MemoryStorage();
  const queue = makeQueue(pool);
  const status = new LocalStatus({ instance: 'test', now: systemClock.now });
  const metrics = new MemoryMetrics();
  const parts: WebParts = {
    storage,
    queue,
    search,
    people,
    status,
    siglists: new LiveSiglists(ownLists),
    signing: { era: 'today', provisional: true },
    rulesets: new Set(['default', 'regenerate_signature']),
    options: {
      ...defaultsOf(webOptions),
      anonymousRequestsPerMinute: 100_000,
      knownRequestsPerMinute: 100_000,
      ...options,
    },
    version: '0.0.0',
    clock,
    logger: nullLogger,
    metrics,
  };
  const app = await makeWebApp(parts);
  const server = createServer(app.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(async () => {
    server.closeAllConnections();
    server.close();
    await app.close();
    await queue.close();
    await people.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** A token of a fresh account of that role, with those permissions (default: all of the role). */
  async function tokenOf(
    role: Role,
    permissions?: readonly Permission[],
    products: readonly string[] | null = null,
  ): Promise<string> {
    const account = await people.makeAccount({ name: `${role} ${Math.random()}`, role, products });
    const all: readonly Permission[] = [
      'view',
      'view_pii',
      'view_rawdump',
      'reprocess_crashes',
      'upload_symbols',
      'admin',
    ];
    return (await people.makeToken(account.id, { name: 't', permissions: permissions ?? all, days: 1 })).token;
  }

  /** Saves and indexes one crash. */
  async function addCrash(crashId: string, rawCrash: RawCrash, processed: RawCrash | null): Promise<void> {
    const dump = dumpFromBytes('upload_file_minidump', Buffer.from('MDMP bytes'));
    const report: CrashReport = {
      crashId,
      rawCrash,
      rawCrashJson: Buffer.from(JSON.stringify(rawCrash)),
      dumps: [dump],
    };
    await storage.saveRawCrash(report);
    if (!processed) return;
    await storage.saveProcessedCrash(crashId, processed);
    await search.indexReports([makeReportRow(crashId, processed, rawCrash)]);
  }

  return { url, parts, people, search, storage, queue, status, metrics, pool, tokenOf, addCrash };
}
