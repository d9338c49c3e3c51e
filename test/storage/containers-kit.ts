// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Stores that can be switched off and containers built over them, for the tests of containers and of their configuration.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { makeMemoryLogger, nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { buildStorage } from '../../src/storage/containers/build-storage.ts';
import { WrappedStorage } from '../../src/storage/containers/wrapped-storage.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { storageErrors } from '../../src/storage/errors.ts';
import { FileOutbox } from '../../src/storage/file-outbox.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { NullStorage } from '../../src/storage/null-storage.ts';

/** Removed when the tests of the file are over. */
export const base = await mkdtemp(join(tmpdir(), 'salvage-containers-'));
after(() => rm(base, { recursive: true, force: true }));

/** A store that can be switched off, and remembers whether it was closed. */
export class Switchable extends WrappedStorage {
  isAway = false;
  closed = 0;

  constructor(name = 'switchable') {
    super(name, new MemoryStorage());
  }

  protected override async around<T>(_method: string, call: () => Promise<T>): Promise<T> {
    if (this.isAway) throw new SalvageError(storageErrors.storage_outage, `${this.name} is away`);
    return call();
  }

  override async close(): Promise<void> {
    this.closed++;
    if (this.isAway) throw new Error('cannot close');
  }
}

export const made = new Map<string, Switchable>();
export const metrics = new MemoryMetrics();
export const log = makeMemoryLogger();

export const parts = {
  clock: systemClock,
  logger: log.logger,
  metrics,
  factories: {
    memory: () => new MemoryStorage(),
    null: () => new NullStorage({ logger: nullLogger }),
    fs: ({ root }: JsonObject) =>
      new FsStorage({ root: join(base, String(root)), files: nodeFiles, clock: systemClock }),
    switchable({ id }: JsonObject) {
      const store = new Switchable(String(id));
      made.set(String(id), store);
      return store;
    },
  },
};

export const leaf = (id: string): JsonObject => ({ type: 'switchable', id });
let count = 0;
/** A container with fresh children; children are found under the names given. */
export async function build<T extends CrashStorage = CrashStorage>(config: JsonObject, more = {}): Promise<T> {
  return (await buildStorage(config, { ...parts, ...more })) as T;
}

export function outboxes() {
  const directory = join(base, `outbox${++count}`);
  const make = (kind: string) =>
    new FileOutbox({ directory: join(directory, kind), files: nodeFiles, clock: systemClock });
  return { raw: make('raw'), processed: make('processed') };
}
