// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { matchesRequest, shownValue, valueIn } from './evaluate.ts';
import { compareTerms, computeFacets } from './memory-facets.ts';
import type { ReportRow } from './report-row.ts';
import type { ProductSeen, SearchIndex, SignatureSeen, VersionSeen } from './search-index.ts';
import type { SearchAnswer, SearchRequest, SortKey } from './search-request.ts';

/** Keeps all rows in memory and evaluates every search by its plain meaning: for tests, demos and parity checks. */
export class MemorySearch implements SearchIndex {
  readonly name = 'memory';
  readonly #rows = new Map<CrashId, ReportRow>();

  async indexReports(rows: readonly ReportRow[]): Promise<void> {
    for (const row of rows) {
      const existing = this.#rows.get(row.crashId);
      // What was processed before that which is here never undoes it.
      if (existing?.processedAt && row.processedAt && row.processedAt < existing.processedAt) continue;
      // A reprocessed report keeps its first date, as in the partitioned table.
      this.#rows.set(
        row.crashId,
        existing ? { ...row, date: existing.date, values: { ...row.values, date: existing.date } } : row,
      );
    }
  }

  async deleteReports(crashIds: readonly CrashId[]): Promise<void> {
    for (const crashId of crashIds) this.#rows.delete(crashId);
  }

  async search(request: SearchRequest): Promise<SearchAnswer> {
    const matched = [...this.#rows.values()].filter((row) => matchesRequest(row, request));
    matched.sort((a, b) => compareRows(a, b, request.sort));
    const hits = matched
      .slice(request.offset, request.offset + request.number)
      .map((row) =>
        Object.fromEntries(request.columns.map((field) => [field.name, shownValue(field, valueIn(row, field))])),
      );
    return {
      hits,
      total: matched.length,
      facets: computeFacets(matched, request.facets, request.facetsSize),
      missingWeeks: [],
    };
  }

  async getReport(crashId: CrashId): Promise<ReportRow | null> {
    return this.#rows.get(crashId) ?? null;
  }

  async findCrashIds(hexPrefix: string, limit: number): Promise<readonly CrashId[]> {
    return [...this.#rows.values()]
      .filter((row) => row.crashId.replaceAll('-', '').startsWith(hexPrefix))
      .sort((a, b) => (a.date < b.date ? 1 : -1))
      .slice(0, limit)
      .map((row) => row.crashId);
  }

  async signaturesSeen(
    signatures: readonly string[],
    products: readonly string[] | null,
  ): Promise<readonly SignatureSeen[]> {
    const wanted = new Set(signatures);
    const rows = [...this.#rows.values()].filter(
      (row) =>
        wanted.has(String(row.values['signature'] ?? '')) &&
        (products === null || products.includes(textIn(row, 'product'))),
    );
    return [...Map.groupBy(rows, (row) => textIn(row, 'signature'))].map(([signature, group]) => {
      const builds = group
        .map((row) => row.values['build_id'])
        .filter((build): build is number => typeof build === 'number');
      return {
        signature,
        ...datesOf(group),
        firstBuild: builds.length > 0 ? Math.min(...builds) : null,
        lastBuild: builds.length > 0 ? Math.max(...builds) : null,
      };
    });
  }

  async productsSeen(): Promise<readonly ProductSeen[]> {
    return [...Map.groupBy(this.#rows.values(), (row) => textIn(row, 'product'))]
      .filter(([product]) => product !== '')
      .map(([product, rows]) => ({ product, ...datesOf(rows) }))
      .sort((a, b) => compareTerms(a.product, b.product));
  }

  async versionsSeen(product: string): Promise<readonly VersionSeen[]> {
    const rows = [...this.#rows.values()].filter(
      (row) => textIn(row, 'product') === product && textIn(row, 'version') !== '',
    );
    return [...Map.groupBy(rows, (row) => textIn(row, 'version'))]
      .map(([version, group]) => {
        const channels = group.map((row) => textIn(row, 'release_channel')).filter(Boolean);
        return { product, version, releaseChannel: channels.sort().at(-1) ?? null, ...datesOf(group) };
      })
      .sort((a, b) => compareTerms(a.version, b.version));
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}
}

function textIn(row: ReportRow, name: string): string {
  return String(row.values[name] ?? '');
}

function datesOf(rows: readonly ReportRow[]): { firstDate: string; lastDate: string; reportCount: number } {
  const dates = rows.map((row) => row.date).sort();
  return { firstDate: dates[0] ?? '', lastDate: dates.at(-1) ?? '', reportCount: rows.length };
}

/** Missing values come last both ways; newest first where nothing else is asked; the crash id decides ties. */
function compareRows(a: ReportRow, b: ReportRow, sort: readonly SortKey[]): number {
  for (const { field, descending } of sort) {
    const [x, y] = [valueIn(a, field), valueIn(b, field)];
    if (x === undefined && y === undefined) continue;
    if (x === undefined) return 1;
    if (y === undefined) return -1;
    const order = typeof x === 'boolean' ? Number(x) - Number(y) : compareTerms(sortable(x), sortable(y as typeof x));
    if (order !== 0) return descending ? -order : order;
  }
  if (sort.length === 0 && a.date !== b.date) return a.date < b.date ? 1 : -1;
  return a.crashId < b.crashId ? -1 : 1;
}

const sortable = (value: string | number | boolean | readonly string[]): string | number =>
  typeof value === 'object' ? value.join(';') : typeof value === 'boolean' ? Number(value) : value;
