// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, throttleDigitOf } from '../../crash/crash-id.ts';
import { type ProcessedCrash, publicCrashOf } from '../../crash/processed-crash.ts';
import type { RawCrash } from '../../crash/raw-crash.ts';
import { isJsonObject } from '../../lib/json.ts';
import type { Reader } from '../../people/permissions.ts';
import { reduceProcessedFor } from '../api/read-crash.ts';
import { webLimits } from '../limits.ts';
import { cutText } from '../parts/text.ts';
import type { WebParts } from '../web-parts.ts';
import {
  type AccessView,
  type AnnotationsView,
  annotationsView,
  type LostPartView,
  lostParts,
  memoryAccesses,
  registersOf,
} from './report-annotations.ts';
import { detailViews, type FactView, factViews, protectedDetailViews } from './report-facts.ts';
import {
  type MissingSymbolsView,
  type ModuleView,
  missingSymbols,
  moduleViews,
  type UnloadedModuleView,
  unloadedModuleViews,
} from './report-modules.ts';
import { type ReasonView, reasonView } from './report-reason.ts';
import { crashingThreadOf, type ModuleOwners, type ThreadView, threadViews } from './report-stack.ts';
import { numberAt, slotsAt, textAt, textsAt, valueAt } from './report-values.ts';
import { type WhyView, whyView } from './report-why.ts';
import { trySignature } from './signature-change.ts';

/** What the reader may do with a report, so that pages and programs offer nothing that would be refused. */
export interface ReportRights {
  readonly sees_protected: boolean;
  readonly sees_dumps: boolean;
  readonly may_reprocess: boolean;
}

export interface ProcessingView {
  readonly received_at: string | null;
  readonly throttle: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly walker: string | null;
  readonly walker_status: string | null;
  readonly notes: string;
  readonly history: readonly string[];
  /** What the collector knew, for readers of protected data. */
  readonly collector: readonly FactView[] | null;
}

/** A report as this reader may see it: what the page shows and `/api/v1/reports/{id}` answers. */
export interface ReportView {
  readonly crash_id: CrashId;
  readonly signature: string;
  readonly is_provisional: boolean;
  /** As the lists of now would make it, where that differs; only for readers of protected data. */
  readonly signature_now: string | null;
  readonly product: string | null;
  readonly version: string | null;
  readonly system: string | null;
  readonly reason: ReasonView;
  readonly facts: readonly FactView[];
  readonly details: readonly FactView[];
  readonly protected_details: readonly FactView[] | null;
  readonly crashing_thread: ThreadView | null;
  /** Frames of the crashing thread with a function's name, in percent; null without frames. */
  readonly named_frames_percent: number | null;
  readonly missing_symbols: readonly MissingSymbolsView[];
  readonly why: WhyView | null;
  readonly registers: readonly (readonly [string, string])[] | null;
  readonly instruction: string | null;
  readonly memory_accesses: readonly AccessView[] | null;
  readonly lost_parts: readonly LostPartView[];
  readonly processing: ProcessingView;
  /** Names of dumps, for those who may fetch them. */
  readonly dumps: readonly string[] | null;
  /** Paths of values that were withheld because they are not what the schema says. */
  readonly withheld: readonly string[];
  readonly rights: ReportRights;
}

/** Everything of a report, read once and reduced for one reader. */
export interface WholeReportView {
  readonly report: ReportView;
  readonly threads: readonly ThreadView[];
  readonly modules: readonly ModuleView[];
  readonly unloadedModules: readonly UnloadedModuleView[];
  readonly annotations: AnnotationsView;
}

export interface ReportSource {
  readonly crashId: CrashId;
  readonly rawCrash: RawCrash;
  readonly processed: ProcessedCrash;
  /** Names of the stored dumps, where the reader may fetch them. */
  readonly dumpNames: readonly string[] | null;
}

/** `framesMax`: frames shown of each thread that did not crash. */
export function wholeReportView(
  source: ReportSource,
  reader: Reader,
  parts: WebParts,
  framesMax: number = webLimits.framesShownMax.value,
): WholeReportView {
  const rights = rightsOf(reader);
  const { document, withheld } = reduceProcessedFor(reader, source.processed, parts);
  const threads = threadViews(document, { ...moduleOwners(parts), framesMax });
  return {
    report: reportView(source, document, threads, rights, withheld, parts),
    threads,
    modules: moduleViews(document),
    unloadedModules: unloadedModuleViews(document),
    annotations: annotationsView(source.rawCrash, parts.options.publicAnnotations, rights.sees_protected),
  };
}

const moduleOwners = ({ options, siglists }: WebParts): ModuleOwners => ({
  ourModules: options.ourModules,
  systemModules: siglists.current.systemModules,
});

/** The report as everybody who may read crashes sees it, whoever asks: for texts that leave the house (web.md X12). */
export function publicReportView(source: ReportSource, parts: WebParts): ReportView {
  const { document, refused } = publicCrashOf(withCrashingThreadAlone(source.processed));
  const threads = threadViews(document, { ...moduleOwners(parts), framesMax: 0 });
  const rights = { sees_protected: false, sees_dumps: false, may_reprocess: false };
  return reportView({ ...source, dumpNames: null }, document, threads, rights, refused, parts);
}

