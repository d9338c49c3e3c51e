// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { integerOf, unquotePlus } from '../../../lib/python-text.ts';
import type { Rule, RuleContext } from '../../rule.ts';
import { isoDate, secondsOf, submittedTimestampOf } from '../dates-and-times.ts';
import { type WalkWording, walkAllDumps } from '../minidump-stackwalk.ts';
import { addonTexts } from '../report.ts';

const wordingOf2015: WalkWording = {
  notJson: (walker) => `${walker} output failed in json: not valid json`,
  notObject: (text) => `MDSW produced unexpected output: ${text.slice(0, 10)}...`,
  killed: 'MDSW terminated with SIGKILL due to timeout',
  // The command line that stood here in 2015 told paths of the server.
  failed: (dumpName, _code, status) => `MDSW failed on '${dumpName}': ${status}`,
};

export const breakpadStackwalkerRule2015: Rule = {
  name: 'BreakpadStackwalkerRule2015',
  doc: 'Walks every dump whose name starts with `upload_file_minidump`; sets `json_dump` and what goes with it.',
  async action(context) {
    await walkAllDumps(context, wordingOf2015);
    return true;
  },
};

export const productRule: Rule = {
  name: 'ProductRule',
  doc: 'Copies product, version, channel, build and distributor.',
  action({ raw, processed }) {
    processed['product'] = raw['ProductName'] ?? '';
    processed['version'] = raw['Version'] ?? '';
    processed['productid'] = raw['ProductID'] ?? '';
    processed['distributor'] = raw['Distributor'] ?? null;
    processed['distributor_version'] = raw['Distributor_version'] ?? null;
    processed['release_channel'] = raw['ReleaseChannel'] ?? '';
    processed['ReleaseChannel'] = raw['ReleaseChannel'] ?? '';
    processed['build'] = raw['BuildID'] ?? '';
    return true;
  },
};

export const userDataRule: Rule = {
  name: 'UserDataRule',
  doc: 'Copies what the user wrote; all of it is protected.',
  action({ raw, processed }) {
    processed['url'] = raw['URL'] ?? null;
    processed['user_comments'] = raw['Comments'] ?? null;
    processed['email'] = raw['Email'] ?? null;
    processed['user_id'] = '';
    return true;
  },
};

export const environmentRule: Rule = {
  name: 'EnvironmentRule',
  doc: 'Copies `Notes` to `app_notes`.',
  action({ raw, processed }) {
    processed['app_notes'] = raw['Notes'] ?? '';
    return true;
  },
};

export const pluginRule2015: Rule = {
  name: 'PluginRule',
  doc: 'Sets `hangid`, `hang_type`, `process_type` and the plug-in fields.',
  action({ raw, processed }) {
    const pluginHang = integerOf(raw['PluginHang']) ?? 0;
    const hang = integerOf(raw['Hang']) ?? 0;
    const hangId = pluginHang !== 0 ? `fake-${raw['uuid']}` : (raw['HangID'] ?? null);
    processed['hangid'] = hangId;
    processed['hang_type'] = hang !== 0 ? 1 : pluginHang !== 0 || hangId ? -1 : 0;
    processed['process_type'] = raw['ProcessType'] ?? null;
    if (raw['ProcessType'] !== 'plugin') return true;
    for (const name of ['PluginFilename', 'PluginName', 'PluginVersion']) processed[name] = raw[name] ?? '';
    return true;
  },
};

export const addonsRule2015: Rule = {
  name: 'AddonsRule',
  doc: 'Sets `addons` as pairs of id and version, and `addons_checked`.',
  action({ raw, processed, notes }) {
    const checked = raw['EMCheckCompatibility'];
    processed['addons_checked'] = checked === undefined ? null : String(checked).toLowerCase() === 'true';
    const list = raw['Add-ons'];
    processed['addons'] =
      typeof list === 'string' && list !== ''
        ? addonTexts(list, notes).map((addon) => {
            const colon = addon.indexOf(':');
            if (colon < 0) notes.add(`add-on "${addon}" is a bad name and/or version`);
            const [id, version] = colon < 0 ? [addon, ''] : [addon.slice(0, colon), addon.slice(colon + 1)];
            return [unquotePlus(id), unquotePlus(version)];
          })
        : [];
    return true;
  },
};

const postgresBigIntMax = 2 ** 63;

export const datesAndTimesRule2015: Rule = {
  name: 'DatesAndTimesRule',
  doc: 'Sets the dates, `crash_time`, `uptime`, `install_age` and `last_crash`.',
  action(context) {
    const { raw, processed } = context;
    const submitted = submittedTimestampOf(context);
    if (submitted === null) return false;
    processed['submitted_timestamp'] = submitted;
    processed['date_processed'] = submitted;
    const submittedS = secondsOf(submitted);
    const oldCrashTime =
      raw['timestamp'] === undefined ? submittedS : noted(raw['timestamp'], 'value of "timestamp"', context);
    const crashTime = crashTimeOf2015(context, oldCrashTime);
    processed['crash_time'] = crashTime;
    if (crashTime === submittedS) context.notes.add('client_crash_date is unknown');
    processed['client_crash_date'] = isoDate(crashTime);
    const startup =
      raw['StartupTime'] === undefined ? crashTime : noted(raw['StartupTime'], 'value of "StartupTime"', context);
    const install =
      raw['InstallTime'] === undefined ? startup : noted(raw['InstallTime'], 'value of "InstallTime"', context);
    processed['install_age'] = crashTime - install;
    processed['uptime'] = Math.max(0, crashTime - startup);
    processed['last_crash'] = lastCrashOf2015(context);
    return true;
  },
};

function noted(value: unknown, what: string, { notes }: RuleContext): number {
  const integer = integerOf(value);
  if (integer === null) notes.add(`non-integer ${what}`);
  return integer ?? 0;
}

function crashTimeOf2015({ raw, notes }: RuleContext, oldCrashTime: number): number {
  const value = raw['CrashTime'];
  if (value === undefined) {
    notes.add('WARNING: raw_crash missing CrashTime');
    return oldCrashTime;
  }
  if (typeof value !== 'string') {
    notes.add('WARNING: raw_crash[CrashTime] contains unexpected value: it is no text');
    return oldCrashTime;
  }
  const seconds = integerOf(value.slice(0, 10));
  if (seconds === null) notes.add(`non-integer value of "CrashTime" (${value.slice(0, 10)})`);
  return seconds ?? 0;
}

/** Unlike today, a missing value is noted too. */
function lastCrashOf2015({ raw, notes }: RuleContext): number | null {
  const seconds = integerOf(raw['SecondsSinceLastCrash']);
  if (seconds === null) notes.add('non-integer value of "SecondsSinceLastCrash"');
  if (seconds === null || seconds < postgresBigIntMax) return seconds;
  notes.add('"SecondsSinceLastCrash" larger than MAXINT - set to NULL');
  return null;
}

export const javaProcessRule: Rule = {
  name: 'JavaProcessRule',
  doc: 'Copies the Java stack trace.',
  action({ raw, processed }) {
    raw['JavaStackTrace'] ??= null;
    processed['java_stack_trace'] = raw['JavaStackTrace'];
    return true;
  },
};

export const winsockLspRule: Rule = {
  name: 'Winsock_LSPRule',
  doc: 'Copies the network providers of Windows.',
  action({ raw, processed }) {
    processed['Winsock_LSP'] = raw['Winsock_LSP'] ?? null;
    return undefined;
  },
};
