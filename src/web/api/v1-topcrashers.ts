// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject } from '../../lib/json.ts';
import { readTopCrashers, type TopCrasher, type TopCrashers } from '../../search/top-crashers.ts';
import {
  parseTopCrashersQuery,
  processTypes,
  topCrashersDays,
  topCrashersSizes,
} from '../../search/top-crashers-query.ts';
import type { ApiCall, ApiEndpoint, ApiParameter } from './api-endpoint.ts';
import { searchTimeoutMs } from './super-search.ts';
import { requireProduct } from './v1-products.ts';

/** The list that the parameters ask for. Throws `search_bad_argument`, `not_found`. */
export async function topCrashersOf(
  call: Pick<ApiCall, 'parts' | 'reader' | 'signal' | 'parameters'>,
): Promise<TopCrashers> {
  const { parts, reader, signal, parameters } = call;
  const query = parseTopCrashersQuery(parameters);
  await requireProduct(call, query.product);
  return readTopCrashers(parts.search, query, {
    now: parts.clock.now(),
    products: reader.products,
    timeoutMs: searchTimeoutMs(reader, parts),
    signal,
  });
}

const parameter = (name: string, description: string, more: Partial<ApiParameter> = {}): ApiParameter => ({
  name,
  kind: 'text',
  isRequired: false,
  description,
  ...more,
});

export const v1TopCrashersEndpoint: ApiEndpoint = {
  name: 'v1/topcrashers',
  methods: ['GET'],
  summary: 'The signatures that hit most clients, or crash most often, against the period before.',
  parameters: [
    parameter('product', 'Product; exactly as it is spelt in reports.', { isRequired: true }),
    parameter('version', 'Versions; none = all. `4.0b` means every beta of 4.0.', { kind: 'list' }),
    parameter('days', `Length of the period: ${topCrashersDays.join(', ')}; default 7.`, { kind: 'integer' }),
    parameter('process_type', `${processTypes.join(', ')}, any or other; default and fallback parent.`),
    parameter('platform', 'Windows, Mac or Linux; anything else = all.'),
    parameter('_report_type', 'Default crash.', { kind: 'choice', choices: ['crash', 'hang', 'any'] }),
    parameter('_facets_size', `Rows: ${topCrashersSizes.join(', ')}; default and fallback 50.`, { kind: 'integer' }),
    parameter('_tcbs_mode', '`realtime` ends now (default), `byday` at midnight UTC.'),
    parameter('_range_type', '`build` counts only builds made within the period; default `report`.'),
    parameter('_rank_by', '`clients` (default) or `crashes`.'),
    parameter('format', '`csv` for the rows as CSV.'),
  ],
  needs: ['view'],
  answer: {
    type: 'object',
    required: ['product', 'from', 'to', 'total', 'rows'],
    properties: {
      total: { type: 'integer', minimum: 0 },
      rows: {
        type: 'array',
        items: { type: 'object', required: ['rank', 'signature', 'crashes', 'clients', 'share'] },
      },
    },
  },
  async handle(call) {
    const list = await topCrashersOf(call);
    if (call.values.text('format') !== 'csv') return { json: topCrashersJson(list) };
    return {
      text: topCrashersCsv(list),
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': 'attachment; filename="topcrashers.csv"',
        'cache-control': 'private, no-cache',
      },
    };
  },
};

function topCrashersJson(list: TopCrashers): JsonObject {
  const { query } = list;
  return {
    product: query.product,
    versions: [...query.versions],
    days: query.days,
    process_type: query.processType,
    platform: query.platform?.name ?? null,
    report_type: query.reportType,
    rank_by: query.rankBy,
    from: list.current.from.toISOString(),
    to: list.current.to.toISOString(),
    previous_from: list.previous.from.toISOString(),
    total: list.total,
    previous_total: list.previousTotal,
    total_clients: list.totalClients,
    total_signatures: list.totalSignatures,
    shown: list.shown,
    previous_ranked: list.previousRanked,
    rows: list.rows.map(rowJson),
  };
}

function rowJson(row: TopCrasher): JsonObject {
  return {
    rank: row.rank,
    rank_change: row.rankChange,
    signature: row.signature,
    crashes: row.crashes,
    clients: row.clients,
    installs: row.installs,
    share: rounded(row.share),
    previous_crashes: row.previousCrashes,
    previous_share: rounded(row.previousShare),
    share_change: rounded(row.share - row.previousShare),
    windows: row.windows,
    mac: row.mac,
    linux: row.linux,
    garbage_collecting: row.garbageCollecting,
    startup: row.startup,
    first_minute: row.isFirstMinute,
    plugin: row.isPlugin,
    provisional: row.provisional,
    first_date: row.firstDate,
    first_build: row.firstBuild === null ? null : String(row.firstBuild),
    is_new: row.isNew,
    buckets: [...row.buckets],
    versions: { ...row.versions },
  };
}

const rounded = (percent: number): number => Math.round(percent * 10_000) / 10_000;

function topCrashersCsv(list: TopCrashers): string {
  const rows = list.rows.map((row) => {
    const { buckets, versions, ...rest } = rowJson(row);
    return { ...rest, ...Object.fromEntries(Object.entries(row.versions).map(([name, n]) => [`version ${name}`, n])) };
  });
  const names = Object.keys(rows[0] ?? { rank: 0, signature: '' });
  return [names, ...rows.map((row) => names.map((name) => (row as JsonObject)[name]))]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('');
}

/** Signatures come from strangers: a spreadsheet must not take one for a formula. */
export function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
