// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, isCrashId } from './crash-id.ts';

/**
 * Finds a crash id in what people paste: bare, `bp-` or another prefix, upper case, 32 hex digits without dashes, or a
 * report URL. Null for anything else.
 */
export function crashIdInText(text: string): CrashId | null {
  const trimmed = text.trim().toLowerCase();
  const dashed = /(?:^|[/=:]|\b[a-z]{2}-)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:$|[/?#.])/.exec(trimmed);
  if (dashed) return checked(dashed[1] as string);
  const bare = /^(?:[a-z]{2}-)?([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(trimmed);
  return bare ? checked(bare.slice(1).join('-')) : null;
}

function checked(text: string): CrashId | null {
  return isCrashId(text) ? text : null;
}

/** The leading hex digits that Breakpad and Electron users hold: 16 to 31 of them; null for anything else. */
export function crashIdPrefixInText(text: string): string | null {
  const digits = text.trim().toLowerCase().replaceAll('-', '');
  return /^[0-9a-f]{16,31}$/.test(digits) ? digits : null;
}
