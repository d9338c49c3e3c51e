// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { MetricDeclaration } from '../lib/metrics.ts';
import { collectorLimits } from './limits.ts';
import {
  collectorMetrics,
  collectorMetrics2016,
  collectorMetrics2018,
  type MetricNames,
  metricNames2016,
  metricNames2018,
} from './metrics.ts';
import type { profileNames } from './options.ts';
import { type RawCrashParts, rawCrashJson2016, rawCrashJson2018, rawCrashJsonToday } from './raw-crash-json.ts';

export type ProfileName = (typeof profileNames)[number];

/** Text replies of one dialect; all are `text/plain`. */
export interface Dialect {
  readonly accepted: (shownId: string) => string;
  /** Also for reports whose verdict is fakeaccept. */
  readonly fakeAccepted: (shownId: string) => string;
  readonly rejected: (rule: string, shownId: string) => string;
  /** Status and body for a `malformed_*` slug or `unauthorized_uuid`. */
  readonly malformed: (slug: string, status: number) => readonly [status: number, body: string];
}

/** What one era of the collector shows to the outside (decisions: replies, raw crash, metric names, body limit). */
export interface Profile {
  readonly name: ProfileName;
  readonly dialect: Dialect;
  readonly bodySizeBytesMax: number;
  readonly rawCrashJson: (parts: RawCrashParts) => string;
  readonly hasMd5: boolean;
  readonly metrics: MetricNames;
  /** Counted instead of `malformed` for bodies that are not gzip (2018). */
  readonly badGzipMetric: MetricDeclaration | null;
  /** Size of the body by verdict and compression (2016). */
  readonly sizeMetric: ((isAccepted: boolean, isCompressed: boolean) => MetricDeclaration) | null;
  /** A supplied id that may not be used or is none: answered as an error, or replaced by a fresh one. */
  readonly refusesBadUuid: boolean;
  /** Heartbeat body with `info`, error body of 2018, content types. */
  readonly health: 'today' | '2018';
}

const mib = 1024 * 1024;

const dialectToday: Dialect = {
  accepted: (shownId) => `CrashID=${shownId}\n`,
  fakeAccepted: (shownId) => `CrashID=${shownId}\n`,
  rejected: (rule) => `Discarded=rule_${rule}`,
  malformed: (slug, status) => [status, `Discarded=${slug}`],
};

const dialect2018: Dialect = {
  accepted: dialectToday.accepted,
  fakeAccepted: dialectToday.fakeAccepted,
  rejected: () => 'Discarded=1',
  malformed: () => [200, 'Discarded=1'],
};

const dialect2016: Dialect = {
  accepted: dialectToday.accepted,
  fakeAccepted: () => 'Unsupported=1\n',
  rejected: () => 'Discarded=1\n',
  // Then: 500 with a debugging page, or a nearly empty stored crash. Neither is worth keeping.
  malformed: (_, status) => [status, 'Discarded=1\n'],
};

/** The id alone, 32 hex digits without a line end (clients.md §0 rules 5, 6 and 9): what Crashpad and Breakpad keep as the name of the report. */
export const bareDialect: Dialect = {
  accepted: bareId,
  fakeAccepted: bareId,
  rejected: (_, shownId) => bareId(shownId),
  malformed: (slug, status) => [status, slug],
};

function bareId(shownId: string): string {
  return shownId.slice(-36).replaceAll('-', '');
}

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  today: {
    name: 'today',
    dialect: dialectToday,
    bodySizeBytesMax: collectorLimits.bodySizeBytesMax.value,
    rawCrashJson: rawCrashJsonToday,
    hasMd5: false,
    metrics: collectorMetrics,
    badGzipMetric: null,
    sizeMetric: null,
    refusesBadUuid: true,
    health: 'today',
  },
  'antenna-2018': {
    name: 'antenna-2018',
    dialect: dialect2018,
    bodySizeBytesMax: 20 * mib,
    rawCrashJson: rawCrashJson2018,
    hasMd5: false,
    metrics: metricNames2018,
    badGzipMetric: collectorMetrics2018.bad_gzipped_crash,
    sizeMetric: null,
    refusesBadUuid: false,
    health: '2018',
  },
  'socorro-2016': {
    name: 'socorro-2016',
    dialect: dialect2016,
    bodySizeBytesMax: 20 * mib,
    rawCrashJson: rawCrashJson2016,
    hasMd5: true,
    metrics: metricNames2016,
    badGzipMetric: null,
    sizeMetric: (isAccepted, isCompressed) =>
      collectorMetrics2016[
        `${isAccepted ? 'accepted' : 'rejected'}_${isCompressed ? 'compressed' : 'uncompressed'}` as const
      ],
    refusesBadUuid: false,
    health: '2018',
  },
};
