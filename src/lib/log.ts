// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical';

export type LogFields = Readonly<Record<string, unknown>>;

/** A named logger. `error` in the fields may be anything that was thrown: its slug, text and stack are written. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  critical(message: string, fields?: LogFields): void;
  /** The same sink under another logger name, e.g. `salvage.spool`. */
  named(name: string): Logger;
  /** The same logger with these fields in every record, e.g. the id of a request. */
  bound(fields: LogFields): Logger;
}

export interface LogRecord {
  readonly level: LogLevel;
  readonly logger: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger over any function that takes records; all sinks are made from it. */
export function makeLogger(name: string, write: (record: LogRecord) => void): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      write({ level, logger: name, message, fields });
  return {
    debug: at('debug'),
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
    critical: at('critical'),
    named: (other) => makeLogger(other, write),
    bound: (bound) => makeLogger(name, (record) => write({ ...record, fields: { ...bound, ...record.fields } })),
  };
}

/** Drops everything. */
export const nullLogger: Logger = makeLogger('null', () => {});

/** Keeps every record, for tests. */
export function makeMemoryLogger(name = 'test'): { logger: Logger; records: LogRecord[] } {
  const records: LogRecord[] = [];
  return { logger: makeLogger(name, (record) => records.push(record)), records };
}
