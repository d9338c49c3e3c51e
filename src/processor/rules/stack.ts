// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { dig, framesOf, objectsIn, textAt } from '../dig.ts';
import { processorLimits } from '../limits.ts';
import { processorMetrics } from '../metrics.ts';
import type { Rule, RuleContext } from '../rule.ts';

export const moduleUrlRewrite: Rule = {
  name: 'ModuleURLRewriteRule',
  doc: 'Removes symbol URLs on localhost, and the query of those on symbols.mozilla.org.',
  predicate: ({ processed }) => objectsIn(dig(processed, 'json_dump.modules')).length > 0,
  action({ processed, notes }) {
    for (const module of objectsIn(dig(processed, 'json_dump.modules'))) {
      const url = module['symbol_url'];
      if (typeof url !== 'string') continue;
      const host = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '';
      if (host.includes('localhost')) {
        module['symbol_url'] = null;
        notes.add(`Redacting symbol url for module ${module['filename'] ?? module['debug_file'] ?? 'unknown'}`);
      } else if (host.includes('symbols.mozilla.org')) {
        module['symbol_url'] = url.replace(/\?[^#]*/, '');
      }
    }
  },
};

export const crashingThreadInfo: Rule = {
  name: 'CrashingThreadInfoRule',
  doc: 'Sets `crashing_thread`, its name, `reason`, `address` and `last_error_value`.',
  predicate: ({ processed }) => isJsonObject(processed['json_dump']),
  action({ processed, notes }) {
    const dump = processed['json_dump'];
    const thread = dig(dump, 'crash_info.crashing_thread') ?? null;
    processed['crashing_thread'] = thread;
    if (thread === null) notes.add('mdsw did not identify the crashing thread');
    processed['crashing_thread_name'] = dig(dump, 'crashing_thread.thread_name') ?? null;
    const reason = dig(dump, 'crash_info.type');
    processed['reason'] = reason === undefined ? '' : reason;
    processed['address'] = addressOf(dig(dump, 'crash_info'));
    const lastError = dig(dump, 'crashing_thread.last_error_value');
    if (typeof lastError === 'string') processed['last_error_value'] = lastError;
  },
};

/** The address that matters: zero for a small offset to a null pointer, the true one where the CPU did not tell. */
function addressOf(crashInfo: JsonValue | undefined): JsonValue {
  const address = dig(crashInfo, 'address') ?? null;
  switch (dig(crashInfo, 'adjusted_address.kind')) {
    case 'null-pointer':
      return `0x${'0'.repeat(typeof address === 'string' && address.length > 10 ? 16 : 8)}`;
    case 'non-canonical':
      return dig(crashInfo, 'adjusted_address.address') ?? address;
    default:
      return address;
  }
}

export const truncateStacks: Rule = {
  name: 'TruncateStacksRule',
  doc: 'Cuts stacks of more than 500 frames in the middle.',
  action(context) {
    const { processed } = context;
    const names = Object.keys(processed).filter((name) => name.startsWith('upload_file_minidump_'));
    for (const [path, dump] of [
      ['json_dump', processed['json_dump']] as const,
      ...names.map((name) => [`${name}.json_dump`, dig(processed, `${name}.json_dump`)] as const),
    ]) {
      truncate(dig(dump, 'crashing_thread'), `${path}.crashing_thread`, '->', context);
      const threads = dig(dump, 'threads');
      if (Array.isArray(threads))
        for (const [index, thread] of threads.entries()) truncate(thread, `${path}.threads[${index}]`, '>', context);
    }
  },
};

/** The arrows differ in Socorro's notes; people search for them. */
function truncate(thread: JsonValue | undefined, path: string, arrow: string, { notes, services }: RuleContext): void {
  const max = processorLimits.stackFramesMax.value;
  if (!isJsonObject(thread) || !Array.isArray(thread['frames']) || thread['frames'].length <= max) return;
  const frames = thread['frames'];
  // The mark takes a place itself, so that one frame more is lost than the limit says.
  const lost = (frames.length - max + 1).toLocaleString('en-US');
  const mark = { truncated: { msg: `${lost} frames truncated` } };
  thread['frames'] = [...frames.slice(0, max / 2), mark, ...frames.slice(-(max / 2 - 1))];
  thread['truncated'] = true;
  notes.add(`TruncateStacksRule: truncated ${path}.frames: ${frames.length} ${arrow} ${max}`);
  services.metrics.incr(processorMetrics.truncated);
  services.metrics.gauge(processorMetrics.stackSize, frames.length);
}

export const threadCount: Rule = {
  name: 'ThreadCountRule',
  doc: 'Copies `thread_count`.',
  action({ processed }) {
    processed['thread_count'] = dig(processed, 'json_dump.thread_count') ?? null;
  },
};

export const topMostFiles: Rule = {
  name: 'TopMostFilesRule',
  doc: 'Sets `topmost_filenames` to the first source file on the crashing stack, inlined calls first.',
  action({ processed }) {
    for (const frame of framesOf(processed['json_dump'], processed['crashing_thread'])) {
      for (const call of [...objectsIn(frame['inlines']), frame]) {
        const file = call['file'];
        if (typeof file === 'string' && file !== '') {
          processed['topmost_filenames'] = file;
          return;
        }
      }
    }
  },
};

const fileName = (text: string) => text.replace(/[^a-zA-Z0-9_.+-]/g, '');
const versionText = (text: string) => text.replace(/[^a-zA-Z0-9_.+/-]/g, '').replaceAll('/', '\\/');
const hexText = (text: string) => text.replace(/[^a-fA-F0-9]/g, '');

export const modulesInStack: Rule = {
  name: 'ModulesInStackRule',
  doc: 'Sets `modules_in_stack` to `file/debug id` of the modules on the crashing stack.',
  predicate: ({ processed }) =>
    isJsonObject(processed['json_dump']) && typeof processed['crashing_thread'] === 'number',
  action({ processed }) {
    const modules = new Map<string, JsonObject>();
    for (const module of objectsIn(dig(processed, 'json_dump.modules')))
      if (typeof module['filename'] === 'string') modules.set(module['filename'], module);
    const texts = new Set<string>();
    for (const frame of framesOf(processed['json_dump'], processed['crashing_thread'])) {
      const module = typeof frame['module'] === 'string' ? modules.get(frame['module']) : undefined;
      if (module) texts.add(`${fileName(String(frame['module']))}/${hexText(textAt(module, 'debug_id'))}`);
    }
    if (texts.size > 0) processed['modules_in_stack'] = [...texts].sort().join(';');
  },
};

const noDebugId = '0'.repeat(33);

export const missingSymbols: Rule = {
  name: 'MissingSymbolsRule',
  doc: 'Sets `missing_symbols` to `file/version/debug id[/code id]` of modules whose symbols were not found.',
  action({ processed }) {
    const texts = objectsIn(dig(processed, 'json_dump.modules'))
      .filter((module) => module['missing_symbols'] === true && typeof module['filename'] === 'string')
      .map((module) => {
        const version = versionText(textAt(module, 'version')) || 'None';
        const debugId = typeof module['debug_id'] === 'string' ? hexText(module['debug_id']) : noDebugId;
        const codeId = hexText(textAt(module, 'code_id'));
        return `${[fileName(String(module['filename'])), version, debugId].join('/')}${codeId ? `/${codeId}` : ''}`;
      });
    if (texts.length > 0) processed['missing_symbols'] = texts.sort().join(';');
  },
};

export const symbolGap: Rule = {
  name: 'SymbolGapRule',
  doc: 'Sets `symbol_gap`: whether none, some or all frames of the crashing thread lack a name; and `dump_hash`.',
  action({ processed }) {
    const frames = framesOf(processed['json_dump'], processed['crashing_thread']);
    const unnamed = frames.filter((frame) => !frame['function'] && !frame['truncated']).length;
    if (frames.length > 0)
      processed['symbol_gap'] = unnamed === 0 ? 'none' : unnamed === frames.length ? 'all' : 'some';
    const hash = processed['minidump_sha256_hash'];
    if (typeof hash === 'string' && hash !== '') processed['dump_hash'] = hash;
  },
};

export const shutDownHangCrashingThread: Rule = {
  name: 'ShutDownHangCrashingThreadRule',
  doc: 'For signatures that start with `shutdownhang` the crashing thread is the main thread.',
  predicate: ({ processed }) =>
    typeof processed['signature'] === 'string' && processed['signature'].startsWith('shutdownhang'),
  action({ processed }) {
    processed['crashing_thread'] = 0;
  },
};
