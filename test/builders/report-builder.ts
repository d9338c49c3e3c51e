// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Invented reports for tests and benchmarks of the index, reproducible from a seed.
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { pickOne, randomUuid, seededRandom } from '../../src/lib/seeded-random.ts';
import { makeReportRow, type ReportRow } from '../../src/search/report-row.ts';

export { randomUuid, seededRandom };

export interface ReportSpread {
  readonly random: () => number;
  /** Reports fall between these dates. */
  readonly from: Date;
  readonly to: Date;
  readonly signatureCount: number;
}

const namespaces = ['paint', 'net::http', 'ui::window', 'audio', 'js::gc', 'std::vector<T>'];
const verbs = ['flush', 'Open', 'reset', 'on_message', 'Draw', '~Handle', 'operator=='];

/** The processed crash of one invented report. */
export function inventProcessedCrash(spread: ReportSpread): {
  crashId: string;
  processed: Record<string, never> & object;
} {
  const { random } = spread;
  const receivedAt = new Date(spread.from.getTime() + random() * (spread.to.getTime() - spread.from.getTime()));
  const crashId = makeCrashId(randomUuid(random), 0, receivedAt);
  const rank = Math.floor(random() ** 3 * spread.signatureCount);
  const signature = `${namespaces[rank % namespaces.length]}::${verbs[rank % verbs.length]}${rank}`;
  const platform = pickOne(random, ['Windows NT', 'Windows NT', 'Linux', 'Mac OS X']);
  const maybe = <T>(value: T): T | undefined => (random() < 0.8 ? value : undefined);
  const processed = {
    uuid: crashId,
    date_processed: receivedAt.toISOString(),
    signature,
    proto_signature: `${signature} | main | start`,
    product: pickOne(random, ['Editor', 'Editor', 'Player', 'Player Beta']),
    version: pickOne(random, ['4.2.0', '4.1.9', '4.0b1', '4.0b2', '3.9']),
    release_channel: maybe(pickOne(random, ['release', 'beta', 'nightly'])),
    build: maybe(String(20260101000000 + Math.floor(random() * 300) * 1000000)),
    os_name: platform,
    os_version: `${1 + Math.floor(random() * 11)}.0.${Math.floor(random() * 9)}`,
    os_pretty_version: `${platform} ${1 + Math.floor(random() * 11)}`,
    cpu_arch: pickOne(random, ['amd64', 'arm64', 'x86']),
    process_type: pickOne(random, ['parent', 'content', 'gpu']),
    report_type: pickOne(random, ['crash', 'crash', 'crash', 'hang']),
    reason: maybe(pickOne(random, ['EXCEPTION_ACCESS_VIOLATION_READ', 'SIGSEGV / SEGV_MAPERR', 'SIGABRT'])),
    address: maybe(
      `0x${Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(16, '0')}`,
    ),
    uptime: maybe(Math.floor(random() ** 2 * 7200)),
    install_time: maybe(1700000000 + Math.floor(random() * 1000) * 60),
    startup_crash: maybe(random() < 0.1),
    is_garbage_collecting: maybe(random() < 0.05),
    app_notes: maybe(pickOne(random, ['WR! GL Layers+', 'FP(D00-L1000)', 'safe_mode 50% done'])),
    user_comments: maybe(pickOne(random, ['it broke', 'I clicked Save and it vanished', 'again'])),
    url: maybe('https://example.org/private'),
    modules_in_stack: pickOne(random, ['editor.exe/AB;ntdll.pdb/CD', 'libc.so.6/EF', '']),
    crash_report_keys: ['ProductName', 'Version', 'upload_file_minidump'],
    memory_measures: { explicit: Math.floor(random() * 1e9) },
    cpu_count: pickOne(random, [2, 4, 8]),
    dom_ipc_enabled: maybe(random() < 0.5),
    client_id: `client-${Math.floor(random() * 500)}`,
  };
  return { crashId, processed: JSON.parse(JSON.stringify(processed)) };
}

export function inventReport(spread: ReportSpread): ReportRow {
  const { crashId, processed } = inventProcessedCrash(spread);
  const annotations = { ProductName: 'x', Flavour: pickOne(spread.random, ['sweet', 'sour', 'salty']) };
  return makeReportRow(crashId, processed, annotations);
}
