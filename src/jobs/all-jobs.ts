// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { OptionValues } from '../lib/options.ts';
import type { Pool } from '../lib/postgres/pool.ts';
import type { CrashQueue } from '../queue/crash-queue.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { auditJob } from './audit.ts';
import type { Job } from './job.ts';
import type { jobOptions } from './options.ts';
import { type StorageRetentionParts, storageRetentionJob } from './storage-retention.ts';

/** What the jobs need of the weekly partitions of the search index. */
export interface ReportWeeks {
  ensureAhead(now: Date): Promise<void>;
  dropBefore(date: Date): Promise<readonly string[]>;
  strayCount(): Promise<number>;
}

export interface JobParts {
  readonly pool: Pool;
  readonly partitions: ReportWeeks;
  readonly storage: CrashStorage;
  readonly queue: CrashQueue;
  readonly options: OptionValues<typeof jobOptions.options>;
  readonly retention: Pick<StorageRetentionParts, 'rule' | 'disk'>;
  /** Writes the whole text of a file below the data folder, durably. */
  readonly writeExport: (name: string, text: string) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Every scheduled job, in the order in which they run when all are due. */
export function makeJobs(parts: JobParts): readonly Job[] {
  return [
    partitionsJob(parts),
    retentionJob(parts),
    storageRetentionJob({ ...parts, ...parts.retention }),
    auditJob(parts),
    missingSymbolsJob(parts),
    cleanUpJob(parts),
  ];
}

function partitionsJob({ partitions, clock }: JobParts): Job {
  return {
    name: 'partitions',
    description: 'makes the weekly partitions of the search index four weeks ahead',
    everyMs: dayMs,
    async run() {
      await partitions.ensureAhead(clock.now());
      const strays = await partitions.strayCount();
      return strays === 0 ? 'five weeks ready' : `five weeks ready; ${strays} reports lie outside all weeks`;
    },
  };
}

function retentionJob({ partitions, clock, options }: JobParts): Job {
  return {
    name: 'search-retention',
    description: 'drops weeks of the search index that are past their time; first and last sights stay',
    everyMs: dayMs,
    async run() {
      const dropped = await partitions.dropBefore(new Date(clock.now().getTime() - options.searchWeeks * 7 * dayMs));
      return dropped.length === 0 ? 'nothing is past its time' : `dropped ${dropped.join(', ')}`;
    },
  };
}

function missingSymbolsJob({ pool, options, writeExport }: JobParts): Job {
  return {
    name: 'missing-symbols',
    description: 'writes the symbols that crashes waited for to missing-symbols.csv in the data folder',
    everyMs: dayMs,
    async run() {
      await pool.query('delete from missing_symbols where seen_on < current_date - $1::int', [
        options.missingSymbolsDays,
      ]);
      const { rows } = await pool.query<Record<'debug_file' | 'debug_id' | 'code_file' | 'code_id', string>>(
        'select debug_file, debug_id, max(code_file) code_file, max(code_id) code_id from missing_symbols group by 1, 2 order by count(*) desc, 1, 2',
      );
      const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const lines = rows.map((row) => [row.debug_file, row.debug_id, row.code_file, row.code_id].map(cell).join(','));
      await writeExport('missing-symbols.csv', ['debug_file,debug_id,code_file,code_id', ...lines, ''].join('\n'));
      return `${rows.length} modules lack symbols`;
    },
  };
}

function cleanUpJob({ pool, clock }: JobParts): Job {
  return {
    name: 'clean-up',
    description: 'removes sessions and sign-in links that are over, and audit rows past their 400 days',
    everyMs: dayMs,
    async run() {
      const now = clock.now();
      const gone = async (sql: string, values: unknown[]) => (await pool.query(sql, values)).rowCount ?? 0;
      const sessions = await gone('delete from sessions where created_at < $1', [new Date(now.getTime() - 7 * dayMs)]);
      const links = await gone('delete from claim_links where expires_at < $1', [now]);
      const audit = await gone(`delete from audit where happened_at < clock_timestamp() - interval '400 days'`, []);
      return `removed ${sessions} sessions, ${links} links, ${audit} audit rows`;
    },
  };
}
