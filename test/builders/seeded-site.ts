// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A whole site with something on every page: for screenshots and for tests in a real browser.
import { makeCrashId } from '../../src/crash/crash-id.ts';
import type { LocalStatus } from '../../src/lib/status.ts';
import { longProduct } from './page-list.ts';
import { hostileReport, hostileText, richReport } from './page-reports.ts';
import { randomUuid, seededRandom } from './report-builder.ts';
import { startWebSite } from './web-site.ts';

const signatures = [
  'lantern::tank::Level::lower',
  'lantern::wick::Trimmer::trim',
  'provisional | wick_overlay.dll@0x1d3a0',
  'OOM | large | lantern::tank::Pump::grow',
  'std::vector<T>::operator[] | lantern::paint::Glow::blend<T>',
  'shutdownhang | NtWaitForSingleObject | lantern::base::Semaphore::wait',
];
const comments = ['It happens when I turn the wick down', 'again', 'after the update', null, null, null];

/** All that is left of a crash whose dump could not be read, of a product with a long name and a long version. */
function bareReport(crashId: string, at: Date) {
  return {
    uuid: crashId,
    date_processed: at.toISOString(),
    product: longProduct,
    version: '10.20.30-nightly.20261129.1+build.7f3a9c2e5d',
    signature: 'EMPTY: no frame data available; MinidumpHeaderMismatch',
    mdsw_status_string: 'MinidumpHeaderMismatch',
    success: false,
  };
}

/** What the parts of a site with some trouble say of themselves. */
function registerBusyStatus(status: LocalStatus, now: Date): void {
  const job = (name: string, lastResult: string, lastError: string | null) => ({
    name,
    lastRunAt: new Date(now.getTime() - 3_600_000).toISOString(),
    nextRunAt: new Date(now.getTime() + 23 * 3_600_000).toISOString(),
    errorsInARow: lastError === null ? 0 : 6,
    lastResult,
    lastError,
  });
  status.register('collector', () => ({
    spool: { entryCount: 4812, sizeBytes: 31.2 * 2 ** 30, oldestAgeS: 4020, damagedCount: 0 },
    inFlight: 3,
    disk: { sizeBytes: 40 * 2 ** 30, freeBytes: 1.5 * 2 ** 30 },
  }));
  status.register('mover', () => ({ down: ['storage_unreachable'] }));
  status.register('processor', () => ({ inFlight: 4, owed: { search: 9 } }));
  status.register('queue', () => ({
    depths: [
      { queue: 'standard', waiting: 212, leased: 4, oldestAgeS: 31 },
      { queue: 'priority', waiting: 0, leased: 0, oldestAgeS: null },
      { queue: 'reprocessing', waiting: 18_440, leased: 0, oldestAgeS: 7860 },
    ],
    dead: [
      {
        queue: 'standard',
        crashId: '3d1f0c52-77aa-4b1e-9c30-5a90b0261119',
        reason: 'dump_bad_signature: the dump is not a minidump: it begins with 1f 8b 08 00',
        attempts: 5,
        ruleset: null,
        diedAt: now.toISOString(),
      },
    ],
  }));
  status.register('search', () => ({
    partitions: ['2026-11-09', '2026-11-16', '2026-11-23', '2026-12-28'].map((week, at) => ({
      name: `reports_${week}`,
      week,
      sizeBytes: (4 - at) * 2 ** 30,
    })),
    strayCount: 0,
  }));
  status.register('jobs', () => ({
    jobs: [
      job('partitions', 'five weeks ready', null),
      job('audit', '0 of 18,120 crashes lacked a processed crash', null),
      job('storage-retention', '', 'Error: storage_unreachable: connect ECONNREFUSED'),
    ],
  }));
  status.register('symbols', () => ({
    symbolsWanted: [
      { debugFile: 'wick_overlay.pdb', debugId: 'B7720E94A13F4F6C8D1B5C93E0A4D7F51', reportCount: 1118 },
      { debugFile: `${'very_long_'.repeat(12)}.pdb`, debugId: '5C0E11A809D7A05C0E11A809D7A01', reportCount: 146 },
    ],
  }));
}

/** A site to which nobody has sent anything, and a person who has just claimed it. */
export async function startEmptySite() {
  const site = await startWebSite();
  const { sessionSecret } = await site.people.claim(await site.people.makeClaimSecret(), 'test');
  return { ...site, sessionSecret };
}

/** Starts a site; ids of the reports that pages are looked at with. */
export async function startSeededSite(reportCount = 240) {
  const site = await startWebSite();
  const random = seededRandom(11);
  const now = new Date();
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const newId = (at: Date) => makeCrashId(randomUuid(random), 0, at);
  for (let count = 0; count < reportCount; count++) {
    const at = new Date(now.getTime() - random() ** 2 * 20 * 86_400_000);
    const id = newId(at);
    const { rawCrash, processed } = richReport(id, at, 2);
    const version = pick(['4.2.0', '4.2.0', '4.2.0', '4.1.9', '4.3.0b2']);
    Object.assign(processed, {
      signature: pick(signatures.slice(0, 1 + Math.floor(random() * signatures.length))),
      version,
      product: random() < 0.9 ? 'Lantern' : 'Lantern Mobile',
      os_name: pick(['Windows NT', 'Windows NT', 'Mac OS X', 'Linux']),
      os_pretty_version: pick(['Windows 11', 'Windows 10', 'macOS 15', 'Ubuntu 24.04']),
      cpu_arch: pick(['amd64', 'amd64', 'arm64']),
      uptime: Math.floor(random() ** 3 * 9000),
      startup_crash: random() < 0.06,
      process_type: pick(['parent', 'parent', 'content', 'gpu']),
      adapter_device_id: pick(['0x2684', '0x2504', '0xa7a0']),
      user_comments: pick(comments),
      install_time: 1_700_000_000 + Math.floor(random() * 90) * 60,
      client_id: `client-${Math.floor(random() * 70)}`,
    });
    await site.addCrash(id, rawCrash, processed);
  }
  const rich = newId(now);
  const report = richReport(rich, new Date(now.getTime() - 240_000), 14);
  await site.addCrash(rich, report.rawCrash, report.processed);
  const hostile = newId(now);
  const bad = hostileReport(hostile, now);
  await site.addCrash(hostile, bad.rawCrash, bad.processed);
  const bare = newId(now);
  await site.addCrash(bare, { uuid: bare, ProductName: longProduct }, bareReport(bare, now));
  const waiting = newId(now);
  const failed = newId(now);
  for (const id of [waiting, failed])
    await site.addCrash(
      id,
      {
        uuid: id,
        ProductName: 'Lantern',
        Version: '4.2.0',
        submitted_timestamp: new Date(now.getTime() - 40_000).toISOString(),
      },
      null,
    );
  await site.queue.publish('standard', { crashId: failed });
  registerBusyStatus(site.status, now);
  const stop = new AbortController();
  for await (const taken of site.queue.consume({ prefetch: 1, signal: stop.signal })) {
    await taken.bury('dump_bad_signature: the dump is not a minidump: it begins with 1f 8b 08 00');
    break;
  }
  stop.abort();
  for (let count = 0; count < 20; count++) await site.queue.publish('standard', { crashId: newId(now) });
  const { sessionSecret } = await site.people.claim(await site.people.makeClaimSecret(), 'test');
  return {
    ...site,
    now,
    ids: { rich, hostile, waiting, failed, bare },
    signature: signatures[0] as string,
    hostileText,
    sessionSecret,
  };
}
