// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText } from './errors.ts';

/** Where an error happened. */
export interface ErrorContext {
  /** Path of the request without its query, or what else was being done. */
  readonly transaction?: string;
  readonly request?: { readonly method: string; readonly headers: Readonly<Record<string, string>> };
}

/** Sends errors to Sentry. Never throws, never waits. */
export interface ErrorReporter {
  /** The same error is sent once, however often it is captured. */
  capture(error: unknown, context?: ErrorContext): void;
  /** Waits up to that long for what is under way. */
  flush(timeoutMs: number): Promise<void>;
}

export const nullErrorReporter: ErrorReporter = { capture() {}, flush: async () => {} };

export interface SentrySettings {
  readonly dsn: string;
  /** `VERSION:COMMIT8`, `none` or `unknown` where absent (collector.md §9.4). */
  readonly release: string;
  readonly serverName: string;
}

const scrubbed = '[Scrubbed]';
const personalHeaders = new Set(['x-forwarded-for', 'x-real-ip', 'authorization', 'cookie']);

interface SentryEvent {
  request?: { data?: unknown; cookies?: unknown; query_string?: unknown; headers?: Record<string, string> };
  exception?: { values?: { stacktrace?: { frames?: { vars?: unknown }[] } }[] };
  user?: unknown;
  extra?: unknown;
}

/** Takes out request bodies, addresses, credentials and frame variables: a crash report is personal data. */
export function scrubEvent<T extends SentryEvent>(event: T): T {
  delete event.user;
  if (event.request) {
    delete event.request.data;
    delete event.request.cookies;
    delete event.request.query_string;
    for (const name of Object.keys(event.request.headers ?? {}))
      if (personalHeaders.has(name.toLowerCase())) (event.request.headers as Record<string, string>)[name] = scrubbed;
  }
  for (const value of event.exception?.values ?? [])
    for (const frame of value.stacktrace?.frames ?? []) delete frame.vars;
  return event;
}

/** Loads the SDK (30 MB) only when a DSN is configured. */
export async function makeSentryReporter(settings: SentrySettings): Promise<ErrorReporter> {
  const sentry = await import('@sentry/node');
  sentry.init({
    dsn: settings.dsn,
    release: settings.release,
    serverName: settings.serverName,
    sendDefaultPii: false,
    defaultIntegrations: false,
    integrations: [sentry.linkedErrorsIntegration(), sentry.dedupeIntegration()],
    tracesSampleRate: 0,
    beforeSend: (event) => scrubEvent(event as typeof event & SentryEvent),
  });
  return {
    capture(error, context) {
      sentry.withScope((scope) => {
        const { transaction, request } = context ?? {};
        if (transaction) scope.setTransactionName(transaction);
        if (request)
          scope.addEventProcessor((event) => ({ ...event, request: { ...request, headers: { ...request.headers } } }));
        sentry.captureException(error instanceof Error ? error : new Error(errorText(error)), {
          mechanism: { type: 'salvage', handled: false },
        });
      });
    },
    flush: async (timeoutMs) => void (await sentry.flush(timeoutMs)),
  };
}
