// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Minidump, Thread } from '../minidump/minidump.ts';
import type { ClientFacts } from './client-facts.ts';
import type { ModuleCode } from './module-code.ts';
import type { ThreadWalk } from './walk-thread.ts';

/** A walked dump: what the document is made of. */
export interface DocumentInput {
  readonly dump: Minidump;
  readonly code: ModuleCode;
  /** One a thread, in the order of the dump. */
  readonly walks: readonly ThreadWalk[];
  readonly requesting: Thread | null;
  readonly warnings: readonly string[];
  readonly version: string | null;
  readonly client: ClientFacts;
}
