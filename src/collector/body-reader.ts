// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { IncomingMessage } from 'node:http';
import { type Annotations, ReportReader, type ReportReaderOptions } from '../crash/report-reader.ts';
import { SalvageError } from '../lib/errors.ts';
import { freeBuffer, isWholeBuffer } from '../lib/free-buffer.ts';
import { freeInflated, Gunzip, GunzipError, gunzipAtOnce, gunzipBegin } from '../lib/gunzip.ts';
import { PagedBytes } from '../lib/paged-bytes.ts';
import type { Spool, SpoolStage } from '../spool/spool.ts';
import { collectorErrors } from './errors.ts';
import type { IntakeMemory } from './intake-memory.ts';
import { collectorLimits } from './limits.ts';

export interface BodyReaderOptions {
  readonly isGzip: boolean;
  /** As the client declares it, in bytes. */
  readonly lengthBytes: number | null;
  /** Null when it cannot be used: then the body is only received, and gunzipped to see whether it is gzip. */
  readonly boundary: string | null;
  readonly bodySizeBytesMax: number;
  readonly decodedSizeBytesMax: number;
  /** Stop validating once the first file part begins. */
  readonly isHeadOnly: boolean;
  readonly report: ReportReaderOptions;
  /** The verdict so far, asked when the first file part begins: false = the rules reject the report. */
  readonly isWanted: (annotations: Annotations) => boolean;
}

// One for all: it is used within a single synchronous call.
const slab = Buffer.allocUnsafe(collectorLimits.gzipAtOnceBytesMax.value);
const { smallChunkBytes, keptBytesMax, gzipAtOnceBytesMax, gzipAtOnceDecodedBytesMax, headBytesFirst } =
  collectorLimits;

/**
 * Receives one body: every piece goes to the spool as it came and through gunzip and the report reader. Memory does not
 * grow with the body. What is wrong with the body is a value (`malformed`), for the answer comes when it is read to its
 * end; what ends the reading early (too large, client gone, disk full) is thrown as a SalvageError.
 */
export class BodyReader {
  receivedBytes = 0;
  decodedBytes = 0;
  /** The decoded bytes up to the end of the form: gzip members after it are not the report's. */
  formBytes = 0;
  gunzipMs = 0;
  /** The first thing wrong with the body; damaged gzip wins over what its text says. */
  malformed: SalvageError | null = null;
  /** True when only the head was validated: the dumps are not known. */
  isSkimmed = false;
  report: ReportReader | null;

  readonly #options: BodyReaderOptions;
  readonly #spool: Spool;
  readonly #memory: IntakeMemory;
  readonly #nowMs: () => number;
  #stage: SpoolStage | null = null;
  /** The whole body so far, until it goes to the spool: while its end or the rules' verdict is needed first. */
  #kept: PagedBytes | null = new PagedBytes();
  /** True while the rules reject the report: its bytes stay in memory and cost no disk. */
  #isHeldBack = false;
  #isHashed = true;
  #small: Buffer | null = null;
  #smallBytes = 0;
  #gunzip: Gunzip | null = null;
  #isCollecting: boolean;
  #decoded: readonly Buffer[] | null = null;
  #fail: ((error: unknown) => void) | null = null;
  #isReleased = false;

