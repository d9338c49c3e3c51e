// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { gunzipAtOnce } from '../../src/lib/gunzip.ts';
import type { Spool, SpoolEntry, SpoolHead, SpoolStage, SpoolStatus } from '../../src/spool/spool.ts';

export interface SpooledReport {
  readonly head: SpoolHead;
  /** As received. */
  readonly body: Buffer;
}

/** A spool in memory that can be told to be full, slow or broken. */
export class MemorySpool implements Spool {
  readonly reports: SpooledReport[] = [];
  stages = 0;
  aborted = 0;
  /** Bytes handed to stages, of which those of aborted ones would have cost disk. */
  writtenBytes = 0;
  retryAfterS: number | null = null;
  /** Thrown by `write` or `commit` when set. */
  writeError: Error | null = null;
  commitError: Error | null = null;
  /** Waited for in every `write` or `commit` when set. */
  writeGate: (() => Promise<void>) | null = null;
  commitGate: (() => Promise<void>) | null = null;

  get committedCount(): number {
    return this.reports.length;
  }

  refuses(): number | null {
    return this.retryAfterS;
  }

  stage(): SpoolStage {
    const spool = this;
    const pieces: Buffer[] = [];
    spool.stages++;
    return {
      adopt(bytes) {
        const copy = Buffer.concat(bytes.pieces());
        bytes.release();
        return this.write(copy);
      },
      write(chunk) {
        pieces.push(Buffer.from(chunk));
        spool.writtenBytes += chunk.length;
        if (spool.writeError) return Promise.reject(spool.writeError);
        return spool.writeGate?.();
      },
      async commit(head) {
        await spool.commitGate?.();
        if (spool.commitError) throw spool.commitError;
        spool.reports.push({ head, body: Buffer.concat(pieces) });
      },
      async abort() {
        spool.aborted++;
      },
    };
  }

  knownReport(reportKey: string): string | undefined {
    return this.reports.find(({ head }) => head.reportKey === reportKey)?.head.crashId;
  }

  async *entries(): AsyncIterable<SpoolEntry> {}

  retryReleased(): void {}

  status(): SpoolStatus {
    return { entryCount: this.reports.length, sizeBytes: 0, oldestAgeS: null, damagedCount: 0 };
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}
}

/** Name to SHA-256 of the bytes that the head points at, cut out of the decoded body. */
export function dumpHashes({ head, body }: SpooledReport): Record<string, string> {
  const decoded = head.encoding === 'gzip' ? Buffer.concat(gunzipAtOnce(body, 1 << 30) ?? []) : body;
  return Object.fromEntries(
    (head.dumps ?? []).map(({ name, offset, sizeBytes }) => [
      name,
      createHash('sha256')
        .update(decoded.subarray(offset, offset + sizeBytes))
        .digest('hex'),
    ]),
  );
}

export function rawCrashText(report: SpooledReport | undefined): string {
  return Buffer.from(report?.head.rawCrashJson ?? []).toString();
}
