// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../../crash/raw-crash.ts';
import { errorText, isErrorOf } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { storageErrors } from '../errors.ts';
import type { Outbox } from '../outbox.ts';
import { readReport } from '../read-report.ts';
import { type Child, type ChildOutcome, ChildrenError, onEach, withCapability } from './children.ts';
import { ContainerStorage } from './container-storage.ts';

export interface PolyStorageOptions {
  readonly children: readonly Child[];
  readonly logger: Logger;
  /** Without it a save fails when one child fails, and succeeds only once all have the crash. */
  readonly outbox?: { readonly raw: Outbox; readonly processed: Outbox };
}

/**
 * Saves to all children at once; every child is tried whatever the others do. With an outbox a save succeeds as soon as
 * one child that can be read has the crash: what the others lack is recorded durably and paid from that one.
 */
export class PolyStorage extends ContainerStorage {
  readonly #logger: Logger;
  readonly #outbox: PolyStorageOptions['outbox'];

  constructor(options: PolyStorageOptions) {
    super('poly', options.children);
    this.#logger = options.logger.named('salvage.storage.poly');
    this.#outbox = options.outbox;
  }

  protected override get isOutageSkipped(): boolean {
    return true;
  }

  /** With an outbox one working child that can be read is enough. */
  override async check(signal?: AbortSignal): Promise<void> {
    const outcomes = await onEach(this.children, (storage) => storage.check(signal));
    if (outcomes.every(({ error }) => error === undefined)) return;
    const failure = new ChildrenError('checking', outcomes);
    if (!this.#outbox || !this.#isSafe(outcomes, 'readsRaw')) throw failure;
    this.#logger.warning(`some stores are away and will be owed what they miss: ${failure.message}`);
  }

  async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    const frozen = { ...report, rawCrash: isolated(report.rawCrash) };
    const writers = withCapability(this.children, 'writesRaw');
    const outcomes = await onEach(writers, (storage) => storage.saveRawCrash(frozen, signal));
    await this.#conclude(report.crashId, 'raw', outcomes, signal);
  }

  async saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void> {
    const frozen = isolated(processed);
    const raw = isolated(rawCrash);
    const writers = withCapability(this.children, 'writesProcessed');
    const outcomes = await onEach(writers, (storage) => storage.saveProcessedCrash(crashId, frozen, raw, signal));
    await this.#conclude(crashId, 'processed', outcomes, signal);
  }

  /** Pays due debts from siblings; returns how many. Call it from time to time where there is an outbox. */
  async payDebts(
    now: Date,
    limit: number,
    nextTryAt: (attempts: number) => Date,
    signal?: AbortSignal,
  ): Promise<number> {
    let paid = 0;
    const roles = this.children.map(({ role }) => role);
    for (const kind of ['raw', 'processed'] as const) {
      const outbox = this.#outbox?.[kind];
      for (const debt of (await outbox?.due(now, limit, roles)) ?? []) {
        const child = this.children.find(({ role }) => role === debt.destination);
        if (!outbox || !child || signal?.aborted) continue;
        try {
          await this.#pay(kind, debt.crashId, child, signal);
        } catch (error) {
          // Deleted everywhere meanwhile: nobody waits for it.
          if (!isErrorOf(error, storageErrors.crash_not_found)) {
            await outbox.postpone(debt, errorText(error), nextTryAt(debt.attempts));
            continue;
          }
        }
        await outbox.settle(debt.destination, debt.crashId);
        paid++;
      }
    }
    return paid;
  }

  async #pay(kind: 'raw' | 'processed', crashId: CrashId, child: Child, signal?: AbortSignal): Promise<void> {
    const siblings = new PolyStorage({
      children: this.children.filter((one) => one !== child),
      logger: this.#logger,
    });
    if (kind === 'raw') return child.storage.saveRawCrash(await readReport(siblings, crashId, signal), signal);
    const processed = await siblings.getProcessedCrash(crashId, signal);
    const rawCrash = await siblings.getRawCrash(crashId, signal);
    await child.storage.saveProcessedCrash(crashId, processed, rawCrash, signal);
  }

  async #conclude(
    crashId: CrashId,
    kind: 'raw' | 'processed',
    outcomes: readonly ChildOutcome[],
    signal?: AbortSignal,
  ): Promise<void> {
    const failed = outcomes.filter(({ error }) => error !== undefined);
    if (failed.length === 0) return;
    if (signal?.aborted) throw signal.reason;
    const failure = new ChildrenError(`saving ${crashId}`, outcomes);
    const isSafe = this.#isSafe(outcomes, kind === 'raw' ? 'readsRaw' : 'readsProcessed');
    if (!this.#outbox || !isSafe) throw failure;
    this.#logger.warning(`${failure.message}; owed and paid later`, { crash_id: crashId });
    for (const { role, error } of failed) await this.#outbox[kind].owe(role, crashId, errorText(error));
  }

  /** True if a child from which the others can be paid succeeded. */
  #isSafe(outcomes: readonly ChildOutcome[], capability: 'readsRaw' | 'readsProcessed'): boolean {
    const readers = withCapability(this.children, capability).map(({ role }) => role);
    return outcomes.some(({ role, error }) => error === undefined && readers.includes(role));
  }
}

/** A deep copy that no child can change: the caller's object stays its own. */
function isolated<T extends object>(value: T): T {
  return deepFreeze(structuredClone(value));
}

function deepFreeze<T extends object>(value: T): T {
  for (const item of Object.values(value)) if (typeof item === 'object' && item !== null) deepFreeze(item);
  return Object.freeze(value);
}

/** Poly containers of a tree, the outermost first: those whose debts must be paid. */
export function polyStoragesOf(storage: CrashStorage): PolyStorage[] {
  const below = (storage.children ?? []).flatMap((child) => polyStoragesOf(child.storage));
  return storage instanceof PolyStorage ? [storage, ...below] : below;
}
