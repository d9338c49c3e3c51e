// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../lib/json.ts';
import type { Minidump, Thread } from '../minidump/minidump.ts';
import type { FormatAddress } from './symbolize.ts';

export function crashInfoOf(
  dump: Minidump,
  hex: FormatAddress,
): { type: string | null; address: string | null; [key: string]: JsonValue } {
  return { type: null, address: dump.exception ? hex(dump.exception.address) : null };
}

export function lastErrorOf(_thread: Thread, _dump: Minidump): string | null {
  return null;
}
