// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { JsonObject } from '../../lib/json.ts';
import { webLimits } from '../limits.ts';
import { cutText } from '../parts/text.ts';
import { crashingThreadOf, type ModuleOwners, moduleIdOf } from './report-stack.ts';
import { objectsAt, slotsAt, textAt, valueAt } from './report-values.ts';

type SymbolState = 'loaded' | 'missing' | 'corrupt' | 'not needed';

export interface ModuleView {
  readonly id: string;
  readonly filename: string;
  readonly symbols: SymbolState;
  /** Frames of all threads in this module. */
  readonly frames: number;
  readonly version: string | null;
  readonly debug_file: string | null;
  readonly debug_id: string | null;
  readonly code_id: string | null;
  readonly base_addr: string | null;
  readonly end_addr: string | null;
  readonly symbol_url: string | null;
  readonly signer: string | null;
}

export interface UnloadedModuleView {
  readonly filename: string;
  readonly code_id: string | null;
  readonly signer: string | null;
}

/** A module of the crashing thread whose symbols are missing, and how to bring them. */
export interface MissingSymbolsView {
  readonly module: string;
  readonly module_id: string;
  readonly debug_file: string | null;
  readonly debug_id: string | null;
  readonly frames: number;
  /** Of the system or a run-time library: whoever reads this did not build it. */
  readonly is_system: boolean;
  /** What to type where the program was built; null when the file's name is none to put into a shell. */
  readonly command: string | null;
}

const short = (from: JsonObject, key: string): string | null => {
  const text = textAt(from, key);
  return text === null ? null : cutText(text, 300);
};

/** Modules with the most frames first, then by name. */
export function moduleViews(processed: ProcessedCrash): readonly ModuleView[] {
  const frames = new Map<string, number>();
  for (const thread of objectsAt(processed, 'json_dump.threads'))
    for (const frame of objectsAt(thread, 'frames')) {
      const module = textAt(frame, 'module');
      if (module !== null) frames.set(module, (frames.get(module) ?? 0) + 1);
    }
  return objectsAt(processed, 'json_dump.modules')
    .slice(0, webLimits.modulesShownMax.value)
    .map((module): ModuleView => {
      const filename = textAt(module, 'filename') ?? '';
      return {
        id: moduleIdOf(module),
        filename: cutText(filename, 300) || '(no name)',
        symbols: symbolState(module),
        frames: frames.get(filename) ?? 0,
        version: short(module, 'version'),
        debug_file: short(module, 'debug_file'),
        debug_id: short(module, 'debug_id'),
        code_id: short(module, 'code_id'),
        base_addr: short(module, 'base_addr'),
        end_addr: short(module, 'end_addr'),
        symbol_url: short(module, 'symbol_url'),
        signer: short(module, 'cert_subject'),
      };
    })
    .sort((a, b) => b.frames - a.frames || (a.filename.toLowerCase() < b.filename.toLowerCase() ? -1 : 1));
}

function symbolState(module: JsonObject): SymbolState {
  if (valueAt(module, 'corrupt_symbols') === true) return 'corrupt';
  if (valueAt(module, 'missing_symbols') === true) return 'missing';
  return valueAt(module, 'loaded_symbols') === true ? 'loaded' : 'not needed';
}

export function unloadedModuleViews(processed: ProcessedCrash): readonly UnloadedModuleView[] {
  return objectsAt(processed, 'json_dump.unloaded_modules')
    .slice(0, webLimits.modulesShownMax.value)
    .map((module) => ({
      filename: short(module, 'filename') ?? '(no name)',
      code_id: short(module, 'code_id'),
      signer: short(module, 'cert_subject'),
    }));
}

/** What the kernel maps into every process: it is no file, so nobody can make symbols of it. */
const kernelModules = /^(?:linux-(?:vdso|vdso32|vdso64|gate)\.so\.1|\[vdso\])$/;

/** Modules without symbols on the crashing thread, in the order of the stack, those of the system last. */
export function missingSymbols(
  processed: ProcessedCrash,
  { systemModules }: Pick<ModuleOwners, 'systemModules'>,
): readonly MissingSymbolsView[] {
  const thread = slotsAt(processed, 'json_dump.threads')[crashingThreadOf(processed) ?? -1];
  const counts = new Map<string, number>();
  for (const frame of thread ? objectsAt(thread, 'frames') : []) {
    const module = textAt(frame, 'module');
    if (module === null || kernelModules.test(module)) continue;
    if (valueAt(frame, 'missing_symbols') === true && textAt(frame, 'function') === null)
      counts.set(module, (counts.get(module) ?? 0) + 1);
  }
  const modules = objectsAt(processed, 'json_dump.modules');
  const views = [...counts].slice(0, 10).map(([name, frames]) => {
    const module = modules.find((one) => textAt(one, 'filename') === name) ?? {};
    const debugFile = short(module, 'debug_file');
    return {
      module: cutText(name, 300),
      module_id: moduleIdOf(module),
      debug_file: debugFile,
      debug_id: short(module, 'debug_id'),
      frames,
      is_system: Boolean(systemModules?.match(name.toLowerCase())),
      command: addCommand(debugFile ?? name),
    };
  });
  return [...views.filter((view) => !view.is_system), ...views.filter((view) => view.is_system)];
}

/** A crash report names the file, and people paste what we show: only names that no shell reads as more than a name. */
function addCommand(file: string): string | null {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,100}$/.test(file)) return null;
  return `dump_syms --inlines --store symbols ${file} && salvage symbols add symbols`;
}
