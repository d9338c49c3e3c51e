// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { integerOf, linesOf, trim, unquotePlus } from '../../lib/python-text.ts';
import { dig, framesOf } from '../dig.ts';
import { processorLimits } from '../limits.ts';
import type { Notes } from '../notes.ts';
import type { Rule } from '../rule.ts';

export const submittedFrom: Rule = {
  name: 'SubmittedFromRule',
  doc: 'Sets `submitted_from` and `submitted_from_infobar`.',
  action({ raw, processed }) {
    const infobar = raw['SubmittedFromInfobar'];
    const from = raw['SubmittedFrom'];
    const where =
      infobar === undefined
        ? typeof from === 'string' && from !== ''
          ? from
          : 'Unknown'
        : infobar === '1' || infobar === 'true' || infobar === 1 || infobar === true
          ? 'Infobar'
          : 'Unknown';
    processed['submitted_from'] = where;
    processed['submitted_from_infobar'] = where === 'Infobar';
  },
};

export const identifier: Rule = {
  name: 'IdentifierRule',
  doc: 'Sets `crash_id` and `uuid`.',
  predicate: ({ raw }) => raw['uuid'] !== undefined,
  action({ raw, processed }) {
    const crashId = raw['uuid'] ?? null;
    processed['crash_id'] = crashId;
    processed['uuid'] = crashId;
    return true;
  },
};

export const minidumpSha256Hash: Rule = {
  name: 'MinidumpSha256HashRule',
  doc: 'Sets `minidump_sha256_hash` from what the collector computed.',
  action({ raw, processed }) {
    processed['minidump_sha256_hash'] = dig(raw, 'metadata.dump_checksums.upload_file_minidump') ?? '';
  },
};

export const processType: Rule = {
  name: 'ProcessTypeRule',
  doc: 'Sets `process_type`; a missing one and `main` are `parent`.',
  action({ raw, processed }) {
    const type = raw['ProcessType'];
    processed['process_type'] = type === undefined || type === 'main' ? 'parent' : type;
  },
};

export const plugin: Rule = {
  name: 'PluginRule',
  doc: 'Sets `plugin_filename`, `plugin_name` and `plugin_version` for plug-in processes.',
  predicate: ({ raw }) => raw['ProcessType'] === 'plugin',
  action({ raw, processed }) {
    processed['plugin_filename'] = raw['PluginFilename'] ?? '';
    processed['plugin_name'] = raw['PluginName'] ?? '';
    processed['plugin_version'] = raw['PluginVersion'] ?? '';
  },
};

export const accessibility: Rule = {
  name: 'AccessibilityRule',
  doc: 'Sets `accessibility`: whether the annotation is `Active`.',
  action({ raw, processed }) {
    processed['accessibility'] = raw['Accessibility'] === 'Active';
  },
};

/** The entries of `Add-ons`, the first thousands of them. */
export function addonTexts(list: string, notes: Notes): readonly string[] {
  const max = processorLimits.addonsMax.value;
  const texts = list.split(',', max + 1);
  if (texts.length <= max) return texts;
  notes.add(`of the add-ons only the first ${max} are kept`);
  return texts.slice(0, max);
}

export const addons: Rule = {
  name: 'AddonsRule',
  doc: 'Sets `addons` as `id:version` texts, and `addons_checked`.',
  action({ raw, processed, notes }) {
    const checked = raw['EMCheckCompatibility'];
    processed['addons_checked'] =
      typeof checked === 'boolean' ? checked : typeof checked === 'string' ? checked.toLowerCase() === 'true' : null;
    const list = raw['Add-ons'];
    processed['addons'] =
      typeof list === 'string' && list !== ''
        ? addonTexts(list, notes).map((addon) => unquotePlus(addon.includes(':') ? addon : `${addon}:NO_VERSION`))
        : [];
  },
};

const defaultTheme = '{972ce4c6-7e08-4474-a285-3208198ce6fd}';

