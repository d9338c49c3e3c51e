// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText, SalvageError } from '../lib/errors.ts';
import { storageErrors } from './errors.ts';

interface S3Error {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What a 404 says of an object: in the answer's body, and of a HEAD, which has none. */
const missingNames = ['NoSuchKey', 'NotFound'];

/**
 * Only the store's own 404 for this key means that it is not there. A missing bucket is something else, and so is a wrong
 * access key, for which versitygw answers 404 as well.
 */
export function isMissing(error: unknown): boolean {
  const { name, $metadata } = (error ?? {}) as S3Error;
  return $metadata?.httpStatusCode === 404 && missingNames.includes(name ?? '');
}

/** The SDK's error as one of the port's, with what can be done about it where that is not plain. */
export function s3Failure(cause: unknown, what: string): unknown {
  if (cause instanceof SalvageError) return cause;
  const error = (cause ?? {}) as S3Error;
  const status = error.$metadata?.httpStatusCode;
  const advice = adviceFor(error, status);
  const kind = isLasting(error, status) ? storageErrors.storage_refused : storageErrors.storage_outage;
  return new SalvageError(kind, `${what}: ${errorText(cause)}${advice ? ` (${advice})` : ''}`, { cause });
}

/** Client errors that pass by themselves: slow uploads, throttling, a conflict of two writers. */
const passing = ['RequestTimeout', 'SlowDown', 'OperationAborted', 'NoSuchUpload', 'ExpiredToken'];

function isLasting({ name, code }: S3Error, status: number | undefined): boolean {
  if (name === 'CredentialsProviderError' || code === 'ERR_INVALID_URL') return true;
  if (status === undefined || passing.includes(name ?? '')) return false;
  if (status === 501) return true;
  return status >= 300 && status < 500 && status !== 408 && status !== 409 && status !== 429;
}

function adviceFor({ name }: S3Error, status: number | undefined): string | null {
  if (name === 'RequestTimeTooSkewed') return "this machine's clock is wrong";
  if (name === 'InvalidAccessKeyId' || name === 'SignatureDoesNotMatch') return 'wrong access key or secret';
  if (name === 'NoSuchBucket') return 'the bucket does not exist';
  if (status === 403) {
    return 'forbidden: the credentials lack s3:GetObject, s3:PutObject, s3:DeleteObject or s3:ListBucket; without s3:ListBucket objects that are not there answer 403 too';
  }
  if (status === 301 || status === 307) return 'the bucket is in another region';
  return null;
}