  constructor(options: BodyReaderOptions, spool: Spool, memory: IntakeMemory, nowMs: () => number) {
    this.#options = options;
    this.#spool = spool;
    this.#memory = memory;
    this.#nowMs = nowMs;
    // What is said to be large is inflated as it comes from the begin: it need not be held.
    this.#isCollecting = options.isGzip && (options.lengthBytes ?? 0) <= gzipAtOnceBytesMax.value;
    if (options.isGzip && !this.#isCollecting) this.#gunzip = this.#makeGunzip();
    this.report = options.boundary === null ? null : this.#makeReport(options.boundary);
  }

  /** Reads to the end of the body. */
  read(request: IncomingMessage): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      let isDone = false;
      let underWay = Promise.resolve();
      const settle = (finish: () => void) => {
        if (isDone) return;
        isDone = true;
        this.#fail = null;
        request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
        finish();
      };
      const fail = (error: unknown) => settle(() => reject(error));
      const onData = (chunk: Buffer) => {
        try {
          const pressure = this.#take(chunk);
          if (!pressure) return;
          request.pause();
          underWay = pressure;
          pressure.then(() => request.resume(), fail);
        } catch (error) {
          fail(error);
        }
      };
      // The end comes right after the last piece, even while that one is still being taken.
      const onEnd = () => underWay.then(() => this.#finish()).then(() => settle(resolve), fail);
      const onClose = () => {
        if (!request.complete) fail(new SalvageError(collectorErrors.client_gone));
      };
      this.#fail = fail;
      if (request.destroyed) {
        fail(new SalvageError(collectorErrors.client_gone));
        return;
      }
      // An error without a listener would end the process; it comes with every connection that is cut.
      request.on('error', () => {});
      request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
    });
  }

  /** Ends the reading from outside, such as for a client that is too slow. */
  stop(error: SalvageError): void {
    this.#fail?.(error);
  }

  /** Puts all of the body into the spool, with the hashes of its dumps; the stage is ready for the commit then. */
  async keep(): Promise<SpoolStage> {
    if (!this.#isHashed && !this.isSkimmed) this.#readAgain().end();
    this.#isHeldBack = false;
    await this.#handOver();
    return this.#ownStage();
  }

  /** Forgets everything; call it in any case. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#gunzip?.close();
    this.#dropKept();
    for (const piece of this.#decoded ?? []) freeInflated(piece);
    this.#decoded = null;
    this.#small = null;
    this.#memory.release(this);
    await this.#stage?.abort();
  }

  /** The stage was committed and is no longer this reader's. */
  forgetStage(): void {
    this.#stage = null;
  }

  #makeReport(boundary: string, isBegin = false): ReportReader {
    return new ReportReader(boundary, {
      ...this.#options.report,
      onFirstFile: (annotations) => {
        this.#isHeldBack = !this.#options.isWanted(annotations);
        // Hashing costs as much as all the rest: a rejected report goes without, as long as it can be read again.
        this.#isHashed = !this.#isHeldBack || this.#kept === null || this.#gunzip !== null;
        return this.#isHashed && !isBegin;
      },
    });
  }

  /** A body sent byte by byte must not become as many objects: small pieces are joined. */
  #take(chunk: Buffer): Promise<void> | undefined {
    this.receivedBytes += chunk.length;
    if (this.receivedBytes > this.#options.bodySizeBytesMax) throw new SalvageError(collectorErrors.payload_too_large);
    if (chunk.length >= smallChunkBytes.value) {
      const joined = this.#takeSmall();
      const first = joined ? this.#pass(joined) : undefined;
      if (first) return first.then(() => this.#pass(chunk)).then(() => this.#freeChunk(chunk));
      const passing = this.#pass(chunk);
      if (passing) return passing.then(() => this.#freeChunk(chunk));
      this.#freeChunk(chunk);
      return undefined;
    }
    const full = this.#smallBytes + chunk.length > smallChunkBytes.value ? this.#takeSmall() : null;
    this.#small ??= Buffer.allocUnsafe(smallChunkBytes.value);
    this.#smallBytes += chunk.copy(this.#small, this.#smallBytes);
    return full ? this.#pass(full) : undefined;
  }

  /** It was copied and nobody works on it any more, unless this was released while a thread inflates it. */
  #freeChunk(chunk: Buffer): void {
    if (!this.#isReleased && isWholeBuffer(chunk)) freeBuffer(chunk);
  }

  #takeSmall(): Buffer | null {
    const joined = this.#small?.subarray(0, this.#smallBytes) ?? null;
    this.#small = null;
    this.#smallBytes = 0;
    return joined;
  }

  #pass(bytes: Buffer): Promise<void> | undefined {
    this.#kept?.append(bytes);
    const decoding = this.#decode(bytes);
    return decoding ? decoding.then(() => this.#afterDecoding(bytes)) : this.#afterDecoding(bytes);
  }

  #afterDecoding(bytes: Buffer): Promise<void> | undefined {
    const staging = this.#stageNext(bytes);
    // What a slow disk has not taken yet still counts: others would fill its place while it is here.
    return staging ? staging.then(() => this.#roomForMore()) : this.#roomForMore();
  }

  #roomForMore(): Promise<void> | undefined {
    this.#memory.hold(this, this.#heldBytes());
    return this.#memory.room(this);
  }

  #heldBytes(): number {
    return (this.report?.heldBytes ?? 0) + (this.#kept?.lengthBytes ?? 0);
  }

  #stageNext(bytes: Buffer): Promise<void> | undefined {
    if (this.malformed !== null || this.report === null) {
      if (!this.#isCollecting) this.#dropKept();
      return undefined;
    }
    if (this.#kept === null) return this.#ownStage().write(bytes);
    if (this.#isCollecting) return undefined;
    const isOverflowing = this.#kept.lengthBytes > keptBytesMax.value;
    const isWanted = this.report.hasSeenFile && !this.#isHeldBack;
    if (!isOverflowing && !isWanted) return undefined;
    if (!this.#isHashed) this.#readAgain();
    return this.#handOver();
  }

  #ownStage(): SpoolStage {
    this.#stage ??= this.#spool.stage();
    return this.#stage;
  }

  #handOver(): Promise<void> | undefined {
    const kept = this.#kept;
    this.#kept = null;
    return kept ? this.#ownStage().adopt(kept) : undefined;
  }

  #dropKept(): void {
    this.#kept?.release();
    this.#kept = null;
  }

  #decode(bytes: Buffer): Promise<void> | undefined {
    if (!this.#options.isGzip) {
      this.#feed(bytes);
      return undefined;
    }
    if (this.#isCollecting) {
      const mustSpread = (this.#kept?.lengthBytes ?? 0) > gzipAtOnceBytesMax.value || this.#memory.isExceeded;
      return mustSpread ? this.#startGunzip() : undefined;
    }
    return this.isSkimmed ? undefined : this.#inflate([bytes]);
  }

  /** Too large to be inflated at once: from here on it is inflated as it comes, beginning with what was collected. */
  #startGunzip(): Promise<void> {
    this.#isCollecting = false;
    this.#gunzip = this.#makeGunzip();
    return this.#inflate(this.#kept?.pieces() ?? []);
  }

  #makeGunzip(): Gunzip {
    return new Gunzip((piece) => this.#feed(piece));
  }

  async #inflate(pieces: readonly Buffer[]): Promise<void> {
    const startMs = this.#nowMs();
    try {
      for (const piece of pieces) if (!this.#isBadGzip()) await this.#gunzip?.push(piece);
    } catch (error) {
      this.#takeGzipError(error);
    }
    this.gunzipMs += this.#nowMs() - startMs;
  }

  #isBadGzip(): boolean {
    return this.malformed?.slug === collectorErrors.malformed_bad_gzip.slug;
  }

  #takeGzipError(error: unknown): void {
    if (!(error instanceof GunzipError)) throw error;
    this.malformed = new SalvageError(collectorErrors.malformed_bad_gzip, error.message, { cause: error });
  }

  #feed(bytes: Buffer): void {
    this.decodedBytes += bytes.length;
    if (!this.report?.isComplete) this.formBytes += bytes.length;
    if (this.decodedBytes > this.#options.decodedSizeBytesMax)
      throw new SalvageError(collectorErrors.payload_too_large);
    if (this.malformed !== null || this.report === null || this.isSkimmed) return;
    this.#validate(() => this.report?.push(bytes));
    if (this.#options.isHeadOnly && this.report.hasSeenFile && !this.#isHeldBack) this.isSkimmed = true;
  }

  #validate(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof SalvageError)) throw error;
      this.malformed = error;
    }
  }

  async #finish(): Promise<void> {
    const last = this.#takeSmall();
    if (last) await this.#pass(last);
    if (this.#isCollecting) await this.#inflateCollected();
    else if (this.#gunzip && !this.isSkimmed && !this.#isBadGzip()) this.#endGunzip();
    if (this.malformed === null && !this.isSkimmed) this.#validate(() => this.report?.end());
  }

  #endGunzip(): void {
    try {
      this.#gunzip?.end();
    } catch (error) {
      this.#takeGzipError(error);
    }
  }

  async #inflateCollected(): Promise<void> {
    const startMs = this.#nowMs();
    const bytes = this.#kept?.copyTo(slab) ?? slab.subarray(0, 0);
    if (this.#options.isHeadOnly && this.#skimHead(bytes)) return;
    const sizeBytesMax = Math.min(gzipAtOnceDecodedBytesMax.value, this.#options.decodedSizeBytesMax);
    try {
      this.#decoded = gunzipAtOnce(bytes, sizeBytesMax);
    } catch (error) {
      this.#takeGzipError(error);
    }
    this.gunzipMs = this.#nowMs() - startMs;
    if (this.#decoded === null && this.malformed === null) {
      await this.#startGunzip();
      if (!this.#isBadGzip()) this.#endGunzip();
      return;
    }
    this.#isCollecting = false;
    for (const piece of this.#decoded ?? []) this.#feed(piece);
  }

  /** Inflates as much of the begin as it takes to see the first file part; false = the body must be read whole. */
  #skimHead(bytes: Buffer): boolean {
    for (let length = headBytesFirst.value; length < bytes.length; length *= 4) {
      try {
        const begin = gunzipBegin(bytes.subarray(0, length), gzipAtOnceDecodedBytesMax.value);
        if (begin === null) break;
        this.report = this.#makeReport(this.#options.boundary ?? '', true);
        this.report.push(begin);
        freeInflated(begin);
      } catch {
        break;
      }
      if (!this.report.hasSeenFile) continue;
      if (this.#isHeldBack) break;
      this.#isCollecting = false;
      this.isSkimmed = true;
      return true;
    }
    if (this.#options.boundary !== null) this.report = this.#makeReport(this.#options.boundary);
    return false;
  }

  /** Reads what is in memory once more, with hashes: a later part turned the verdict, or the body grows too large to keep. */
  #readAgain(): ReportReader {
    const report = new ReportReader(this.#options.boundary ?? '', this.#options.report);
    for (const piece of this.#decoded ?? this.#kept?.pieces() ?? []) report.push(piece);
    this.#isHashed = true;
    this.report = report;
    return report;
  }
}
