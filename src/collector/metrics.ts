// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics, type MetricDeclaration } from '../lib/metrics.ts';

/** Names as Antenna sends them today (collector.md §9.1); dashboards depend on them. */
export const collectorMetrics = declareMetrics({
  incoming_crash: {
    name: 'socorro.collector.breakpad_resource.incoming_crash',
    kind: 'counter',
    doc: 'Reports that could be read.',
  },
  gzipped_crash: {
    name: 'socorro.collector.breakpad_resource.gzipped_crash',
    kind: 'counter',
    doc: 'Bodies announced as gzip.',
  },
  gzipped_crash_decompress: {
    name: 'socorro.collector.breakpad_resource.gzipped_crash_decompress',
    kind: 'histogram',
    unit: 'ms',
    tags: ['result'],
    doc: 'Time to decompress a body; result is success or fail.',
  },
  crash_size: {
    name: 'socorro.collector.breakpad_resource.crash_size',
    kind: 'histogram',
    unit: 'bytes',
    tags: ['payload'],
    doc: 'Size of a body after decompression; payload (compressed or uncompressed) says how it came.',
  },
  malformed: {
    name: 'socorro.collector.breakpad_resource.malformed',
    kind: 'counter',
    tags: ['reason'],
    doc: 'Reports answered with Discarded=malformed_<reason>.',
  },
  unauthorized_uuid: {
    name: 'socorro.collector.breakpad_resource.unauthorized_uuid',
    kind: 'counter',
    doc: 'Reports with a crash id of their own and no right to it.',
  },
  throttle_rule: {
    name: 'socorro.collector.breakpad_resource.throttle_rule',
    kind: 'counter',
    tags: ['rule'],
    doc: 'Reports by the throttle rule that decided.',
  },
  throttle: {
    name: 'socorro.collector.breakpad_resource.throttle',
    kind: 'counter',
    tags: ['result'],
    doc: 'Reports by verdict: accept, defer, reject, fakeaccept.',
  },
  on_post_time: {
    name: 'socorro.collector.breakpad_resource.on_post.time',
    kind: 'timing',
    unit: 'ms',
    doc: 'From the request head to the answer.',
  },
  in_flight: {
    name: 'socorro.collector.breakpad_resource.in_flight',
    kind: 'gauge',
    unit: 'items',
    doc: 'Reports being received.',
  },
  refused: {
    name: 'socorro.collector.breakpad_resource.refused',
    kind: 'counter',
    tags: ['reason'],
    doc: 'Requests answered without taking the report: spool_full, spool_failed, intake_busy, payload_too_large, client_too_slow, client_gone.',
  },
  known_report: {
    name: 'socorro.collector.breakpad_resource.known_report',
    kind: 'counter',
    doc: 'A client’s retry of a report that has its id already; not stored again.',
  },
  broken: { name: 'socorro.collector.health.broken.count', kind: 'counter', doc: 'GET /__broken__.' },
  version: { name: 'socorro.collector.health.version.count', kind: 'counter', doc: 'GET /__version__.' },
  lbheartbeat: { name: 'socorro.collector.health.lbheartbeat.count', kind: 'counter', doc: 'GET /__lbheartbeat__.' },
  heartbeat: { name: 'socorro.collector.health.heartbeat.count', kind: 'counter', doc: 'GET /__heartbeat__.' },
});

/** Antenna of 2018: the same below STATSD_NAMESPACE alone, with one of its own and some missing. */
export const collectorMetrics2018 = declareMetrics({
  bad_gzipped_crash: {
    name: 'breakpad_resource.bad_gzipped_crash',
    kind: 'counter',
    doc: 'Profile antenna-2018: bodies that are not the gzip they claim to be.',
  },
});

/** Socorro’s collector of 2016. */
export const collectorMetrics2016 = declareMetrics({
  accepted_compressed: {
    name: 'save_processed.crash_report_size_accepted_compressed',
    kind: 'histogram',
    unit: 'bytes',
    doc: 'Profile socorro-2016: length of accepted gzip bodies.',
  },
  accepted_uncompressed: {
    name: 'save_processed.crash_report_size_accepted_uncompressed',
    kind: 'histogram',
    unit: 'bytes',
    doc: 'Profile socorro-2016: length of accepted plain bodies.',
  },
  rejected_compressed: {
    name: 'save_processed.crash_report_size_rejected_compressed',
    kind: 'histogram',
    unit: 'bytes',
    doc: 'Profile socorro-2016: length of rejected gzip bodies.',
  },
  rejected_uncompressed: {
    name: 'save_processed.crash_report_size_rejected_uncompressed',
    kind: 'histogram',
    unit: 'bytes',
    doc: 'Profile socorro-2016: length of rejected plain bodies.',
  },
});

export type CollectorMetricName = keyof typeof collectorMetrics;
export type MetricNames = Readonly<Record<CollectorMetricName, MetricDeclaration | null>>;

const notIn2018 = new Set<CollectorMetricName>([
  'malformed',
  'unauthorized_uuid',
  'gzipped_crash_decompress',
  'in_flight',
  'refused',
  'known_report',
]);

/** What Antenna sent in 2018, under its names then. */
export const metricNames2018 = Object.fromEntries(
  Object.entries(collectorMetrics).map(([key, metric]) => [
    key,
    notIn2018.has(key as CollectorMetricName)
      ? null
      : { ...metric, name: metric.name.replace('socorro.collector.', '') },
  ]),
) as MetricNames;

/** Socorro 2016 counted nothing of this. */
export const metricNames2016 = Object.fromEntries(
  Object.keys(collectorMetrics).map((key) => [key, null]),
) as MetricNames;
