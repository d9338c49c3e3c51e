// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { OptionValues } from '../lib/options.ts';
import type { StatusSource } from '../lib/status.ts';
import type { People } from '../people/people.ts';
import type { CrashQueue } from '../queue/crash-queue.ts';
import type { SearchIndex } from '../search/search-index.ts';
import type { LiveSiglists, SignatureOptions } from '../signature/signature.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import type { webOptions } from './options.ts';

/** What the web part is built from. It reads crashes, writes people's data, and asks for reprocessing through the queue. */
export interface WebParts {
  readonly storage: CrashStorage;
  readonly queue: CrashQueue;
  readonly search: SearchIndex;
  readonly people: People;
  readonly status: StatusSource;
  /** The site's signature lists, as they are at the moment. */
  readonly siglists: LiveSiglists;
  /** How the default rule set makes signatures. */
  readonly signing: Pick<SignatureOptions, 'era' | 'provisional'>;
  /** Names of the rule sets that a reprocess request may ask for. */
  readonly rulesets: ReadonlySet<string>;
  readonly options: OptionValues<typeof webOptions.options>;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}
