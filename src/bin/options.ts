// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

/** Options of the process itself, whatever its role. */
export const processOptions = declareOptions('', 'The process: address, data folder, log, metrics, errors.', {
  host: option.text('', 'Address to listen on. Empty = 127.0.0.1 for `serve`, 0.0.0.0 for the single roles.', {
    aliases: ['HOST'],
  }),
  port: option.integer(8000, 0, 65535, 'Port to listen on; 0 = any free one.', { aliases: ['PORT'] }),
  dataDir: option.path('data', 'Folder of everything kept on this machine: spool, crashes, symbols, postgres, outbox.'),
  workerCount: option.integer(1, 1, 64, 'Intake processes on one port (`salvage collector` only).', {
    aliases: ['WEB_CONCURRENCY'],
  }),
  hostId: option.text('', 'Name of this node in logs and metrics. Empty = the machine’s host name.', {
    aliases: ['HOST_ID', 'HOSTNAME'],
  }),
  drainTimeoutMs: option.duration(
    25_000,
    'How long SIGTERM lets work under way finish. Stay below the grace time of the process manager (30 s in most).',
  ),
});

export const logOptions = declareOptions('log', 'What is logged, how, and where to.', {
  level: option.choice(
    ['debug', 'info', 'warning', 'error', 'critical'],
    'info',
    'The least urgent level that is written.',
    // Python's other words, as an env file of Antenna may have them.
    { aliases: ['LOGGING_LEVEL'], synonyms: { warn: 'warning', fatal: 'critical', notset: 'debug' } },
  ),
  format: option.choice(
    ['auto', 'mozlog', 'text'],
    'auto',
    'mozlog = JSON lines, text = readable; auto = text on a terminal.',
  ),
  syslog: option.pattern(
    /^(?:udp:\/\/[^:/]+:\d{1,5}|unix:\/.+)$/,
    'udp://host:514 or unix:/dev/log',
    '',
    'Also to syslog: `udp://host:514`, or a socket of this machine such as `unix:/dev/log` (through the program `logger` of util-linux). Empty = no.',
    { aliases: ['SALVAGE_SYSLOG'] },
  ),
});

export const metricsOptions = declareOptions('metrics', 'Where metrics go. None by default.', {
  statsdHost: option.text('', 'dogstatsd host (UDP). Empty = none.', { aliases: ['STATSD_HOST'] }),
  statsdPort: option.integer(8125, 1, 65535, 'dogstatsd port.', { aliases: ['STATSD_PORT'] }),
  statsdNamespace: option.text('', 'Put before every metric name, with a dot.', { aliases: ['STATSD_NAMESPACE'] }),
  class: option.list(
    [],
    'Antenna’s metric classes: LoggingMetrics writes metrics to the log, DogStatsdMetrics or DatadogMetrics send them.',
    {
      aliases: ['METRICS_CLASS'],
    },
  ),
  prometheusPort: option.integer(0, 0, 65535, 'Port of a Prometheus endpoint `/metrics`; 0 = none.', {
    aliases: ['SALVAGE_PROMETHEUS_PORT'],
  }),
});

export const sentryOptions = declareOptions('sentry', 'Errors of Salvage itself, sent to Sentry.', {
  dsn: option.pattern(
    /^https?:\/\/[^\s@/]+@[^\s/]+\/(?:\S*\/)?\d+$/,
    'https://KEY@HOST/PROJECT',
    '',
    'Sentry DSN. Empty = nothing is sent and the SDK is not loaded.',
    { aliases: ['SECRET_SENTRY_DSN', 'SENTRY_DSN'], secret: true },
  ),
});

export const storageOptions = declareOptions('storage', 'Where crashes rest.', {
  class: option.text(
    '',
    'Storage: `null`, `memory`, `fs`, `s3`, `postgres`, or the name of a container written in the JSON file. Class paths of Antenna and Socorro are understood. Empty = `fs` for `serve`, `null` for `salvage collector`.',
    { aliases: ['CRASHMOVER_CRASHSTORAGE_CLASS', 'CRASHSTORAGE_CLASS'] },
  ),
});

export const queueOptions = declareOptions('queue', 'Where crash ids wait.', {
  class: option.text(
    '',
    'Queue: `null`, `memory`, `file`, `postgres`, `rabbitmq`. Class paths of Antenna and Socorro are understood. Empty = `postgres` for `serve`, `null` for `salvage collector`.',
    { aliases: ['CRASHMOVER_CRASHPUBLISH_CLASS', 'CRASHPUBLISH_CLASS'] },
  ),
  leaseMs: option.duration(
    60_000,
    'How long a taken crash is held before it counts as lost; renewed while work goes on.',
  ),
  attemptsMax: option.integer(
    5,
    1,
    100,
    'Times that a crash is taken before the queue itself gives it up; the processor sets a poison crash aside after three.',
  ),
});
