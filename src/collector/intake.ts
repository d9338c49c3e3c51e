// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { IncomingMessage } from 'node:http';
import { type CrashId, makeCrashId } from '../crash/crash-id.ts';
import { mainDumpName } from '../crash/raw-crash.ts';
import { defaultReportReaderOptions, type ReportReader } from '../crash/report-reader.ts';
import { throttleDigits } from '../crash/throttle.ts';
import type { Clock } from '../lib/clock.ts';
import { type ErrorKind, errorText, SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics, MetricTags } from '../lib/metrics.ts';
import type { OptionValues } from '../lib/options.ts';
import type { Spool, SpoolHead } from '../spool/spool.ts';
import { BodyReader } from './body-reader.ts';
import { collectorErrors } from './errors.ts';
import { IntakeMemory } from './intake-memory.ts';
import { collectorLimits } from './limits.ts';
import type { CollectorMetricName } from './metrics.ts';
import type { collectorOptions } from './options.ts';
import { bareDialect, type Dialect, type Profile, profiles } from './profiles.ts';
import { type Reply, textReply } from './replies.ts';
import { type BodyHead, checkBodyHead, crashpadReportKey, hasBearerToken, suppliedCrashId } from './request-checks.ts';
import { drawsOf, type Throttler, type ThrottleVerdict } from './throttler.ts';

const retryLater = { 'Retry-After': String(collectorLimits.retryAfterS.value) };

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