export const themePrettyName: Rule = {
  name: 'ThemePrettyNameRule',
  doc: 'Names the default theme among the add-ons.',
  predicate: ({ processed }) => Array.isArray(processed['addons']),
  action({ processed }) {
    const list = processed['addons'];
    if (!Array.isArray(list)) return;
    processed['addons'] = list.map((addon) => {
      if (addon === defaultTheme) return `${defaultTheme} (default theme)`;
      return typeof addon === 'string' && addon.startsWith(`${defaultTheme}:`)
        ? addon.replace(defaultTheme, `${defaultTheme} (default theme)`)
        : addon;
    });
  },
};

export const utilityActorsName: Rule = {
  name: 'UtilityActorsNameRule',
  doc: 'Splits `UtilityActorsName` at commas.',
  predicate: ({ raw }) => typeof raw['UtilityActorsName'] === 'string',
  action({ raw, processed }) {
    processed['utility_actors_name'] = String(raw['UtilityActorsName'])
      .split(',', processorLimits.addonsMax.value)
      .map(trim)
      .filter((name) => name !== '');
  },
};

export const reportType: Rule = {
  name: 'ReportTypeRule',
  doc: 'Sets `report_type`: `hang` for shutdown timeouts, channel errors and watchdog stacks, else `crash`.',
  action({ processed }) {
    const thread = integerOf(dig(processed, 'json_dump.crash_info.crashing_thread') ?? 0);
    const isHang =
      processed['ipc_channel_error'] !== undefined ||
      processed['async_shutdown_timeout'] !== undefined ||
      framesOf(processed['json_dump'], thread).some(
        (frame) => typeof frame['function'] === 'string' && frame['function'].includes('RunWatchdog'),
      );
    processed['report_type'] = isHang ? 'hang' : 'crash';
  },
};

const reasonPlaceholder = 'sanitized--see moz_crash_reason_raw';
const privateReasons = ['Failed to load module', 'byte index', 'do not use eval with system privileges'];

export const mozCrashReason: Rule = {
  name: 'MozCrashReasonRule',
  doc: 'Sets `moz_crash_reason_raw`, and `moz_crash_reason` without the reasons known to quote user data.',
  predicate: ({ raw }) => typeof raw['MozCrashReason'] === 'string' && raw['MozCrashReason'] !== '',
  action({ raw, processed }) {
    const reason = String(raw['MozCrashReason']);
    processed['moz_crash_reason_raw'] = reason;
    processed['moz_crash_reason'] = privateReasons.some((prefix) => reason.startsWith(prefix))
      ? reasonPlaceholder
      : reason;
  },
};

export const javaStackTrace: Rule = {
  name: 'JavaStackTraceRule',
  doc: 'Sets `java_stack_trace_raw`, and `java_stack_trace` without messages, causes and suppressed exceptions.',
  predicate: ({ raw }) => !!raw['JavaStackTrace'],
  action({ raw, processed, notes }) {
    const trace = raw['JavaStackTrace'] ?? null;
    processed['java_stack_trace_raw'] = trace;
    const sanitised = typeof trace === 'string' ? publicJavaStackTrace(trace) : null;
    if (sanitised === null) notes.add('JavaStackTrace: malformed JavaStackTrace');
    processed['java_stack_trace'] = sanitised ?? 'malformed';
  },
};

/**
 * Class line and frames of a Java stack trace; null when a line after the first frame is neither indented by a tab nor
 * the start of a cause. The message is dropped: it may quote anything.
 */
export function publicJavaStackTrace(trace: string): string | null {
  const lines = linesOf(trace);
  const className = trim((lines[0] ?? '').split(':')[0] as string);
  const frames: string[] = [];
  let index = 1;
  while (index < lines.length && !lines[index]?.startsWith('\t')) index++;
  for (; index < lines.length; index++) {
    const line = lines[index] as string;
    if (line.startsWith('Caused by:') || line.startsWith('\tSuppressed:')) break;
    if (line === '') continue;
    if (!line.startsWith('\t')) return null;
    frames.push(line);
  }
  return `${className}\n${frames.join('\n')}`;
}
