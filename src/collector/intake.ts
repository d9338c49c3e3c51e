// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { IncomingMessage } from 'node:http';
import { type CrashId, makeCrashId } from '../crash/crash-id.ts';
import { mainDumpName } from '../crash/raw-crash.ts';
import { defaultReportReaderOptions, type ReportReader } from '../crash/report-reader.ts';
import { throttleDigits } from '../crash/throttle.ts';
import type { Clock } from '../lib/clock.ts';
import { type ErrorKind, SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics, MetricTags } from '../lib/metrics.ts';
import type { OptionValues } from '../lib/options.ts';
import { spoolErrors } from '../spool/errors.ts';
import type { Spool, SpoolHead } from '../spool/spool.ts';
import { BodyReader } from './body-reader.ts';
import { collectorErrors } from './errors.ts';
import { IntakeMemory } from './intake-memory.ts';
import { collectorLimits } from './limits.ts';
import type { CollectorMetricName } from './metrics.ts';
import type { collectorOptions } from './options.ts';
import { bareDialect, type Profile, profiles } from './profiles.ts';
import { Refusals, type Refused } from './refusals.ts';
import { type Reply, textReply } from './replies.ts';
import {
  type BodyHead,
  checkBodyHead,
  crashpadReportKey,
  hasBearerToken,
  requestIdOf,
  suppliedCrashId,
} from './request-checks.ts';
import { drawsOf, type Throttler, type ThrottleVerdict } from './throttler.ts';

export interface IntakeParts {
  readonly spool: Spool;
  readonly throttler: Throttler;
  readonly options: OptionValues<typeof collectorOptions.options>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** A fresh random uuid, lower case, with dashes. */
  readonly randomUuid: () => string;
  /** The draws of the throttler for a report with that uuid; from the id itself unless a test brings its own. */
  readonly draws?: (uuid: string) => () => number;
}

/** What is fixed before anything of a request is read; every record of its logger carries the id of the request. */
interface Met extends Refused {
  /** The begin of the crash id, if the report gets a fresh one. */
  readonly uuid: string;
}

/** One report on its way through the collector. */
interface Intake extends Met {
  readonly request: IncomingMessage;
  readonly head: BodyHead;
  readonly body: BodyReader;
  readonly receivedUs: number;
  readonly startMs: number;
}

/** A report that could be read, with the verdict on it. */
interface JudgedReport {
  readonly report: ReportReader;
  readonly verdict: ThrottleVerdict;
}

/** Takes reports: one request in, one reply out; nothing is answered with an id before the spool has it durable. */
export class ReportIntake {
  readonly #parts: IntakeParts;
  readonly #profile: Profile;
  readonly #memory: IntakeMemory;
  readonly #refusals: Refusals;
  readonly #inFlight = new Set<Intake>();
  /** When the sweep saw a byte of it last. */
  readonly #progress = new WeakMap<Intake, { receivedBytes: number; sinceMs: number }>();
  /** Reports whose identity is known and whose commit is under way: a second try waits for the first. */
  readonly #committing = new Map<string, Promise<CrashId | null>>();
  readonly #bodySizeBytesMax: number;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#profile = profiles[parts.options.profile];
    this.#memory = new IntakeMemory(parts.options.memoryBytesMax);
    this.#refusals = new Refusals(this.#profile, parts.metrics);
    this.#bodySizeBytesMax = parts.options.bodySizeBytesMax || this.#profile.bodySizeBytesMax;
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  get memoryUsedBytes(): number {
    return this.#memory.usedBytes;
  }

  /** What can be answered without the body: used before `100 Continue`, too. Null = send the body. */
  refusal(request: IncomingMessage, isBare: boolean): Reply | null {
    const checked = this.#checkHead(request, this.#meet(request, isBare, this.#parts.randomUuid()));
    return 'status' in checked ? checked : null;
  }