/** One report on its way through the collector. */
interface Intake {
  readonly request: IncomingMessage;
  readonly head: BodyHead;
  readonly dialect: Dialect;
  readonly body: BodyReader;
  readonly uuid: string;
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
    const checked = this.#checkHead(request, isBare);
    return 'status' in checked ? checked : null;
  }

  #checkHead(request: IncomingMessage, isBare: boolean): Reply | BodyHead {
    const dialect = isBare ? bareDialect : this.#profile.dialect;
    const head = checkBodyHead(request);
    if ('slug' in head) return this.#malformedReply(dialect, head);
    if ((head.lengthBytes ?? 0) > this.#bodySizeBytesMax) return this.#refuse(collectorErrors.payload_too_large);
    if (this.#inFlight.size >= this.#parts.options.inFlightMax) return this.#refuse(collectorErrors.intake_busy);
    const retryAfterS = this.#parts.spool.refuses(head.lengthBytes);
    if (retryAfterS === null) return head;
    this.#count('refused', { reason: 'spool_full' });
    return textReply(503, '', { headers: { 'Retry-After': String(retryAfterS) } });
  }

  /** Takes one report. Never throws for what a client or a disk does. */
  async receive(request: IncomingMessage, isBare: boolean): Promise<Reply> {
    const startMs = this.#parts.clock.monotonicMs();
    const checked = this.#checkHead(request, isBare);
    if ('status' in checked) {
      this.#time(startMs);
      return checked;
    }
    const intake = this.#begin(request, checked, isBare, startMs);
    this.#inFlight.add(intake);
    try {
      await intake.body.read(request);
      return await this.#answer(intake);
    } catch (error) {
      return this.#failureReply(error);
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

  #begin(request: IncomingMessage, head: BodyHead, isBare: boolean, startMs: number): Intake {
    const { options, spool, clock } = this.#parts;
    const uuid = this.#parts.randomUuid();
    const receivedUs = clock.nowUs?.() ?? clock.now().getTime() * 1000;
    const body = new BodyReader(
      {
        isGzip: head.isGzip,
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
        isWanted: (annotations) => isKept(this.#parts.throttler.decide(annotations, this.#drawsOf(uuid), receivedUs)),
      },
      spool,
      this.#memory,
      () => clock.monotonicMs(),
    );
    return {
      request,
      head,
      dialect: isBare ? bareDialect : this.#profile.dialect,
      body,
      uuid,
      receivedUs,
      startMs,
    };
  }

  #drawsOf(uuid: string): () => number {
    return (this.#parts.draws ?? drawsOf)(uuid);
  }

  /** The body is read: what becomes of the report. The order of the steps is Antenna's (collector.md §1.9). */
  async #answer(intake: Intake): Promise<Reply> {
    const { body, dialect, head } = intake;
    this.#countBody(intake);
    if (this.#isBadGzip(body)) return this.#malformedReply(dialect, collectorErrors.malformed_bad_gzip);
    if (head.boundary === null || body.report === null) return invalidBoundaryReply();
    this.#logRemarks(body.report, body.malformed);
    if (body.malformed) return this.#malformedReply(dialect, body.malformed.kind);
    this.#count('incoming_crash');
    const judged = this.#judge(intake, body.report);
    const crashId = this.#crashIdFor(intake, judged);
    if (typeof crashId !== 'string') return this.#uuidReply(dialect, crashId);
    return await this.#carryOut(intake, judged, crashId);
  }

  #judge(intake: Intake, report: ReportReader): JudgedReport {
    const supplied = this.#mayBring(intake.request) ? suppliedCrashId(report.annotations.get('uuid')) : null;
    const draws = this.#drawsOf(supplied ?? intake.uuid);
    const verdict = this.#parts.throttler.decide(report.annotations, draws, intake.receivedUs);
    for (const remark of verdict.remarks) this.#throttleLogger.info(remark);
    return { report, verdict };
  }

  get #throttleLogger(): Logger {
    return this.#parts.logger.named('salvage.throttler');
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
        this.#parts.logger.info(`${supplied} has existing crash_id`);
        return supplied;
      }
      if (this.#profile.refusesBadUuid)
        return mayBring ? collectorErrors.malformed_invalid_uuid : collectorErrors.unauthorized_uuid;
    }
    return makeCrashId(intake.uuid, throttleDigits[verdict.result], new Date(intake.receivedUs / 1000));
  }

  async #carryOut(intake: Intake, judged: JudgedReport, crashId: CrashId): Promise<Reply> {
    const { verdict } = judged;
    const { dialect, head, body } = intake;
    this.#parts.logger.info(`${crashId}: matched by ${verdict.rule}; returned ${verdict.result.toUpperCase()}`, {
      crash_id: crashId,
    });
    const nullLine = this.#parts.throttler.logLine?.(crashId);
    if (nullLine) this.#parts.logger.named('salvage.throttler.null').info(nullLine);
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
      this.#parts.logger.info(`${known}: known report, not stored again`, { crash_id: known });
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
    const { body, head, request } = intake;
    const report = body.report as ReportReader;
    const rawCrashJson = this.#profile.rawCrashJson({
      report,
      crashId,
      decision: verdict,
      isCompressed: head.isGzip,
      payloadSizeBytes: body.receivedBytes,
      userAgent: request.headers['user-agent']?.slice(0, collectorLimits.userAgentCharactersMax.value) ?? null,
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

  #logRemarks(report: ReportReader, malformed: SalvageError | null): void {
    for (const { level, text } of report.remarks) this.#parts.logger[level](text);
    if (malformed?.slug === 'malformed_invalid_payload_structure')
      this.#parts.logger.error(`extract payload exception: ${malformed.message}`);
  }

  #malformedReply(dialect: Dialect, kind: ErrorKind): Reply {
    if (kind.slug === collectorErrors.malformed_bad_gzip.slug && this.#profile.badGzipMetric)
      this.#parts.metrics.incr(this.#profile.badGzipMetric);
    this.#count('malformed', { reason: kind.slug.replace(/^malformed_/, '') });
    const [status, body] = dialect.malformed(kind.slug, kind.status ?? 400);
    // A length that is too small makes the rest of the body look like a request; it must not be taken for one.
    return textReply(status, body, { closes: true });
  }

  #uuidReply(dialect: Dialect, kind: ErrorKind): Reply {
    if (kind.slug !== collectorErrors.unauthorized_uuid.slug) return this.#malformedReply(dialect, kind);
    this.#count('unauthorized_uuid');
    const [status, body] = dialect.malformed(kind.slug, kind.status ?? 401);
    return textReply(status, body);
  }

  /** An answer that takes nothing: the client keeps its report. */
  #refuse(kind: ErrorKind): Reply {
    this.#count('refused', { reason: kind.slug });
    const headers = kind.status === 503 ? retryLater : {};
    const body = kind.status === 503 ? '' : `Discarded=${kind.slug}`;
    return textReply(kind.status ?? 500, body, { headers, closes: true });
  }

  #failureReply(error: unknown): Reply {
    if (!(error instanceof SalvageError)) throw error;
    if (Object.hasOwn(collectorErrors, error.slug)) return this.#refuse(error.kind);
    this.#count('refused', { reason: error.slug });
    this.#parts.logger.error(`report not taken: ${errorText(error)}`, { error });
    // A disk that fails is Antenna's storage that fails: 500 and an empty body. A full one says when to come back.
    if (error.slug !== 'spool_full') return textReply(500, '', { closes: true });
    return textReply(503, '', { headers: retryLater, closes: true });
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

function invalidBoundaryReply(): Reply {
  const description =
    'The value provided for the "Content-Type" header is invalid. The boundary parameter must consist of 1 to 70 characters';
  return {
    status: 400,
    contentType: 'application/json',
    body: JSON.stringify({ title: 'Invalid header value', description }),
    closes: true,
  };
}
