// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** One metric, declared before it is used; docs/metrics.md is generated from all of them. */
export interface MetricDeclaration {
  /** Full name as on the wire, e.g. `socorro.collector.breakpad_resource.incoming_crash`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'timing' | 'histogram';
  readonly unit?: 'bytes' | 'ms' | 'items' | 's';
  /** Names of the tags it may carry. */
  readonly tags?: readonly string[];
  /** A gauge of several processes on one node: `max` where a sum would say nothing, such as an age. */
  readonly acrossProcesses?: 'max';
  readonly doc: string;
}

export type MetricTags = Readonly<Record<string, string>>;

/** Declares the metrics of one folder (its `metrics.ts`). */
export function declareMetrics<const T extends Record<string, MetricDeclaration>>(metrics: T): T {
  return metrics;
}

/** Where metrics go. Implementations never throw and never block. Timings are in milliseconds. */
export interface Metrics {
  incr(metric: MetricDeclaration, tags?: MetricTags, by?: number): void;
  gauge(metric: MetricDeclaration, value: number, tags?: MetricTags): void;
  timing(metric: MetricDeclaration, ms: number, tags?: MetricTags): void;
  histogram(metric: MetricDeclaration, value: number, tags?: MetricTags): void;
}

/** Drops everything. */
export const nullMetrics: Metrics = { incr() {}, gauge() {}, timing() {}, histogram() {} };

/** One call of a Metrics, as kept by MemoryMetrics. */
export interface MetricRecord {
  readonly kind: 'incr' | 'gauge' | 'timing' | 'histogram';
  readonly name: string;
  readonly value: number;
  readonly tags: MetricTags;
}

/** Keeps everything in order of arrival, for tests. */
export class MemoryMetrics implements Metrics {
  readonly records: MetricRecord[] = [];

  incr(metric: MetricDeclaration, tags: MetricTags = {}, by = 1): void {
    this.records.push({ kind: 'incr', name: metric.name, value: by, tags });
  }

  gauge(metric: MetricDeclaration, value: number, tags: MetricTags = {}): void {
    this.records.push({ kind: 'gauge', name: metric.name, value, tags });
  }

  timing(metric: MetricDeclaration, ms: number, tags: MetricTags = {}): void {
    this.records.push({ kind: 'timing', name: metric.name, value: ms, tags });
  }

  histogram(metric: MetricDeclaration, value: number, tags: MetricTags = {}): void {
    this.records.push({ kind: 'histogram', name: metric.name, value, tags });
  }
}
