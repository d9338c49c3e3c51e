// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { RawCrash } from '../../crash/raw-crash.ts';
import type { QueueDepth, QueuePlace } from '../../queue/crash-queue.ts';
import { webLimits } from '../limits.ts';
import { cutText } from '../parts/text.ts';
import { durationText } from '../parts/times.ts';
import type { WebParts } from '../web-parts.ts';
import { textAt } from './report-values.ts';

/** A report that is stored, or just sent, and not processed: what `/api/v1/reports/{id}/state` answers. */
export interface PendingView {
  readonly crash_id: CrashId;
  /** waiting: in a queue; failed: given up for good; expected: the id is fresh and no store knows it yet. */
  readonly state: 'waiting' | 'failed' | 'expected' | 'processed';
  readonly product: string | null;
  readonly version: string | null;
  readonly received_at: string | null;
  readonly age_s: number | null;
  readonly queues: readonly {
    readonly queue: string;
    readonly waiting: number;
    readonly oldest_age_s: number | null;
  }[];
  /** Where it stands in its queue; null where the queue cannot tell, or the report is in none. */
  readonly place: {
    readonly queue: string;
    readonly is_taken: boolean;
    readonly ahead: number;
    readonly attempts: number;
    readonly last_error: string | null;
  } | null;
  /** The same in a sentence: what a person who waits wants to know. */
  readonly progress: string;
  /** Why processing gave up. */
  readonly failure: { readonly reason: string; readonly attempts: number; readonly at: string | null } | null;
}

/** Where a report without a result stands. A queue that cannot be asked leaves its part out: the report is safe anyway. */
export async function pendingView(crashId: CrashId, rawCrash: RawCrash | null, parts: WebParts): Promise<PendingView> {
  const [depths, place, dead] = await Promise.all([
    parts.queue.depths().catch((): readonly QueueDepth[] => []),
    parts.queue.placeOf?.(crashId).catch(() => null) ?? null,
    parts.queue.deadLetters({ limit: webLimits.deadLettersReadMax.value }).catch(() => []),
  ]);
  const letter = dead.findLast((one) => one.crashId === crashId);
  const receivedAt = rawCrash === null ? null : textAt(rawCrash, 'submitted_timestamp');
  const receivedMs = receivedAt === null ? Number.NaN : Date.parse(receivedAt);
  const short = (names: readonly string[]) => {
    for (const name of names) {
      const text = rawCrash === null ? null : textAt(rawCrash, name);
      if (text !== null) return cutText(text, 200);
    }
    return null;
  };
  return {
    crash_id: crashId,
    state: letter ? 'failed' : rawCrash === null ? 'expected' : 'waiting',
    product: short(['ProductName', '_productName', 'prod']),
    version: short(['Version', '_version', 'ver']),
    received_at: receivedAt === null ? null : cutText(receivedAt, 40),
    age_s: Number.isNaN(receivedMs) ? null : Math.max(0, Math.round((parts.clock.now().getTime() - receivedMs) / 1000)),
    queues: depths.map(({ queue, waiting, oldestAgeS }) => ({
      queue,
      waiting,
      oldest_age_s: oldestAgeS === null ? null : Math.round(oldestAgeS),
    })),
    place:
      place === null
        ? null
        : {
            queue: place.queue,
            is_taken: place.isTaken,
            ahead: place.ahead,
            attempts: place.attempts,
            last_error: place.lastReason === null ? null : cutText(place.lastReason, 500),
          },
    progress: progressOf(place, depths),
    failure: letter
      ? {
          reason: cutText(letter.reason, 1000),
          attempts: letter.attempts,
          at: letter.diedAt?.toISOString() ?? null,
        }
      : null,
  };
}

/** `14th of 212 in the standard queue`; where the queue cannot tell, how many wait in all. */
function progressOf(place: QueuePlace | null, depths: readonly QueueDepth[]): string {
  if (place?.isTaken) return `Being processed now${place.attempts > 1 ? `, attempt ${place.attempts}` : ''}`;
  if (place) {
    const waiting = Math.max(place.ahead + 1, depths.find(({ queue }) => queue === place.queue)?.waiting ?? 0);
    return `${ordinal(place.ahead + 1)} of ${waiting.toLocaleString('en')} in the ${place.queue} queue`;
  }
  if (depths.length === 0) return 'The queue cannot be asked at the moment';
  const busy = depths.filter(({ waiting }) => waiting > 0);
  if (busy.length === 0) return 'Nothing else waits; being processed now';
  return busy
    .map(({ queue, waiting, oldestAgeS: age }) => {
      const oldest = age === null ? '' : `, the oldest for ${durationText(age)}`;
      return `${waiting.toLocaleString('en')} wait${waiting === 1 ? 's' : ''} in the ${queue} queue${oldest}`;
    })
    .join('; ');
}

/** `1st`, `2nd`, `13th`, `1,021st` */
function ordinal(count: number): string {
  const isTeen = count % 100 >= 11 && count % 100 <= 13;
  const ending = isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count.toLocaleString('en')}${ending}`;
}

/** True for an id of today or yesterday: no store may know it yet (decisions.md 42). */
export function isFresh(crashId: CrashId, now: Date): boolean {
  const six = crashId.slice(-6);
  const day = Date.UTC(2000 + Number(six.slice(0, 2)), Number(six.slice(2, 4)) - 1, Number(six.slice(4, 6)));
  const age = now.getTime() - day;
  return age > -86_400_000 && age < 2 * 86_400_000;
}
