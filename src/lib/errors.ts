// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * What is known of one kind of failure. The slug is the same word in code, HTTP body, metric tag, log line and
 * docs/errors.md; a slug is never reused for another meaning.
 */
export interface ErrorKind {
  readonly slug: string;
  /** HTTP status with which a server answers it, where one does. */
  readonly status?: number;
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence: what the reader can do next. */
  readonly remedy: string;
}

/**
 * Declares the error kinds of one folder (its `errors.ts`); docs/errors.md is generated from all of them.
 * Keys are the slugs.
 */
export function declareErrors<const T extends Record<string, Omit<ErrorKind, 'slug'>>>(
  kinds: T,
): { readonly [K in keyof T]: ErrorKind } {
  const declared: Record<string, ErrorKind> = {};
  for (const [slug, kind] of Object.entries(kinds)) declared[slug] = { slug, ...kind };
  return declared as { readonly [K in keyof T]: ErrorKind };
}

/** An error with a slug. `message` says the particulars (never secrets); `cause` keeps the original. */
export class SalvageError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message?: string, options?: ErrorOptions) {
    super(message ?? kind.meaning, options);
    this.name = 'SalvageError';
    this.kind = kind;
  }

  get slug(): string {
    return this.kind.slug;
  }
}

/** True if `error` is a SalvageError of that kind. */
export function isErrorOf(error: unknown, kind: ErrorKind): error is SalvageError {
  return error instanceof SalvageError && error.slug === kind.slug;
}

/** The text of anything that was thrown, on one line, for logs and notes; ours speak for themselves, without a class name. */
export function errorText(error: unknown): string {
  const isOthers = error instanceof Error && !(error instanceof SalvageError);
  const text = isOthers ? `${error.name}: ${error.message}` : error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim();
}
