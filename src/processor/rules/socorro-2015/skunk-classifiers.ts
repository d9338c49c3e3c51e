// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonValue } from '../../../lib/json.ts';
import { integerOf } from '../../../lib/python-text.ts';
import { dig, textAt } from '../../dig.ts';
import type { Rule, RuleContext } from '../../rule.ts';
import { normalisedFrames } from './signature.ts';
import { classify } from './support-classifiers.ts';

// The "skunk works" of 2012: what hung in Flash plug-ins. The first rule that says true ends the set.

const version = '0.1';

const isUnclassified = ({ processed }: RuleContext) => !dig(processed, 'classifications.skunk_works.classification');

/** Release date of the first builds whose plug-in hangs had all dumps, by major version. */
const firstBuildDate = (major: number) => (major === 18 ? '20121023' : '20121017');

/** Why a crash is not interesting to the classifiers, or null if it is. */
function reasonToReject({ raw, processed }: RuleContext): string | null {
  if (raw['PluginHang'] === undefined || raw['PluginHang'] === '0') return 'not a plugin hang';
  if (raw['ProductName'] !== 'Firefox') return 'not Firefox';
  if (typeof raw['Version'] !== 'string') return 'missing Version';
  const major = integerOf(raw['Version'].split('.')[0]);
  if (major === null) return 'Version is not a number';
  if (typeof raw['BuildID'] !== 'string') return 'missing BuildID';
  const buildDate = raw['BuildID'].slice(0, 8);
  if (!isDate(buildDate)) return 'BuildID is not a date';
  if (major < 17) return 'Firefox version too old';
  if (buildDate < firstBuildDate(major)) return 'build date too old';
  const system = dig(processed, 'json_dump.system_info');
  if (!isJsonObject(processed['json_dump'])) return 'missing json_dump';
  if (dig(system, 'cpu_arch') === 'amd64') return 'x64 architecture';
  if (dig(system, 'cpu_arch') === undefined) return 'no architecture info';
  return additionalDumpFailed(processed) ? 'an additional minidump has an error' : null;
}

function isDate(text: string): boolean {
  const iso = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`;
  return /^\d{8}$/.test(text) && !Number.isNaN(Date.parse(iso));
}

function additionalDumpFailed(processed: RuleContext['processed']): boolean {
  const names = processed['additional_minidumps'];
  return Array.isArray(names) && names.some((name) => !dig(processed[String(name)], 'success'));
}

export const dontConsiderTheseFilter: Rule = {
  name: 'DontConsiderTheseFilter',
  doc: 'Ends the set for crashes that are no hang of a Flash plug-in, with a note that says why.',
  predicate(context) {
    if (!isUnclassified(context)) return false;
    const reason = reasonToReject(context);
    if (reason !== null) context.notes.add(`skunk_classifier: reject - ${reason}`);
    // Here `success` is still the walker's word on the main dump; this last reason leaves no note.
    return reason !== null || !context.processed['success'];
  },
  action: () => true,
};

function pluginDump({ processed }: RuleContext): JsonValue | undefined {
  return processed['process_type'] === 'plugin'
    ? processed['json_dump']
    : dig(processed, 'upload_file_minidump_plugin.json_dump');
}

const flash2Dump = ({ processed }: RuleContext) => dig(processed, 'upload_file_minidump_flash2.json_dump');

const framesToLookAt = 5;

function secondWord(frames: readonly string[], words: readonly string[]): string {
  return words.find((word) => frames.some((frame) => frame.startsWith(word))) ?? 'other';
}

export const setWindowPos: Rule = {
  name: 'SetWindowPos',
  doc: 'Classifies hangs in NtUserSetWindowPos, first of the plug-in process, then of the Flash process.',
  predicate: isUnclassified,
  action(context) {
    const sentinel = 'NtUserSetWindowPos';
    for (const [dump, words] of [
      [pluginDump(context), ['F_320940052', 'F_1378698112', 'F_468782153']],
      [flash2Dump(context), ['F455544145']],
    ] as const) {
      const frames = normalisedFrames(dump, context);
      if (!frames.slice(0, framesToLookAt).some((frame) => frame.startsWith(sentinel))) continue;
      classify(context, 'skunk_works', `${sentinel} | ${secondWord(frames, words)}`, version);
      return true;
    }
    return false;
  },
};

export const nullClassification: Rule = {
  name: 'NullClassification',
  doc: 'Classifies what is left as `not classified`.',
  predicate: isUnclassified,
  action(context) {
    classify(context, 'skunk_works', 'not classified', version);
    return true;
  },
};

/** Frames that must come in this order, other frames between them. */
const updateWindowFrames = [
  'F_1152915508',
  'mozilla::plugins::PluginInstanceChild::UpdateWindowAttributes',
  'mozilla::ipc::RPCChannel::Call',
];

export const updateWindowAttributes: Rule = {
  name: 'UpdateWindowAttributes',
  doc: 'Classifies a known hang of the Flash plug-in (adbe-3355131). In no preset.',
  predicate: isUnclassified,
  action(context) {
    let next = 0;
    for (const frame of normalisedFrames(pluginDump(context), context))
      if (frame.includes(updateWindowFrames[next] ?? '\0')) next++;
    if (next < updateWindowFrames.length) return false;
    classify(context, 'skunk_works', 'adbe-3355131', version);
    return true;
  },
};

export const sendWaitReceivePort: Rule = {
  name: 'SendWaitReceivePort',
  doc: 'Classifies hangs in NtAlpcSendWaitReceivePort of the Flash process. In no preset.',
  predicate: isUnclassified,
  action(context) {
    const frames = normalisedFrames(flash2Dump(context), context).slice(0, framesToLookAt);
    if (!frames.some((frame) => frame.startsWith('NtAlpcSendWaitReceivePort'))) return false;
    classify(context, 'skunk_works', 'NtAlpcSendWaitReceivePort', version);
    return true;
  },
};

export const bug811804: Rule = {
  name: 'Bug811804',
  doc: 'Classifies one exact signature of the Flash process, a wait for messages. In no preset.',
  predicate: isUnclassified,
  action(context) {
    const signature = textAt(context.processed, 'upload_file_minidump_flash2.signature');
    if (!/^hang \| NtUserWaitMessage \| F34033164_*$/.test(signature)) return false;
    classify(context, 'skunk_works', 'bug811804-NtUserWaitMessage', version);
    return true;
  },
};

export const bug812318: Rule = {
  name: 'Bug812318',
  doc: 'Classifies hangs in NtUserPeekMessage of the Flash process, by a second function. In no preset.',
  predicate: isUnclassified,
  action(context) {
    const frames = normalisedFrames(flash2Dump(context), context);
    if (!frames.slice(0, framesToLookAt).some((frame) => frame.startsWith('NtUserPeekMessage'))) return false;
    const isKnown = frames.some((frame) => frame.startsWith('F849276792'));
    classify(context, 'skunk_works', isKnown ? 'bug812318-PeekMessage' : 'NtUserPeekMessage-other', version);
    return true;
  },
};
