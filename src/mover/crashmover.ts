// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { wasDeferred } from '../crash/was-deferred.ts';
import { eachConcurrently } from '../lib/each-concurrently.ts';
import { isErrorOf } from '../lib/errors.ts';
import type { CrashQueue, QueueName } from '../queue/crash-queue.ts';
import type { ClaimedCrash } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';
import {
  type CopyAllParts,
  type CopyOutcome,
  type CopyProgress,
  checkStores,
  copyPatiently,
  failureText,
  whileAway,
} from './storage-copy.ts';

/** A crash that somebody handed out to be moved; it is his until one of the two is called. */
export interface TakenCrash {
  readonly crashId: CrashId;
  /** It is in the destination, proved, and announced where it is to be. */
  finished(): Promise<void>;
  /** It is not; it comes again later, where the source of ids can do that. */
  gaveUp(reason: string): Promise<void>;
}

export interface CrashmoverParts extends CopyAllParts {
  /** Where to announce a crash once it is stored; null = nowhere. */
  readonly announce: { readonly queue: CrashQueue; readonly name: QueueName } | null;
}

/**
 * Moves crashes as they are handed out: save, prove, announce, delete the source if wanted, and only then tell the source
 * of ids that it is done. Each step only after the one before is durable, so that a kill at any instant repeats a step
 * and loses none. Ends when the ids end or the signal is aborted; what is under way then is given
 * back.
 */
export async function moveCrashes(crashes: AsyncIterable<TakenCrash>, parts: CrashmoverParts): Promise<CopyProgress> {
  await checkStores(parts);
  const progress = { copied: 0, present: 0, failed: 0 };
  const move = async (crash: TakenCrash) => {
    const { crashId } = crash;
    try {
      const outcome = await moveCrash(crashId, parts);
      await whileAway(() => crash.finished(), parts);
      progress[outcome] += 1;
    } catch (error) {
      progress.failed += 1;
      parts.onFailure?.(crashId, error);
      // A source of ids that cannot hear it hands the crash out again by itself.
      await crash.gaveUp(failureText(error)).catch((deaf: unknown) => parts.onFailure?.(crashId, deaf));
    }
    parts.onProgress?.(progress);
  };
  await eachConcurrently(crashes, parts.concurrency, move, parts.signal);
  return progress;
}

async function moveCrash(crashId: CrashId, parts: CrashmoverParts): Promise<CopyOutcome> {
  try {
    const outcome = await copyPatiently(crashId, { ...parts, deletesSource: false });
    if (parts.isDryRun) return outcome;
    await announce(crashId, parts);
    // Every byte of the copy is proved once more: what is deleted cannot be asked again.
    if (parts.deletesSource) await copyPatiently(crashId, parts);
    return outcome;
  } catch (error) {
    if (isErrorOf(error, storageErrors.crash_not_found) && (await wasMoved(crashId, parts))) return 'present';
    throw error;
  }
}

/** An id may come twice; the first time took the source away. */
async function wasMoved(crashId: CrashId, { destination, deletesSource, signal }: CrashmoverParts): Promise<boolean> {
  if (!deletesSource) return false;
  return destination.getRawCrashJson(crashId, signal).then(
    () => true,
    () => false,
  );
}

/** Publishes what is not deferred, trying again while the queue is away: the crash is stored, so nothing is lost by waiting. */
async function announce(crashId: CrashId, parts: CrashmoverParts): Promise<void> {
  if (!parts.announce) return;
  const holder = parts.destination.capabilities.readsRaw ? parts.destination : parts.source;
  if (wasDeferred(crashId, await holder.getRawCrash(crashId, parts.signal))) return;
  const { queue, name } = parts.announce;
  await whileAway(() => queue.publish(name, { crashId }, parts.signal), parts);
}

/** Ids that nobody waits for: from a listing, a file, a query. */
export async function* handOut(crashIds: AsyncIterable<CrashId>): AsyncGenerator<TakenCrash> {
  for await (const crashId of crashIds) yield { crashId, async finished() {}, async gaveUp() {} };
}

/** New crashes of a store that keeps count of them. One that was not moved comes again when its claim has run out. */
export async function* takeClaimed(claimed: AsyncIterable<ClaimedCrash>): AsyncGenerator<TakenCrash> {
  for await (const { crashId, ack } of claimed) yield { crashId, finished: ack, async gaveUp() {} };
}

/** Ids of a queue: acked when moved, given back when not. The lease is kept while work goes on. */
export async function* takeFromQueue(
  queue: CrashQueue,
  options: { readonly concurrency: number; readonly leaseMs: number; readonly signal: AbortSignal },
): AsyncGenerator<TakenCrash> {
  for await (const taken of queue.consume({ prefetch: options.concurrency, signal: options.signal })) {
    const renewal = setInterval(() => void taken.extendLease().catch(() => {}), options.leaseMs / 3);
    yield {
      crashId: taken.crashId,
      async finished() {
        clearInterval(renewal);
        await taken.ack();
      },
      async gaveUp(reason) {
        clearInterval(renewal);
        await taken.nack(reason);
      },
    };
  }
}
