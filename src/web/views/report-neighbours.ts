// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { Reader } from '../../people/permissions.ts';
import { parseSearch } from '../../search/parse-search.ts';
import { searchReaderOf } from '../api/super-search.ts';
import type { WebParts } from '../web-parts.ts';
import { textAt } from './report-values.ts';

/** What stands beside a report: its signature's trend, and the client's other reports for those who may know. */
export interface ReportNeighbours {
  readonly seen: {
    readonly first_date: string;
    readonly last_date: string;
    readonly first_build: string | null;
    readonly report_count: number;
  } | null;
  readonly trend: {
    readonly days: readonly string[];
    readonly counts: readonly number[];
    readonly total: number;
  } | null;
  /** Null for readers without protected data, and where no client id came with the report. */
  readonly same_client:
    | readonly { readonly crash_id: CrashId; readonly date: string; readonly signature: string }[]
    | null;
}

/** The report must not wait for its margin: what takes longer is left out, and the signature page has it. */
const marginTimeoutMs = 100;
const trendDays = 14;

export async function reportNeighbours(
  processed: ProcessedCrash,
  reader: Reader,
  parts: WebParts,
): Promise<ReportNeighbours> {
  const signature = textAt(processed, 'signature');
  const clientId = reader.permissions.has('view_pii') ? textAt(processed, 'client_id') : null;
  const [seen, trend, sameClient] = await Promise.all([
    signature === null ? null : seenOf(signature, reader, parts).catch(() => null),
    signature === null ? null : trendOf(signature, reader, parts).catch(() => null),
    clientId === null ? null : reportsOfClient(clientId, reader, parts).catch(() => null),
  ]);
  return { seen, trend, same_client: sameClient };
}

async function seenOf(signature: string, reader: Reader, parts: WebParts): Promise<ReportNeighbours['seen']> {
  const [seen] = await parts.search.signaturesSeen([signature], reader.products);
  if (!seen) return null;
  return {
    first_date: seen.firstDate,
    last_date: seen.lastDate,
    first_build: seen.firstBuild === null ? null : String(seen.firstBuild),
    report_count: seen.reportCount,
  };
}

async function trendOf(signature: string, reader: Reader, parts: WebParts): Promise<ReportNeighbours['trend']> {
  const now = parts.clock.now();
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  const days = Array.from({ length: trendDays }, (_, at) =>
    new Date(today - (trendDays - 1 - at) * 86_400_000).toISOString().slice(0, 10),
  );
  const answer = await searchFor(
    [
      ['signature', [`=${signature}`]],
      ['date', [`>=${days[0]}`]],
      ['_histogram.date', ['product']],
      ['_results_number', ['0']],
    ],
    reader,
    parts,
  );
  const buckets = answer.facets['histogram_date'];
  const counts = new Map(
    Array.isArray(buckets) ? buckets.map(({ term, count }) => [String(term).slice(0, 10), count]) : [],
  );
  return { days, counts: days.map((day) => counts.get(day) ?? 0), total: answer.total };
}

async function reportsOfClient(
  clientId: string,
  reader: Reader,
  parts: WebParts,
): Promise<ReportNeighbours['same_client']> {
  const { hits } = await searchFor(
    [
      ['client_id', [`=${clientId}`]],
      ['date', ['>=-28d']],
      ['_columns', ['uuid', 'date', 'signature']],
      ['_sort', ['-date']],
      ['_results_number', ['8']],
      ['_facets_size', ['0']],
    ],
    reader,
    parts,
  );
  return hits.map((hit) => ({
    crash_id: String(hit['uuid']),
    date: String(hit['date']),
    signature: String(hit['signature'] ?? ''),
  }));
}

async function searchFor(parameters: readonly (readonly [string, string[]])[], reader: Reader, parts: WebParts) {
  const { request } = parseSearch(new Map(parameters), {
    reader: searchReaderOf(reader, parts, true),
    now: parts.clock.now(),
    isStrict: false,
  });
  return parts.search.search(request, { timeoutMs: marginTimeoutMs });
}
