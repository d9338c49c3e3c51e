// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StatusSource } from '../../lib/status.ts';
import type { People } from '../../people/people.ts';
import { PostgresPeople } from '../../people/postgres-people.ts';
import { processorOptions } from '../../processor/options.ts';
import { signingOf } from '../../processor/presets.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import type { SearchIndex } from '../../search/search-index.ts';
import type { LiveSiglists } from '../../signature/signature.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { webOptions } from '../../web/options.ts';
import { makeWebApp, type WebApp } from '../../web/web-app.ts';
import type { ProcessContext } from '../context.ts';
import { packageVersion } from '../version.ts';
import type { Database } from './database.ts';

export interface WebPartInput {
  readonly database: Database;
  readonly storage: CrashStorage;
  readonly queue: CrashQueue;
  readonly search: SearchIndex;
  readonly status: StatusSource;
  readonly siglists: LiveSiglists;
  readonly rulesets: ReadonlySet<string>;
}

/** Pages and API over the given parts. */
export async function openWebPart(
  context: ProcessContext,
  input: WebPartInput,
): Promise<{ app: WebApp; people: People }> {
  const { config, clock, logger, metrics, releasers } = context;
  const people = new PostgresPeople({ pool: input.database.pool, clock, logger });
  releasers.add('people', () => people.close());
  const app = await makeWebApp({
    ...input,
    people,
    signing: signingOf(config.valuesOf(processorOptions).ruleSet),
    options: config.valuesOf(webOptions),
    version: packageVersion,
    clock,
    logger,
    metrics,
  });
  releasers.add('web', () => app.close());
  return { app, people };
}
