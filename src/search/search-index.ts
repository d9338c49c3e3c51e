// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { ReportRow } from './report-row.ts';
import type { SearchAnswer, SearchRequest } from './search-request.ts';

/** First and last sight of a signature, over all products or one. */
export interface SignatureSeen {
  readonly signature: string;
  readonly firstDate: string;
  readonly lastDate: string;
  /** Smallest build id seen; null when no report had one. */
  readonly firstBuild: number | null;
  readonly lastBuild: number | null;
  readonly reportCount: number;
}

export interface ProductSeen {
  readonly product: string;
  readonly firstDate: string;
  readonly lastDate: string;
  readonly reportCount: number;
}

export interface VersionSeen extends ProductSeen {
  readonly version: string;
  readonly releaseChannel: string | null;
}

export interface SearchOptions {
  /**
   * Time budget of the whole search, waiting included. Over it the search is cancelled in the database and fails with
   * `search_timeout`, or with `search_busy` where its turn never came.
   */
  readonly timeoutMs: number;
  /** Aborted when the reader has left. */
  readonly signal?: AbortSignal;
}

/**
 * The queryable index (design.md §1.6). It can be rebuilt from storage at any time. Errors: `search_bad_argument`,
 * `search_timeout`, `search_busy`, `search_unavailable`.
 */
export interface SearchIndex {
  readonly name: string;
  /** Upserts reports with first-seen, versions and products in one transaction; resolves once it is durable. */
  indexReports(rows: readonly ReportRow[], signal?: AbortSignal): Promise<void>;
  /** Takes reports out, and recomputes what was derived from them. */
  deleteReports(crashIds: readonly CrashId[]): Promise<void>;
  search(request: SearchRequest, options: SearchOptions): Promise<SearchAnswer>;
  /** The row of one report, or null. */
  getReport(crashId: CrashId): Promise<ReportRow | null>;
  /** Ids that begin with these hex digits (dashes left out), at most `limit`, newest first. */
  findCrashIds(hexPrefix: string, limit: number): Promise<readonly CrashId[]>;
  /** First sight of signatures; unknown ones are left out. `products` null = all. */
  signaturesSeen(signatures: readonly string[], products: readonly string[] | null): Promise<readonly SignatureSeen[]>;
  productsSeen(): Promise<readonly ProductSeen[]>;
  versionsSeen(product: string): Promise<readonly VersionSeen[]>;
  check(): Promise<void>;
  close(): Promise<void>;
}
