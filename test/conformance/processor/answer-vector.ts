// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/lib/clock.ts';
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts';
import { nullLogger } from '../../../src/lib/log.ts';
import { nullMetrics } from '../../../src/lib/metrics.ts';
import { applyRuleSet } from '../../../src/processor/apply-rules.ts';
import { CrashFolder, type DumpFile } from '../../../src/processor/dump-files.ts';
import { processorLimits } from '../../../src/processor/limits.ts';
import { nullMissingSymbols } from '../../../src/processor/missing-symbols.ts';
import { Notes } from '../../../src/processor/notes.ts';
import { presets } from '../../../src/processor/presets.ts';
import { noProductIds } from '../../../src/processor/product-ids.ts';
import type { RuleContext, RuleServices } from '../../../src/processor/rule.ts';
import { makePipeline, RuleRegistry } from '../../../src/processor/rule-sets.ts';
import { runPipeline } from '../../../src/processor/run-pipeline.ts';
import type { VersionSource } from '../../../src/processor/version-source.ts';
import type { Walker } from '../../../src/processor/walker.ts';
import { conformanceSiglists } from './signatures.ts';

export interface Vector {
  readonly id: string;
  readonly rule: string;
  readonly raw_crash: JsonObject;
  readonly dumps?: Readonly<Record<string, { readonly base64: string }>>;
  readonly processed_crash_before: JsonObject;
  readonly status_notes: readonly string[];
  readonly expected: {
    readonly processed_crash: JsonObject;
    readonly notes: readonly string[];
    readonly raw_crash?: JsonObject;
    readonly raises?: string;
    readonly version_api_asked?: readonly JsonValue[];
  };
  readonly config?: { readonly MAX_SIZE_UNCOMPRESSED?: number };
  readonly version_api?: {
    readonly status: number;
    readonly versions: readonly { product: string; channel: string; build_id: string; version_string: string }[];
  };
  readonly stackwalker?: {
    readonly output?: string;
    readonly log?: string;
    readonly exit_code?: number;
    readonly signal?: number;
    readonly version: string;
  };
  readonly python_error_text?: boolean;
}

export interface Answer {
  readonly processed_crash: JsonObject;
  readonly raw_crash: JsonObject;
  readonly notes: readonly string[];
}

const folders: string[] = [];

export async function closeVectors(): Promise<void> {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

/** Runs the rule (or rule set) that the vector names on its input. */
export async function answerVector(vector: Vector): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), 'vector-'));
  folders.push(folder);
  const asked: JsonValue[] = [];
  const context: RuleContext = {
    raw: Object.assign(Object.create(null), structuredClone(vector.raw_crash)),
    dumps: await dumpFiles(vector, folder),
    processed: structuredClone(vector.processed_crash_before),
    notes: new Notes(vector.status_notes),
    isReprocessing: false,
    folder: new CrashFolder(folder, 'vector'),
    signal: new AbortController().signal,
    services: servicesOf(vector, asked),
  };
  const registry = new RuleRegistry();
  if (vector.rule === 'ruleset:default-without-stackwalk') {
    const spec = presets.today[0]!;
    const sets = spec.sets.map((set) => ({
      ...set,
      rules: set.rules.filter((name) => name !== 'MinidumpStackwalkRule'),
    }));
    await runPipeline(makePipeline({ ...spec, sets }, registry), context, 'host');
    for (const key of ['started_datetime', 'completed_datetime', 'processor_notes']) delete context.processed[key];
  } else {
    const rule = registry.find(vector.rule, 'today');
    await applyRuleSet({ name: 'default', mode: 'apply_all_rules', rules: [rule] }, context, 'default');
  }
  const wanted = vector.expected.version_api_asked ?? [];
  if (vector.rule === 'BetaVersionRule' && JSON.stringify(asked) !== JSON.stringify(wanted))
    throw new Error(`asked ${JSON.stringify(asked)}, not ${JSON.stringify(wanted)}`);
  return {
    processed_crash: context.processed,
    raw_crash: { ...context.raw },
    notes: context.notes.lines.filter((note) => !note.startsWith('>>> Start processing')),
  };
}

async function dumpFiles(vector: Vector, folder: string): Promise<Map<string, DumpFile>> {
  const files = new Map<string, DumpFile>();
  for (const [name, { base64 }] of Object.entries(vector.dumps ?? {})) {
    const bytes = Buffer.from(base64, 'base64');
    const path = join(folder, `${files.size}.dump`);
    await writeFile(path, bytes);
    files.set(name, { name, path, sizeBytes: bytes.length });
  }
  return files;
}

function servicesOf(vector: Vector, asked: JsonValue[]): RuleServices {
  return {
    walker: stubWalker(vector),
    siglists: () => conformanceSiglists,
    versions: versionApi(vector, asked),
    productIds: noProductIds,
    missingSymbols: nullMissingSymbols,
    memoryReportBytesMax: vector.config?.MAX_SIZE_UNCOMPRESSED ?? processorLimits.memoryReportBytesMax.value,
    jitCategorizerPath: '',
    clientIdSalt: '',
    clock: systemClock,
    logger: nullLogger,
    metrics: nullMetrics,
  };
}

function stubWalker({ stackwalker }: Vector): Walker {
  return {
    name: 'stub-walker',
    version: stackwalker?.version ?? '',
    walk: async () => ({
      output: stackwalker?.output === undefined ? null : Buffer.from(stackwalker.output),
      exitCode: stackwalker?.signal ? -stackwalker.signal : (stackwalker?.exit_code ?? 0),
      log: stackwalker?.log ?? '',
    }),
  };
}

function versionApi({ version_api: api }: Vector, asked: JsonValue[]): VersionSource {
  return {
    knowsProduct: async () => false,
    async versionOf({ product, channel, buildId }) {
      asked.push({ product, channel, build_id: buildId });
      if (api?.status !== 200) return null;
      const hit = api.versions.find(
        (version) => version.product === product && version.channel === channel && version.build_id === buildId,
      );
      return hit?.version_string ?? null;
    },
  };
}