/** Reducing a hundred threads costs 50 ms; the texts show one. The others stay in their places, empty. */
function withCrashingThreadAlone(processed: ProcessedCrash): ProcessedCrash {
  const dump = processed['json_dump'];
  if (!isJsonObject(dump) || !Array.isArray(dump['threads'])) return processed;
  const crashing = crashingThreadOf(processed);
  const threads = dump['threads'].map((thread, index) => (index === crashing ? thread : {}));
  return { ...processed, json_dump: { ...dump, threads } };
}

function rightsOf(reader: Reader): ReportRights {
  return {
    sees_protected: reader.permissions.has('view_pii'),
    sees_dumps: reader.permissions.has('view_rawdump'),
    may_reprocess: reader.permissions.has('reprocess_crashes'),
  };
}

function reportView(
  source: ReportSource,
  document: ProcessedCrash,
  threads: readonly ThreadView[],
  rights: ReportRights,
  withheld: readonly string[],
  parts: WebParts,
): ReportView {
  const crashing = threads.find((thread) => thread.is_crashing) ?? null;
  const short = (name: string) => {
    const text = textAt(document, name);
    return text === null ? null : cutText(text, 200);
  };
  return {
    crash_id: source.crashId,
    signature: cutText(textAt(document, 'signature') ?? '', webLimits.signatureShownMax.value) || '(no signature)',
    is_provisional: valueAt(document, 'signature_provisional') === true,
    signature_now: rights.sees_protected ? signatureNow(document, parts) : null,
    product: short('product'),
    version: short('version'),
    system: short('os_pretty_version') ?? short('os_name'),
    reason: reasonView(document),
    facts: factViews(document),
    details: detailViews(document),
    protected_details: rights.sees_protected ? protectedDetailViews(document) : null,
    crashing_thread: crashing,
    named_frames_percent: namedPercent(crashing),
    missing_symbols: missingSymbols(document, moduleOwners(parts)),
    why: whyView(document),
    ...atTheFault(document, rights),
    lost_parts: lostParts(source.rawCrash),
    processing: processingView(source, document, rights),
    dumps: rights.sees_dumps ? source.dumpNames : null,
    withheld: withheld.slice(0, 50),
    rights,
  };
}

/** Rules may have changed since the report was processed. */
function signatureNow(document: ProcessedCrash, parts: WebParts): string | null {
  const { stored, now } = trySignature(document, parts, null);
  return stored === now || stored === '' ? null : cutText(now, webLimits.signatureShownMax.value);
}

function namedPercent(thread: ThreadView | null): number | null {
  const real = thread?.frames.filter((frame) => !frame.is_inline) ?? [];
  if (real.length === 0) return null;
  return Math.round((100 * real.filter((frame) => frame.has_function).length) / real.length);
}

/** Registers and accesses may hold what the program worked on: protected (processor.md §5.3). */
function atTheFault(
  document: ProcessedCrash,
  rights: ReportRights,
): Pick<ReportView, 'registers' | 'instruction' | 'memory_accesses'> {
  if (!rights.sees_protected) return { registers: null, instruction: null, memory_accesses: null };
  const thread = slotsAt(document, 'json_dump.threads')[crashingThreadOf(document) ?? -1];
  const frame = slotsAt(document, 'json_dump.crashing_thread.frames')[0] ?? slotsAt(thread, 'frames')[0];
  const instruction = textAt(document, 'json_dump.crash_info.instruction');
  return {
    registers: registersOf(frame) ?? registersOf(slotsAt(thread, 'frames')[0]),
    instruction: instruction === null ? null : cutText(instruction, 200),
    memory_accesses: memoryAccesses(document),
  };
}

function processingView(source: ReportSource, document: ProcessedCrash, rights: ReportRights): ProcessingView {
  const metadata = valueAt(source.rawCrash, 'metadata');
  const collector: FactView[] = [];
  const add = (name: string, value: string | null) => {
    if (value !== null) collector.push({ name, value: cutText(value, 500), note: null });
  };
  add('Body', joinBytes(numberAt(metadata, 'payload_size'), textAt(metadata, 'payload')));
  add('Throttle rule', textAt(metadata, 'throttle_rule'));
  add('Client', textAt(metadata, 'user_agent'));
  for (const note of textsAt(metadata, 'collector_notes').slice(0, 50)) add('Note of the collector', note);
  return {
    received_at: textAt(document, 'date_processed') ?? textAt(source.rawCrash, 'submitted_timestamp'),
    throttle: throttleDigitOf(source.crashId) === 1 ? 'DEFER' : 'ACCEPT',
    started_at: textAt(document, 'started_datetime'),
    completed_at: textAt(document, 'completed_datetime'),
    walker: cutOrNull(textAt(document, 'stackwalk_version')),
    walker_status: cutOrNull(textAt(document, 'mdsw_status_string')),
    notes: cutText(textAt(document, 'processor_notes') ?? '', webLimits.valueShownMax.value),
    history: textsAt(document, 'processor_history')
      .slice(0, 10)
      .map((notes) => cutText(notes, webLimits.valueShownMax.value)),
    collector: rights.sees_protected ? collector : null,
  };
}

function cutOrNull(text: string | null): string | null {
  return text === null ? null : cutText(text, 200);
}

function joinBytes(size: number | null, kind: string | null): string | null {
  return size === null ? kind : `${size.toLocaleString('en')} bytes${kind === null ? '' : `, ${kind}`}`;
}
