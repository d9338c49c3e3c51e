// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { storageErrors } from './errors.ts';

/** Codes that stay until somebody changes rights or configuration; all others may pass by themselves. */
const lasting = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'EINVAL']);

/** The port's error for what node:fs threw; an error without a code is a bug of ours and passes as it is. */
export function fsFailure(code: string | undefined, message: string, cause: unknown): unknown {
  if (code === undefined) return cause;
  const kind = lasting.has(code) ? storageErrors.storage_refused : storageErrors.storage_outage;
  return new SalvageError(kind, message, { cause });
}