  #meet(request: IncomingMessage, isBare: boolean, uuid: string): Met {
    return {
      dialect: isBare ? bareDialect : this.#profile.dialect,
      logger: this.#parts.logger.bound({ request_id: requestIdOf(request, uuid) }),
      userAgent: request.headers['user-agent']?.slice(0, collectorLimits.userAgentCharactersMax.value),
      uuid,
    };
  }

  #checkHead(request: IncomingMessage, met: Met): Reply | BodyHead {
    const head = checkBodyHead(request);
    if ('slug' in head) return this.#refusals.malformed(met, head);
    if ((head.lengthBytes ?? 0) > this.#bodySizeBytesMax)
      return this.#refusals.notNow(met, collectorErrors.payload_too_large);
    if (this.#inFlight.size >= this.#parts.options.inFlightMax)
      return this.#refusals.notNow(met, collectorErrors.intake_busy);
    const retryAfterS = this.#parts.spool.refuses(head.lengthBytes);
    if (retryAfterS === null) return head;
    // A full disk lasts: a load balancer keeps its connection, what comes on it is read and forgotten.
    return { ...this.#refusals.notNow(met, spoolErrors.spool_full, retryAfterS), closes: false };
  }

  /** Takes one report. Never throws for what a client or a disk does. */
  async receive(request: IncomingMessage, isBare: boolean): Promise<Reply> {
    const startMs = this.#parts.clock.monotonicMs();
    const met = this.#meet(request, isBare, this.#parts.randomUuid());
    const checked = this.#checkHead(request, met);
    if ('status' in checked) {
      this.#time(startMs);
      return checked;
    }
    const intake = this.#begin(request, checked, met, startMs);
    this.#inFlight.add(intake);
    try {
      await intake.body.read(request);
      return await this.#answer(intake);
    } catch (error) {
      return this.#refusals.failed(intake, error);
    } finally {
      this.#inFlight.delete(intake);
      await intake.body.release();
      if (intake.head.boundary !== null) this.#time(startMs);
    }
  }

  /** Ends requests that pause or last too long; to be called every second or so. */
  sweep(): void {
    const { clock, options } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#gauge('in_flight', this.#inFlight.size);
    for (const intake of this.#inFlight) {
      const progress = this.#progress.get(intake);
      if (progress?.receivedBytes !== intake.body.receivedBytes)
        this.#progress.set(intake, { receivedBytes: intake.body.receivedBytes, sinceMs: nowMs });
      const idleMs = progress ? nowMs - progress.sinceMs : 0;
      const isIdle = progress?.receivedBytes === intake.body.receivedBytes && idleMs > options.idleMsMax;
      if (isIdle || nowMs - intake.startMs > options.receiveMsMax)
        intake.body.stop(new SalvageError(collectorErrors.client_too_slow));
    }
  }

  #begin(request: IncomingMessage, head: BodyHead, met: Met, startMs: number): Intake {
    const { options, spool, clock } = this.#parts;
    const receivedUs = clock.nowUs?.() ?? clock.now().getTime() * 1000;
    const body = new BodyReader(
      {
        isGzip: head.isGzip,
        lengthBytes: head.lengthBytes,
        boundary: head.boundary,
        bodySizeBytesMax: this.#bodySizeBytesMax,
        decodedSizeBytesMax: options.decodedSizeBytesMax,
        isHeadOnly: options.answerAfter === 'head',
        report: {
          ...defaultReportReaderOptions,
          annotationsSizeBytesMax: options.annotationsSizeBytesMax,
          attachmentSizeBytesMax: options.attachmentSizeBytesMax,
          jsonPart: options.jsonPart,
          hasMd5: this.#profile.hasMd5,
        },
        isWanted: (annotations) =>
          isKept(this.#parts.throttler.decide(annotations, this.#drawsOf(met.uuid), receivedUs)),
      },
      spool,
      this.#memory,
      () => clock.monotonicMs(),
    );
    return { ...met, request, head, body, receivedUs, startMs };
  }

  #drawsOf(uuid: string): () => number {
    return (this.#parts.draws ?? drawsOf)(uuid);
  }

  /** The body is read: what becomes of the report. The order of the steps is Antenna's (collector.md §1.9). */
  async #answer(intake: Intake): Promise<Reply> {
    const { body, head } = intake;
    this.#countBody(intake);
    if (this.#isBadGzip(body)) return this.#refusals.malformed(intake, collectorErrors.malformed_bad_gzip);
    if (head.boundary === null || body.report === null) return this.#refusals.invalidBoundary(intake);
    this.#logRemarks(intake, body.report);
    if (body.malformed) return this.#refusals.malformed(intake, body.malformed.kind);
    this.#count('incoming_crash');
    const judged = this.#judge(intake, body.report);
    const crashId = this.#crashIdFor(intake, judged);
    if (typeof crashId !== 'string') return this.#refusals.suppliedId(intake, crashId);
    return await this.#carryOut(intake, judged, crashId);
  }

  #judge(intake: Intake, report: ReportReader): JudgedReport {
    const supplied = this.#mayBring(intake.request) ? suppliedCrashId(report.annotations.get('uuid')) : null;
    const draws = this.#drawsOf(supplied ?? intake.uuid);
    const verdict = this.#parts.throttler.decide(report.annotations, draws, intake.receivedUs);
    const logger = intake.logger.named('salvage.throttler');
    for (const remark of verdict.remarks) logger.info(remark);
    for (const failure of verdict.failures ?? [])
      logger.error(`a throttle rule failed and counts as not matching: ${failure}`);
    return { report, verdict };
  }

  #mayBring(request: IncomingMessage): boolean {
    return hasBearerToken(request, this.#parts.options.bearerToken);
  }

  /** The id of the report: its own where it may bring one, else a fresh one; or why its own is refused. */
  #crashIdFor(intake: Intake, { report, verdict }: JudgedReport): CrashId | ErrorKind {
    const value = report.annotations.get('uuid');
    if (value !== undefined && value !== '') {
      const mayBring = this.#mayBring(intake.request);
      const supplied = mayBring ? suppliedCrashId(value) : null;
      if (supplied !== null) {
        intake.logger.info(`${supplied} has existing crash_id`);
        return supplied;
      }
      if (this.#profile.refusesBadUuid)
        return mayBring ? collectorErrors.malformed_invalid_uuid : collectorErrors.unauthorized_uuid;
    }
    return makeCrashId(intake.uuid, throttleDigits[verdict.result], new Date(intake.receivedUs / 1000));
  }

  async #carryOut(intake: Intake, judged: JudgedReport, crashId: CrashId): Promise<Reply> {
    const { verdict } = judged;
    const { dialect, head, body, logger } = intake;
    logger.info(`${crashId}: matched by ${verdict.rule}; returned ${verdict.result.toUpperCase()}`, {
      crash_id: crashId,
    });
    const nullLine = this.#parts.throttler.logLine?.(crashId);
    if (nullLine) logger.named('salvage.throttler.null').info(nullLine);
    this.#count('throttle_rule', { rule: verdict.rule });
    this.#count('throttle', { result: verdict.result });
    const size = this.#profile.sizeMetric?.(isKept(verdict), head.isGzip);
    if (size) this.#parts.metrics.histogram(size, body.receivedBytes);
    const shownId = this.#parts.options.crashIdPrefix + crashId;
    if (verdict.result === 'reject') return textReply(200, dialect.rejected(verdict.rule, shownId));
    if (verdict.result === 'fakeaccept') return textReply(200, dialect.fakeAccepted(shownId));
    const storedId = await this.#store(intake, judged, crashId);
    return textReply(200, dialect.accepted(this.#parts.options.crashIdPrefix + storedId));
  }

  /** Stores the report once, however often its client sends it; returns the id under which it is stored. */
  async #store(intake: Intake, judged: JudgedReport, crashId: CrashId): Promise<CrashId> {
    const stage = await intake.body.keep();
    const reportKey = this.#reportKeyOf(intake, judged, crashId);
    if (reportKey === undefined) {
      await this.#commit(intake, judged, crashId, stage, undefined);
      return crashId;
    }
    const known = this.#parts.spool.knownReport(reportKey) ?? (await this.#committing.get(reportKey));
    if (known) {
      this.#count('known_report');
      intake.logger.info(`${known}: known report, not stored again`, { crash_id: known });
      return known;
    }
    const commit = this.#commit(intake, judged, crashId, stage, reportKey);
    const outcome = commit.then(
      () => crashId,
      () => null,
    );
    this.#committing.set(reportKey, outcome);
    try {
      await commit;
      return crashId;
    } finally {
      if (this.#committing.get(reportKey) === outcome) this.#committing.delete(reportKey);
    }
  }

  #reportKeyOf(intake: Intake, { report }: JudgedReport, crashId: CrashId): string | undefined {
    if (crashId.slice(0, 28) !== intake.uuid.slice(0, 28)) return `uuid:${crashId}`;
    // The dumps of the report that was read last: a turned verdict has it read again.
    return crashpadReportKey((intake.body.report ?? report).dumps.get(mainDumpName));
  }

  async #commit(
    intake: Intake,
    { verdict }: JudgedReport,
    crashId: CrashId,
    stage: Awaited<ReturnType<BodyReader['keep']>>,
    reportKey: string | undefined,
  ): Promise<void> {
    const { body, head, userAgent } = intake;
    const report = body.report as ReportReader;
    const rawCrashJson = this.#profile.rawCrashJson({
      report,
      crashId,
      decision: verdict,
      isCompressed: head.isGzip,
      payloadSizeBytes: body.receivedBytes,
      userAgent: userAgent ?? null,
      receivedUs: intake.receivedUs,
      removedAnnotations: this.#parts.options.removedAnnotations,
      typeTag: this.#parts.options.crashIdPrefix.replace(/^-+|-+$/g, ''),
    });
    const spoolHead: SpoolHead = {
      crashId,
      receivedAt: new Date(intake.receivedUs / 1000),
      result: verdict.result as SpoolHead['result'],
      rawCrashJson: Buffer.from(rawCrashJson),
      encoding: head.isGzip ? 'gzip' : 'identity',
      contentType: head.contentType,
      dumps: body.isSkimmed
        ? null
        : [...report.dumps.values()].map(({ name, offset, sizeBytes, sha256 }) => ({
            name,
            offset,
            sizeBytes,
            sha256: sha256 as string,
          })),
      ...(reportKey === undefined ? {} : { reportKey }),
    };
    await stage.commit(spoolHead);
    body.forgetStage();
  }

  #isBadGzip(body: BodyReader): boolean {
    return body.malformed?.slug === collectorErrors.malformed_bad_gzip.slug;
  }

  #countBody({ body, head }: Intake): void {
    if (head.isGzip) {
      this.#count('gzipped_crash');
      const metric = this.#profile.metrics.gzipped_crash_decompress;
      const result = this.#isBadGzip(body) ? 'fail' : 'success';
      if (metric) this.#parts.metrics.histogram(metric, body.gunzipMs, { result });
    }
    if (this.#isBadGzip(body)) return;
    const metric = this.#profile.metrics.crash_size;
    const sizeBytes = head.isGzip && !body.isSkimmed ? body.formBytes : body.receivedBytes;
    const payload = head.isGzip ? 'compressed' : 'uncompressed';
    if (metric) this.#parts.metrics.histogram(metric, sizeBytes, { payload });
  }

  #logRemarks({ body: { malformed }, logger }: Intake, { remarks }: ReportReader): void {
    const loggedMax = collectorLimits.loggedRemarksMax.value;
    for (const { level, text } of remarks.slice(0, loggedMax)) logger[level](text);
    if (remarks.length > loggedMax) logger.info(`${remarks.length - loggedMax} more such notes are in the raw crash`);
    if (malformed?.slug === 'malformed_invalid_payload_structure')
      logger.error(`extract payload exception: ${malformed.message}`);
  }

  #count(name: CollectorMetricName, tags?: MetricTags): void {
    const metric = this.#profile.metrics[name];
    if (metric) this.#parts.metrics.incr(metric, tags);
  }

  #gauge(name: CollectorMetricName, value: number): void {
    const metric = this.#profile.metrics[name];
    if (metric) this.#parts.metrics.gauge(metric, value);
  }

  #time(startMs: number): void {
    const metric = this.#profile.metrics.on_post_time;
    if (metric) this.#parts.metrics.timing(metric, this.#parts.clock.monotonicMs() - startMs);
  }
}

function isKept(verdict: ThrottleVerdict): boolean {
  return verdict.result === 'accept' || verdict.result === 'defer';
}
