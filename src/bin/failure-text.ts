// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { getSystemErrorMessage } from 'node:util';
import { errorText, SalvageError } from '../lib/errors.ts';

/**
 * What a person reads when a command fails: what happened and, where it is known, what to do. The stack only with
 * `showsStack`; without it an error that nobody foresaw says how to get it.
 */
export function failureText(error: unknown, showsStack: boolean): string {
  if (error instanceof SalvageError) return `salvage: ${error.message} [${error.slug}]\n  ${error.kind.remedy}\n`;
  if (showsStack && error instanceof Error) return `salvage: ${error.stack}\n`;
  const { errno, path } = error as NodeJS.ErrnoException;
  if (errno !== undefined && path !== undefined) return `salvage: ${path}: ${getSystemErrorMessage(errno)}\n`;
  if (error instanceof Error && error.name === 'Error') return `salvage: ${error.message}\n`;
  return `salvage: ${errorText(error)}\n  Nobody foresaw this: run it again with DEBUG=1 to see where it comes from.\n`;
}
