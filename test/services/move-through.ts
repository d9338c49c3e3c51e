// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Moves crashes through a fault in the way of the mover (save, then publish, and never give up), consumes them, and says
// how it went.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import type { CrashReport } from '../../src/crash/raw-crash.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import type { CrashQueue } from '../../src/queue/crash-queue.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { bytesOf, newCrashId } from '../storage/storage-contract.ts';

/** What a scenario found. All counts of lost and early crashes must be zero. */
export interface FaultFigures {
  readonly crashes: number;
  /** Acknowledged crashes that were never consumed or cannot be read whole. */
  readonly lost: number;
  /** Crashes that were announced before they could be read. */
  readonly early: number;
  /** Failed tries, all of which ended in a typed outage. */
  readonly failures: number;
  /** From the end of the fault until every crash was done. */
  readonly recoveryMs: number;
}

export interface Stage {
  readonly storage: CrashStorage;
  readonly queue: CrashQueue;
  /** Runs beside the moving: makes the fault and ends it. */
  fault(): Promise<void>;
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const crashCount = 30;
/** Moved only when the fault is over, so that each scenario sees the same parts work again, however fast the machine. */
const crashesAfterFault = 4;
/** The parts must recover by themselves; this only keeps a scenario from waiting for ever. */
const giveUpMs = 45_000;

/** Every crash counts as acknowledged before the fault begins. */
export async function moveThrough({ storage, queue, fault }: Stage): Promise<FaultFigures> {
  const reports = Array.from({ length: crashCount }, newReport);
  const tries = new Tries();
  let faultOverAt = 0;
  const faulting = fault().then(() => {
    faultOverAt = performance.now();
  });
  const stop = new AbortController();
  const consuming = consumeAll(queue, storage, tries, stop);
  let next = 0;
  const move = async () => {
    while (next < reports.length) {
      const report = reports[next++] as CrashReport;
      if (next > crashCount - crashesAfterFault) await faulting;
      await tries.insist(() => storage.saveRawCrash(report));
      await tries.insist(() => queue.publish('standard', { crashId: report.crashId }));
      await sleep(20);
    }
  };
  const deadline = Promise.all([faulting, move(), move()]).then(() => setTimeout(() => stop.abort(), giveUpMs));
  const [{ seen, early }, timer] = await Promise.all([consuming, deadline]);
  clearTimeout(timer);
  const recoveryMs = Math.round(performance.now() - faultOverAt);
  let lost = 0;
  for (const report of reports) {
    if (!seen.has(report.crashId) || !(await isStoredWhole(storage, report, tries))) lost++;
  }
  return { crashes: reports.length, lost, early, failures: tries.failures, recoveryMs };
}

/** Does things again until they succeed; a failure that is not a typed outage is a bug, and thrown. */
class Tries {
  failures = 0;

  async insist<T>(action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        this.count(error);
        await sleep(50);
      }
    }
  }

  count(error: unknown): void {
    assert.ok(error instanceof SalvageError, `not typed: ${String(error)}`);
    if (!error.slug.endsWith('_outage')) throw error;
    this.failures++;
  }
}

function newReport(): CrashReport {
  const crashId = newCrashId();
  const dumps = [dumpFromBytes('upload_file_minidump', randomBytes(60_000))];
  return { crashId, rawCrash: { uuid: crashId }, rawCrashJson: Buffer.from(`{"uuid":"${crashId}"}`), dumps };
}

/** Reads each announced crash, then acks it; ends when it has seen them all or `stop` is aborted. */
async function consumeAll(queue: CrashQueue, storage: CrashStorage, tries: Tries, stop: AbortController) {
  const seen = new Set<string>();
  let early = 0;
  for await (const crash of queue.consume({ prefetch: 4, signal: stop.signal })) {
    try {
      const raw = await tries.insist(() => storage.getRawCrashJson(crash.crashId));
      assert.ok(Buffer.from(raw).includes(crash.crashId));
    } catch (error) {
      if ((error as SalvageError).slug !== 'crash_not_found') throw error;
      early++;
    }
    // An ack that is lost brings the crash again, which is no loss.
    await crash.ack().catch((error) => tries.count(error));
    seen.add(crash.crashId);
    if (seen.size === crashCount) stop.abort();
  }
  return { seen, early };
}

/** The connections that the fault cut may only be noticed now: that is an outage, and no loss. */
async function isStoredWhole(storage: CrashStorage, { crashId, dumps }: CrashReport, tries: Tries): Promise<boolean> {
  for (const dump of dumps) {
    try {
      const stored = await tries.insist(async () => bytesOf(await storage.getDump(crashId, dump.name)));
      if (!stored.equals(await bytesOf(dump))) return false;
    } catch (error) {
      if ((error as SalvageError).slug !== 'crash_not_found') throw error;
      return false;
    }
  }
  return true;
}
