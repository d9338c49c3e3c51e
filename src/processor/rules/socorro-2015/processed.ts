// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts';
import { integerOf, trim } from '../../../lib/python-text.ts';
import { dig, framesOf, objectsIn, textAt } from '../../dig.ts';
import type { Rule } from '../../rule.ts';
import { missingSymbolsRecord } from '../missing-symbols-record.ts';
import { windowsName } from '../platform.ts';

export const crashingThreadRule: Rule = {
  name: 'CrashingThreadRule',
  doc: 'Sets `crashedThread`, `truncated`, `address` and `reason`.',
  action({ processed, notes }) {
    const dump = processed['json_dump'];
    const thread = dig(dump, 'crash_info.crashing_thread') ?? null;
    processed['crashedThread'] = thread;
    if (thread === null) notes.add('MDSW did not identify the crashing thread');
    processed['truncated'] = dig(dump, 'crashing_thread.frames_truncated') ?? false;
    processed['address'] = dig(dump, 'crash_info.address') ?? null;
    processed['reason'] = dig(dump, 'crash_info.type') ?? null;
    return true;
  },
};

export const cpuInfoRule2015: Rule = {
  name: 'CPUInfoRule',
  doc: 'Sets `cpu_info`, with the count, and `cpu_name`.',
  action({ processed }) {
    const info = dig(processed, 'json_dump.system_info');
    processed['cpu_info'] = '';
    processed['cpu_name'] = '';
    if (!isJsonObject(info)) return false;
    const count = info['cpu_count'];
    const text = textAt(info, 'cpu_info');
    processed['cpu_info'] = count === undefined || count === null ? text : `${text} | ${count}`;
    processed['cpu_name'] = textAt(info, 'cpu_arch');
    return true;
  },
};

export const osInfoRule2015: Rule = {
  name: 'OSInfoRule',
  doc: 'Sets `os_name` and `os_version`.',
  action({ processed }) {
    const info = dig(processed, 'json_dump.system_info');
    processed['os_name'] = trim(textAt(info, 'os'));
    processed['os_version'] = trim(textAt(info, 'os_ver'));
    return isJsonObject(info);
  },
};

export const betaVersionRule2015: Rule = {
  name: 'BetaVersionRule',
  doc: 'Finds the full version of a beta by its build id, whatever the product; appends `b0` when it is not known.',
  predicate: ({ processed }) => textAt(processed, 'release_channel').toLowerCase() === 'beta',
  async action({ processed, notes, services }) {
    const { product, version, build } = processed;
    if (typeof product !== 'string' || typeof version !== 'string') return false;
    const buildId = integerOf(build);
    const full =
      buildId === null
        ? null
        : await services.versions.versionOf({ product, channel: 'beta', buildId: String(buildId) });
    processed['version'] = full ?? `${version}b0`;
    if (full === null)
      notes.add('release channel is beta but no version data was found - added "b0" suffix to version number');
    return true;
  },
};

export const exploitabilityRule: Rule = {
  name: 'ExploitablityRule',
  doc: 'Copies what the walker thought of exploitability (the misspelt name is the original).',
  action({ processed, notes }) {
    const exploitability = dig(processed, 'json_dump.sensitive.exploitability');
    processed['exploitability'] = exploitability ?? 'unknown';
    if (exploitability === undefined) notes.add('exploitability information missing');
    return true;
  },
};

/** Names of the player's libraries. In the first two the version is part of the name, with `_` for `.`. */
const flashNames: readonly (readonly [RegExp, boolean])[] = [
  [/^NPSWF32_?(.*)\.dll/, true],
  [/^FlashPlayerPlugin_?(.*)\.exe/, true],
  [/^libflashplayer(.*)\.(.*)/, false],
  [/^Flash ?Player-?(.*)/, false],
];

function flashVersionOf(module: JsonObject): string | null {
  for (const [pattern, hasUnderscores] of flashNames) {
    const match = pattern.exec(textAt(module, 'filename'));
    if (!match) continue;
    const fromName = hasUnderscores ? (match[1] ?? '').replaceAll('_', '.') : (match[1] ?? '');
    return textAt(module, 'version') || fromName || null;
  }
  return null;
}

export const flashVersionRule: Rule = {
  name: 'FlashVersionRule',
  doc: 'Sets `flash_version` from the first module that is a Flash player, else `[blank]`.',
  action({ processed }) {
    processed['flash_version'] = '';
    const modules = dig(processed, 'json_dump.modules');
    if (!Array.isArray(modules)) return false;
    const versions = objectsIn(modules).map(flashVersionOf);
    processed['flash_version'] = versions.find((version) => version !== null) ?? '[blank]';
    return true;
  },
};

export const osPrettyVersionRule2015: Rule = {
  name: 'OSPrettyVersionRule',
  doc: 'Sets `os_pretty_version` for Windows and OS X; other systems keep their name.',
  action({ processed }) {
    processed['os_pretty_version'] = prettyName(processed['os_name'], processed['os_version']);
    return true;
  },
};

function prettyName(name: JsonValue | undefined, version: JsonValue | undefined): string | null {
  if (typeof name !== 'string') return null;
  const [major, minor] = (typeof version === 'string' ? version : '').split('.').map((part) => integerOf(part));
  if (major === undefined || minor === undefined) return name;
  if (name.startsWith('Windows'))
    return major === null || minor === null ? 'Windows Unknown' : windowsName(major, minor, 0);
  if (name !== 'Mac OS X') return name;
  return major === 10 && minor !== null && minor >= 0 && minor <= 19 ? `OS X 10.${minor}` : 'OS X Unknown';
}

export const topMostFilesRule2015: Rule = {
  name: 'TopMostFilesRule',
  doc: 'Sets `topmost_filenames` to the first source file on the crashing stack.',
  action({ processed, notes }) {
    processed['topmost_filenames'] = null;
    for (const key of ['json_dump', 'json_dump.crash_info.crashing_thread', 'json_dump.threads'])
      if ((dig(processed, key) ?? null) === null) {
        notes.add(`no 'topmost_file' name because '${key.split('.').at(-1)}' is missing`);
        return false;
      }
    const frames = framesOf(processed['json_dump'], dig(processed, 'json_dump.crash_info.crashing_thread'));
    const file = frames.map((frame) => textAt(frame, 'file')).find((name) => name !== '');
    processed['topmost_filenames'] = file ?? null;
    return true;
  },
};

export const missingSymbolsRule2015: Rule = {
  ...missingSymbolsRecord,
  name: 'MissingSymbolsRule',
};

const defaultTheme = '{972ce4c6-7e08-4474-a285-3208198ce6fd}';

export const themePrettyNameRule2015: Rule = {
  name: 'ThemePrettyNameRule',
  doc: 'Names the default theme among the add-ons. In no preset; it came in late 2016.',
  predicate: ({ processed }) =>
    Array.isArray(processed['addons']) &&
    processed['addons'].some((addon) => Array.isArray(addon) && addon[0] === defaultTheme),
  action({ processed }) {
    for (const addon of processed['addons'] as JsonValue[])
      if (Array.isArray(addon) && addon[0] === defaultTheme) addon[0] = `${defaultTheme} (default theme)`;
    return true;
  },
};
