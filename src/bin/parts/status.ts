// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject } from '../../lib/json.ts';
import type { LocalStatus } from '../../lib/status.ts';
import type { Mover } from '../../mover/mover.ts';
import type { Processor } from '../../processor/processor.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import type { PostgresSearch } from '../../search/postgres-search.ts';
import type { Outbox } from '../../storage/outbox.ts';
import type { Intake } from './intake.ts';

export interface StatusParts {
  readonly intake: Intake;
  readonly mover: Mover;
  readonly processor: Processor;
  readonly queue: CrashQueue;
  readonly search: PostgresSearch;
  readonly outbox: Outbox;
}

/** What each part of `serve` says of itself on the status page. */
export function registerStatus(status: LocalStatus, parts: StatusParts): void {
  const { intake, mover, processor, queue, search, outbox } = parts;
  status.register(
    'collector',
    (): JsonObject => ({ spool: { ...intake.spool.status() }, inFlight: intake.collector.inFlightCount() }),
  );
  status.register('mover', (): JsonObject => ({ down: [...mover.down] }));
  status.register('processor', async (): Promise<JsonObject> => {
    const owed = await outbox.counts();
    return { inFlight: processor.inFlight, owed: Object.fromEntries(owed) };
  });
  registerQueueStatus(status, queue);
  registerSearchStatus(status, search);
}

export function registerQueueStatus(status: LocalStatus, queue: CrashQueue): void {
  status.register('queue', async (): Promise<JsonObject> => {
    const [depths, dead] = await Promise.all([queue.depths(), queue.deadLetters({ limit: 100 })]);
    return {
      depths: depths.map((depth) => ({ ...depth })),
      dead: dead.map((letter) => ({
        ...letter,
        ruleset: letter.ruleset ?? null,
        diedAt: letter.diedAt?.toISOString() ?? null,
      })),
    };
  });
}

export function registerSearchStatus(status: LocalStatus, search: PostgresSearch): void {
  status.register('search', async (): Promise<JsonObject> => {
    const partitions = await search.partitions.list();
    return {
      partitions: partitions.map(({ name, week, sizeBytes }) => ({
        name,
        week: week.toISOString().slice(0, 10),
        sizeBytes,
      })),
      strayCount: await search.partitions.strayCount(),
    };
  });
}
