// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import { errorText, isErrorOf, SalvageError } from '../../lib/errors.ts';
import type { CrashStorage, ListFilter, StorageCapabilities } from '../crash-storage.ts';
import { storageErrors } from '../errors.ts';

/** A store under the name by which its container calls it. */
export interface Child {
  readonly role: string;
  readonly storage: CrashStorage;
}

/** What one child made of a call. */
export interface ChildOutcome {
  readonly role: string;
  /** Undefined when the call succeeded. */
  readonly error: unknown;
}

/** Some children of a container failed; `outcomes` says which, and with what. Its slug is the most hopeful of theirs. */
export class ChildrenError extends SalvageError {
  readonly outcomes: readonly ChildOutcome[];

  constructor(doing: string, outcomes: readonly ChildOutcome[]) {
    const failed = outcomes.filter(({ error }) => error !== undefined);
    const texts = failed.map(({ role, error }) => `${role}: ${errorText(error)}`);
    super(kindOf(failed), `${doing}: ${texts.join('; ')}`, { cause: failed[0]?.error });
    this.name = 'ChildrenError';
    this.outcomes = outcomes;
  }
}

/** An outage of one may pass, so the whole may succeed later; otherwise the first error decides. */
function kindOf(failed: readonly ChildOutcome[]): SalvageError['kind'] {
  if (failed.some(({ error }) => isErrorOf(error, storageErrors.storage_outage))) return storageErrors.storage_outage;
  const known = failed.find(({ error }) => error instanceof SalvageError)?.error as SalvageError | undefined;
  return known?.kind ?? storageErrors.storage_outage;
}

/** Runs a call on all children at once and keeps every outcome. */
export async function onEach(
  children: readonly Child[],
  call: (storage: CrashStorage) => Promise<void>,
): Promise<readonly ChildOutcome[]> {
  return Promise.all(
    children.map(async ({ role, storage }) => {
      try {
        await call(storage);
        return { role, error: undefined };
      } catch (error) {
        return { role, error: error ?? new Error('unknown') };
      }
    }),
  );
}

/**
 * Reads from the first child that has the crash. "Not found" leads to the next; an outage only where `isOutageSkipped`,
 * and then "not found" is said only when every child has said so.
 */
export async function fromFirst<T>(
  children: readonly Child[],
  read: (storage: CrashStorage) => Promise<T>,
  isOutageSkipped: boolean,
): Promise<T> {
  let notFound: unknown;
  let outage: unknown;
  for (const { storage } of children) {
    try {
      return await read(storage);
    } catch (error) {
      if (isErrorOf(error, storageErrors.crash_not_found)) notFound ??= error;
      else if (isOutageSkipped && isErrorOf(error, storageErrors.storage_outage)) outage ??= error;
      else throw error;
    }
  }
  throw (
    outage ?? notFound ?? new SalvageError(storageErrors.storage_unsupported, 'no child of this container can read')
  );
}

/** Deletes from every child that can; `crash_not_found` only when none had it. */
export async function deleteFromAll(children: readonly Child[], crashId: CrashId, signal?: AbortSignal): Promise<void> {
  const deleting = children.filter(({ storage }) => storage.capabilities.deletes);
  const outcomes = await onEach(deleting, (storage) => storage.deleteCrash(crashId, signal));
  const failed = outcomes.filter(
    ({ error }) => error !== undefined && !isErrorOf(error, storageErrors.crash_not_found),
  );
  if (failed.length) throw new ChildrenError(`deleting ${crashId}`, failed);
  if (outcomes.every(({ error }) => error !== undefined)) {
    throw (
      outcomes[0]?.error ?? new SalvageError(storageErrors.storage_unsupported, 'no child of this container deletes')
    );
  }
}

/** Ids of all children, each once. Ids already listed are remembered: list by date where there are many. */
export async function* listAll(
  children: readonly Child[],
  filter: ListFilter | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<CrashId> {
  const listing = children.filter(({ storage }) => storage.capabilities.lists);
  const seen = new Set<CrashId>();
  for (const [index, { storage }] of listing.entries()) {
    const isLast = index === listing.length - 1;
    for await (const crashId of storage.listCrashIds(filter, signal)) {
      if (seen.has(crashId)) continue;
      if (!isLast) seen.add(crashId);
      yield crashId;
    }
  }
}

/** Closes every child even if one throws, then throws what went wrong. */
export async function closeAll(children: readonly Child[]): Promise<void> {
  const outcomes = await onEach(children, (storage) => storage.close());
  if (outcomes.some(({ error }) => error !== undefined)) throw new ChildrenError('closing', outcomes);
}

/** True for what at least one child can. */
export function anyOf(children: readonly Child[]): StorageCapabilities {
  const can = (what: keyof StorageCapabilities) => children.some(({ storage }) => storage.capabilities[what]);
  return {
    readsRaw: can('readsRaw'),
    writesRaw: can('writesRaw'),
    readsProcessed: can('readsProcessed'),
    writesProcessed: can('writesProcessed'),
    lists: can('lists'),
    deletes: can('deletes'),
  };
}

export const withCapability = (children: readonly Child[], what: keyof StorageCapabilities): readonly Child[] =>
  children.filter(({ storage }) => storage.capabilities[what]);
