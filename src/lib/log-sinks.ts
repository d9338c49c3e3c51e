// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import pino from 'pino';
import { errorText, SalvageError } from './errors.ts';
import type { LogLevel, LogRecord } from './log.ts';

export type LogSink = (record: LogRecord) => void;

/** Syslog severities, as mozlog uses them (collector.md §9.2). */
const severities: Readonly<Record<LogLevel, number>> = { critical: 2, error: 3, warning: 4, info: 6, debug: 7 };

/** True if `level` is at least as urgent as `threshold`. */
export function passesLevel(level: LogLevel, threshold: LogLevel): boolean {
  return severities[level] <= severities[threshold];
}

/** What mozlog says of the process in every line. */
export interface LogOrigin {
  readonly hostname: string;
  readonly pid: number;
  /** Role, e.g. `serve`, `collector`, `processor`. */
  readonly processName: string;
}

/** One mozlog line, without line end. Timestamps are nanoseconds since 1970 (precise to the millisecond). */
export function mozlogLine(record: LogRecord, origin: LogOrigin, now: Date): string {
  const fields: Record<string, unknown> = { host_id: origin.hostname, processname: origin.processName };
  for (const [key, value] of Object.entries(record.fields)) if (key !== 'error') fields[key] = value;
  if (record.fields['error'] !== undefined) Object.assign(fields, errorFields(record.fields['error']));
  fields['msg'] = record.message;
  const envelope = {
    Timestamp: 0,
    Type: record.logger,
    Logger: 'salvage',
    Hostname: origin.hostname,
    EnvVersion: '2.0',
    Severity: severities[record.level],
    Pid: origin.pid,
    Fields: fields,
  };
  // A nanosecond count is beyond what a double holds exactly, so it is written as text.
  return stringify(envelope).replace('"Timestamp":0', `"Timestamp":${now.getTime()}000000`);
}

function errorFields(error: unknown): Record<string, unknown> {
  return {
    ...(error instanceof SalvageError ? { slug: error.slug } : {}),
    error: errorText(error),
    traceback: error instanceof Error ? (error.stack ?? '') : '',
  };
}

/** JSON of anything that came from outside: bigint, cycles and throwing getters never stop a log line. */
function stringify(value: unknown): string {
  const seen = new WeakSet<object>();
  try {
    return JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item === 'bigint') return item.toString();
      if (item instanceof Error) return errorText(item);
      if (typeof item === 'object' && item !== null) {
        if (seen.has(item)) return '[seen above]';
        seen.add(item);
      }
      return item;
    });
  } catch (error) {
    return JSON.stringify({
      Timestamp: 0,
      Type: 'salvage.log',
      Severity: 3,
      Fields: { msg: `unwritable log line: ${errorText(error)}` },
    });
  }
}

const colours: Readonly<Record<LogLevel, string>> = {
  critical: '\x1b[41m',
  error: '\x1b[31m',
  warning: '\x1b[33m',
  info: '',
  debug: '\x1b[2m',
};

/** A line for a person at a terminal: time, level where it matters, text, the error below. */
export function readableLine(record: LogRecord, now: Date, isColoured: boolean): string {
  const time = now.toISOString().slice(11, 19);
  const level = record.level === 'info' ? '' : `${record.level}: `;
  const error = record.fields['error'];
  const detail = error instanceof Error && !(error instanceof SalvageError) && error.stack ? `\n${error.stack}` : '';
  // Control characters in annotations must not drive the reader's terminal.
  const text = `${level}${record.message}${detail}`.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
  return isColoured ? `\x1b[2m${time}\x1b[0m ${colours[record.level]}${text}\x1b[0m` : `${time} ${text}`;
}

/** Writes lines to a file descriptor; copes with full pipes. */
export function makeStreamSink(fd: number, line: (record: LogRecord) => string): { sink: LogSink; close(): void } {
  const destination = pino.destination({ fd, sync: true });
  destination.on('error', () => {});
  return { sink: (record) => void destination.write(`${line(record)}\n`), close: () => destination.flushSync() };
}

/** RFC 3164 datagrams to `udp://host:port`; the message is the mozlog line. Facility 16 (local0). */
export function makeUdpSyslogSink(
  target: { readonly host: string; readonly port: number },
  line: (record: LogRecord) => string,
): { sink: LogSink; close(): void } {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.unref();
  const sink = (record: LogRecord) => {
    const priority = 16 * 8 + severities[record.level];
    socket.send(`<${priority}>salvage: ${line(record)}`, target.port, target.host, () => {});
  };
  return { sink, close: () => socket.close() };
}

const localSyslogRestartMs = 5000;
/** Lines that wait for a syslog that does not read; further ones are dropped, as a full datagram socket would. */
const localSyslogWaitingBytesMax = 1024 * 1024;

/**
 * To a syslog socket of this machine, such as /dev/log, through `logger` of util-linux: Node itself has no Unix
 * datagram sockets. The main log has every line in any case, so a syslog that is away costs lines here and nothing else.
 */
export function makeLocalSyslogSink(
  socketPath: string,
  line: (record: LogRecord) => string,
): { sink: LogSink; close(): void } {
  let child: ChildProcess | null = null;
  let startedMs = Number.NEGATIVE_INFINITY;
  const start = () => {
    startedMs = performance.now();
    const started = spawn('logger', ['-u', socketPath, '-t', 'salvage', '--prio-prefix', '-S', '60000'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const forget = () => {
      if (child === started) child = null;
    };
    started.on('error', forget).on('exit', forget);
    started.stdin.on('error', () => {});
    started.unref();
    return started;
  };
  const sink = (record: LogRecord) => {
    if (!child && performance.now() - startedMs < localSyslogRestartMs) return;
    child ??= start();
    if ((child.stdin?.writableLength ?? 0) > localSyslogWaitingBytesMax) return;
    child.stdin?.write(`<${16 * 8 + severities[record.level]}>${line(record)}\n`);
  };
  return { sink, close: () => child?.stdin?.end() };
}
