// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject, JsonValue } from '../lib/json.ts';
import type { CrashpadInfo, CrashpadModule, Minidump, Module } from '../minidump/minidump.ts';
import type { ModuleSymbols, SymbolsFound } from '../symbols/symbols.ts';
import type { DocumentInput } from './document-input.ts';
import { leafName } from './leaf-name.ts';
import type { ModuleCode } from './module-code.ts';

/** What the document says beyond the reference's schema; all of it stands under the key `salvage`. */
export function salvageAdditions({ dump, code, warnings, version }: DocumentInput): JsonObject {
  return {
    walker: { name: 'salvage', version },
    streams: dump.streams.map(({ type, name, offset, sizeBytes, isUsed }) => ({
      type,
      name,
      offset,
      size_bytes: sizeBytes,
      is_used: isUsed,
    })),
    warnings: [
      ...dump.warnings.map(({ stream, message }) => `${stream}: ${message}`),
      ...dump.modules.flatMap((module) => symbolWarnings(module, code)),
      ...warnings,
    ],
    crashpad: dump.crashpad && crashpadOf(dump.crashpad, dump),
    symbols: dump.modules.flatMap((module) => symbolsOf(module, code)),
    assertion: dump.assertion && { ...dump.assertion },
    comment: dump.comment,
  };
}

function symbolWarnings(module: Module, code: ModuleCode): string[] {
  const found = code.foundFor(module);
  const name = leafName(module.codeFile);
  if (found?.state === 'corrupt') return [`symbols of ${name} are corrupt: ${found.detail}`];
  if (found?.state === 'unknown') return [`symbols of ${name} could not be had: ${found.detail}`];
  if (found?.state !== 'loaded') return [];
  const { debugId } = found.symbols.facts;
  const isOther = module.debugId !== null && debugId.toUpperCase() !== module.debugId.toUpperCase();
  return isOther ? [`symbols of ${name} say that they are for ${debugId}, not ${module.debugId}`] : [];
}

/** One entry for each module whose symbols were looked for. */
function symbolsOf(module: Module, code: ModuleCode): JsonObject[] {
  const found = code.foundFor(module);
  if (found === undefined) return [];
  return [
    { module_index: module.index, filename: leafName(module.codeFile), state: found.state, ...symbolFacts(found) },
  ];
}

function symbolFacts(found: SymbolsFound): JsonObject {
  if (found.state === 'loaded') {
    const { os, arch, debugId, generator, sizeBytes } = found.symbols.facts;
    return {
      os,
      arch,
      debug_id: debugId,
      generator,
      size_bytes: sizeBytes,
      sha256: hashOf(found.symbols),
      url: found.url,
    };
  }
  return found.state === 'missing' ? {} : { detail: found.detail };
}

/** Hash of the symbol file's text, where the symbols come from a compiled index. */
function hashOf(symbols: ModuleSymbols & { readonly sourceSha256?: string }): string | null {
  return symbols.sourceSha256 ?? null;
}

function crashpadOf(crashpad: CrashpadInfo, dump: Minidump): JsonObject {
  return {
    report_id: crashpad.reportId,
    client_id: crashpad.clientId,
    simple_annotations: objectOf(crashpad.simpleAnnotations),
    modules: crashpad.modules.map((module) => crashpadModuleOf(module, dump)),
  };
}

function crashpadModuleOf(annotated: CrashpadModule, dump: Minidump): JsonObject {
  const module = dump.modules[annotated.moduleIndex];
  const objects = new Map([...annotated.annotationObjects].map(([key, { value }]) => [key, value] as const));
  return {
    module_index: annotated.moduleIndex,
    filename: module ? leafName(module.codeFile) : null,
    list_annotations: [...annotated.listAnnotations],
    simple_annotations: objectOf(annotated.simpleAnnotations),
    annotation_objects: objectOf(objects),
  };
}

/** Keys are hostile text, so the object has no prototype to hit. */
function objectOf(entries: ReadonlyMap<string, JsonValue>): JsonObject {
  const object: JsonObject = Object.create(null);
  for (const [key, value] of entries) object[key] = value;
  return object;
}
