// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Logger } from './log.ts';
import type { MetricDeclaration, Metrics, MetricTags } from './metrics.ts';

/** Sends each call to all of them. */
export function fanOutMetrics(sinks: readonly Metrics[]): Metrics {
  if (sinks.length === 1) return sinks[0] as Metrics;
  return {
    incr: (metric, tags, by) => {
      for (const sink of sinks) sink.incr(metric, tags, by);
    },
    gauge: (metric, value, tags) => {
      for (const sink of sinks) sink.gauge(metric, value, tags);
    },
    timing: (metric, ms, tags) => {
      for (const sink of sinks) sink.timing(metric, ms, tags);
    },
    histogram: (metric, value, tags) => {
      for (const sink of sinks) sink.histogram(metric, value, tags);
    },
  };
}

/** Renames every metric on its way, for profiles with other names; a null name drops it. */
export function renameMetrics(metrics: Metrics, rename: (name: string) => string | null): Metrics {
  const renamed = new Map<MetricDeclaration, MetricDeclaration | null>();
  const look = (metric: MetricDeclaration): MetricDeclaration | null => {
    let other = renamed.get(metric);
    if (other === undefined) {
      const name = rename(metric.name);
      other = name === null ? null : { ...metric, name };
      renamed.set(metric, other);
    }
    return other;
  };
  const through =
    (call: (metric: MetricDeclaration) => void) =>
    (metric: MetricDeclaration): void => {
      const other = look(metric);
      if (other) call(other);
    };
  return {
    incr: (metric, tags, by) => through((other) => metrics.incr(other, tags, by))(metric),
    gauge: (metric, value, tags) => through((other) => metrics.gauge(other, value, tags))(metric),
    timing: (metric, ms, tags) => through((other) => metrics.timing(other, ms, tags))(metric),
    histogram: (metric, value, tags) => through((other) => metrics.histogram(other, value, tags))(metric),
  };
}

/** Writes each call as a log line: what Antenna's LoggingMetrics did. */
export function makeLogMetrics(logger: Logger): Metrics {
  const line = (kind: string, metric: MetricDeclaration, value: number, tags: MetricTags = {}) =>
    logger.info(
      `METRICS|${kind}|${metric.name}|${value}|${Object.entries(tags)
        .map(([key, text]) => `#${key}:${text}`)
        .join(',')}`,
    );
  return {
    incr: (metric, tags, by = 1) => line('incr', metric, by, tags),
    gauge: (metric, value, tags) => line('gauge', metric, value, tags),
    timing: (metric, ms, tags) => line('timing', metric, ms, tags),
    histogram: (metric, value, tags) => line('histogram', metric, value, tags),
  };
}

export interface StatsdTarget {
  readonly host: string;
  readonly port: number;
  /** Put before every name with a dot; empty = none. */
  readonly namespace: string;
  /** Tag `host:` on every metric. */
  readonly hostname: string;
}

/** dogstatsd over UDP. A lost datagram or an unreachable daemon never disturbs the pipeline. */
export async function makeStatsdMetrics(target: StatsdTarget): Promise<{ metrics: Metrics; close(): Promise<void> }> {
  const { StatsD } = await import('hot-shots');
  const client = new StatsD({
    host: target.host,
    port: target.port,
    prefix: target.namespace === '' ? '' : `${target.namespace}.`,
    globalTags: { host: target.hostname },
    errorHandler: () => {},
    maxBufferSize: 1400,
    bufferFlushInterval: 200,
  });
  const metrics: Metrics = {
    incr: (metric, tags = {}, by = 1) => client.increment(metric.name, by, tags),
    gauge: (metric, value, tags = {}) => client.gauge(metric.name, value, tags),
    timing: (metric, ms, tags = {}) => client.timing(metric.name, ms, tags),
    histogram: (metric, value, tags = {}) => client.histogram(metric.name, value, tags),
  };
  return { metrics, close: () => new Promise((resolve) => client.close(() => resolve())) };
}

/** Upper bounds of histogram buckets; crash sizes run to hundreds of megabytes, times to minutes. */
const byteBuckets = [1e3, 1e4, 5e4, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 5e6, 1e7, 2.5e7, 1e8];
const msBuckets = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000];

/** What a Prometheus scrape gets. */
export interface PrometheusSource {
  text(): Promise<string>;
  readonly contentType: string;
}

/** The numbers of all worker processes of this one together, asked for at each scrape. */
export async function makePrometheusOfWorkers(): Promise<PrometheusSource> {
  const { AggregatorRegistry } = await import('prom-client');
  const registry = new AggregatorRegistry();
  return { text: () => registry.clusterMetrics(), contentType: registry.contentType };
}

/** Keeps counts for a Prometheus scrape; in a worker process its primary asks for them (`makePrometheusOfWorkers`). */
export async function makePrometheusMetrics(isWorker = false): Promise<PrometheusSource & { metrics: Metrics }> {
  const prometheus = await import('prom-client');
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  if (isWorker) {
    prometheus.AggregatorRegistry.setRegistries(registry);
    // Only its making begins to listen to the primary.
    new prometheus.AggregatorRegistry();
  }
  const made = new Map<string, unknown>();
  const get = <T>(
    metric: MetricDeclaration,
    make: (base: { name: string; help: string; labelNames: string[]; registers: [typeof registry] }) => T,
  ): T => {
    const name = metric.name.replace(/[^a-zA-Z0-9_]/g, '_');
    const existing = made.get(name) as T | undefined;
    if (existing) return existing;
    const created = make({ name, help: metric.doc, labelNames: [...(metric.tags ?? [])], registers: [registry] });
    made.set(name, created);
    return created;
  };
  const observe = (metric: MetricDeclaration, value: number, tags: MetricTags = {}) =>
    get(
      metric,
      (base) => new prometheus.Histogram({ ...base, buckets: metric.unit === 'bytes' ? byteBuckets : msBuckets }),
    ).observe(declaredTags(metric, tags), value);
  const metrics: Metrics = {
    incr: (metric, tags = {}, by = 1) =>
      get(metric, (base) => new prometheus.Counter(base)).inc(declaredTags(metric, tags), by),
    gauge: (metric, value, tags = {}) =>
      get(metric, (base) => new prometheus.Gauge({ ...base, aggregator: metric.acrossProcesses ?? 'sum' })).set(
        declaredTags(metric, tags),
        value,
      ),
    timing: observe,
    histogram: observe,
  };
  return { metrics, text: () => registry.metrics(), contentType: registry.contentType };
}

/** prom-client throws on a label that was not declared; a metric must never throw. */
function declaredTags(metric: MetricDeclaration, tags: MetricTags): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => metric.tags?.includes(name)));
}
