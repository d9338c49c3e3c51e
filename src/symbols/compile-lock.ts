// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import fs from 'node:fs';
import os from 'node:os';
import type { Clock } from '../lib/clock.ts';
import { errorCode } from '../lib/files.ts';
import { symbolLimits } from './limits.ts';

const renewEveryMs = 5_000;
const pollMs = 100;

/**
 * Keeps other processes from compiling the same file (symbols.md §5): a file made with O_EXCL that names host and pid,
 * renewed while it is held. A holder that died is noticed by its pid on this host, elsewhere by the age of the file.
 * Losing the race for a stale lock costs a second compile, never a wrong index: publishing is atomic by itself.
 */
export class CompileLock {
  readonly #path: string;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | null = null;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** True once it is ours; false if `isDone` became true while another held it. */
  async acquireOr(isDone: () => boolean): Promise<boolean> {
    while (!this.#tryAcquire()) {
      await this.#clock.sleep(pollMs);
      if (isDone()) return false;
      if (this.#isStale()) removeIfPossible(this.#path);
    }
    if (!isDone()) return true;
    this.release();
    return false;
  }

  release(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    removeIfPossible(this.#path);
  }

  #tryAcquire(): boolean {
    try {
      fs.writeFileSync(this.#path, JSON.stringify({ host: os.hostname(), pid: process.pid }), { flag: 'wx' });
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      // A cache that cannot be written (full, read-only, gone) has no locks: everybody compiles for himself.
    }
    this.#timer = setInterval(() => this.#renew(), renewEveryMs);
    this.#timer.unref();
    return true;
  }

  #renew(): void {
    const now = this.#clock.now();
    try {
      fs.utimesSync(this.#path, now, now);
    } catch {
      // Taken over as stale: the other compiles the same bytes.
    }
  }

  #isStale(): boolean {
    try {
      const ageMs = this.#clock.now().getTime() - fs.statSync(this.#path).mtimeMs;
      if (ageMs > symbolLimits.compileLockStaleMs.value) return true;
      const { host, pid } = JSON.parse(fs.readFileSync(this.#path, 'utf8'));
      return host === os.hostname() && Number.isInteger(pid) && !isAlive(pid);
    } catch {
      // Gone, or half written by a holder that is alive: the next look tells.
      return false;
    }
  }
}

/** Shared by every lock file of this folder. EPERM means alive under another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** A file of a cache that may be gone or read-only; what stays is found stale later. */
export function removeIfPossible(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // See above.
  }
}
