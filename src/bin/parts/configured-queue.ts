// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashQueue } from '../../queue/crash-queue.ts';
import type { ProcessContext } from '../context.ts';
import { queueOptions } from '../options.ts';
import { openDatabase } from './database.ts';
import { openQueue } from './queues.ts';

/** The configured queue for commands, that of `serve` without configuration; with a database only where it needs one. */
export async function openConfiguredQueue(context: ProcessContext): Promise<CrashQueue> {
  const isPostgres = (context.config.valuesOf(queueOptions).class || 'postgres') === 'postgres';
  return openQueue(context, 'postgres', isPostgres ? await openDatabase(context) : null);
}
