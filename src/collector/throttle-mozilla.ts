// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isPythonObject, PythonNumber, type PythonValue, pythonRepr } from '../crash/python-json.ts';
import { readPythonJson } from '../crash/python-json-reader.ts';
import { makeRuleThrottler, type RuleContext, type ThrottleRule, type Throttler } from './throttler.ts';

// The rules of crash-stats.mozilla.org as collector.md §4.3 lists them. Their order is their meaning.

const mozillaProducts = [
  'Fenix',
  'Firefox',
  'Firefox Enterprise',
  'Focus',
  'MozillaVPN',
  'ReferenceBrowser',
  'Thunderbird',
] as const;

export const mozillaProducts2018 = [
  'Firefox',
  'Fennec',
  'FirefoxReality',
  'Focus',
  'GeckoViewExample',
  'ReferenceBrowser',
  'Thunderbird',
  'SeaMonkey',
] as const;

export const mozillaPackageNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['Fenix', ['org.mozilla.firefox', 'org.mozilla.firefox_beta', 'org.mozilla.fenix']],
  ['Focus', ['org.mozilla.focus', 'org.mozilla.focus.beta', 'org.mozilla.focus.nightly', 'org.mozilla.klar']],
  ['ReferenceBrowser', ['org.mozilla.reference.browser']],
]);

const dayUs = 86_400_000_000;
const buildAgeDaysMax = 730;
const lastUnsupportedWindowsBuild = 9600;

function isOldBuildId(buildId: string, { nowUs }: RuleContext): boolean {
  if (!/^20[0-9]{12}$/.test(buildId)) return false;
  const [year, month, day] = [buildId.slice(0, 4), buildId.slice(4, 6), buildId.slice(6, 8)].map(Number) as [
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(year, month - 1, day));
  const isRealDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isRealDate && date.getTime() * 1000 < nowUs - buildAgeDaysMax * dayUs;
}

function isOldInfobarReport(_: string, { text }: RuleContext): boolean {
  const buildId = text('BuildID');
  return (
    text('ProductName') === 'Firefox' &&
    text('SubmittedFromInfobar') === 'true' &&
    /^5[2-9]\./.test(text('Version')) &&
    buildId !== '' &&
    buildId < '20171226'
  );
}

function isB2g(_: string, { products, text, remark }: RuleContext): boolean {
  if (products.includes('B2G') || text('ProductName').toLowerCase() !== 'b2g') return false;
  remark('ProductName B2G: fake accept');
  return true;
}

function isUnsupportedProduct(_: string, { products, text, remark }: RuleContext): boolean {
  const product = text('ProductName');
  if (products.length === 0 || products.includes(product)) return false;
  remark(`ProductName rejected: ${pythonRepr(product)}`);
  return true;
}

function isUnsupportedPackage(_: string, context: RuleContext): boolean {
  const product = context.text('ProductName');
  const packages = context.packageNames.get(product);
  if (!packages) return false;
  if ((context.annotations.get('Android_PackageName') ?? null) === null) {
    context.remark(`Android_PackageName rejected: ${product} no Android_PackageName`);
    return true;
  }
  const packageName = context.text('Android_PackageName');
  if (packages.includes(packageName)) return false;
  context.remark(`Android_PackageName rejected: ${product} ${pythonRepr(packageName)}`);
  return true;
}

function isEsrOnOldWindows(_: string, { text }: RuleContext): boolean {
  if (text('ProductName') !== 'Firefox' || text('ReleaseChannel') !== 'esr') return false;
  const os = memberOf(memberOf(jsonOrNull(text('TelemetryEnvironment')), 'system'), 'os');
  const build = memberOf(os, 'windowsBuildNumber');
  return (
    memberOf(os, 'name') === 'Windows_NT' &&
    build instanceof PythonNumber &&
    build.isInteger &&
    Number(build.text) !== 0 &&
    Number(build.text) <= lastUnsupportedWindowsBuild
  );
}

function jsonOrNull(text: string): PythonValue {
  try {
    return readPythonJson(Buffer.from(text));
  } catch {
    return null;
  }
}

function memberOf(value: PythonValue, name: string): PythonValue {
  return isPythonObject(value) ? (value.get(name) ?? null) : null;
}

const always = () => true;
const backgroundProcesses = new Set(['gpu', 'plugin', 'rdd', 'socket', 'utility']);
const testChannels = new Set(['aurora', 'beta', 'esr']);

const rules = {
  has_old_buildid: { key: 'BuildID', matches: isOldBuildId, result: 'reject' },
  has_hangid_and_browser: {
    key: 'HangID',
    matches: (_, { text }) => text('ProcessType', 'browser') === 'browser',
    result: 'reject',
  },
  infobar_is_true: { key: '*', matches: isOldInfobarReport, result: 'reject' },
  b2g: { key: '*', matches: isB2g, result: 'fakeaccept' },
  unsupported_product: { key: '*', matches: isUnsupportedProduct, result: 'reject' },
  unsupported_packagename: { key: '*', matches: isUnsupportedPackage, result: 'reject' },
  throttleable_0: { key: 'Throttleable', matches: (value) => value === '0', result: 'accept' },
  has_comments: { key: 'Comments', matches: always, result: 'accept' },
  has_email: { key: 'Email', matches: (value) => value.includes('@'), result: 'accept' },
  has_phc: { key: 'PHCKind', matches: always, result: 'accept' },
  is_background: { key: 'ProcessType', matches: (value) => backgroundProcesses.has(value), result: 'accept' },
  is_shutdownkill: {
    key: 'ipc_channel_error',
    matches: (value) => value === 'ShutDownKill',
    result: { percent: 10, hit: 'continue', miss: 'reject' },
  },
  is_firefox_esr_unsupported_windows: {
    key: '*',
    matches: isEsrOnOldWindows,
    result: { percent: 25, hit: 'continue', miss: 'reject' },
  },
  is_alpha_beta_esr: { key: 'ReleaseChannel', matches: (value) => testChannels.has(value), result: 'accept' },
  is_nightly: { key: 'ReleaseChannel', matches: (value) => value.startsWith('nightly'), result: 'accept' },
  is_firefox_desktop: {
    key: '*',
    matches: (_, { text }) => text('ProductName') === 'Firefox' && text('ReleaseChannel') === 'release',
    result: { percent: 10, hit: 'accept', miss: 'reject' },
  },
  accept_everything: { key: '*', matches: always, result: 'accept' },
} satisfies Record<string, Omit<ThrottleRule, 'name'>>;

const since2018 = new Set([
  'has_old_buildid',
  'unsupported_packagename',
  'has_phc',
  'is_background',
  'is_shutdownkill',
]);
since2018.add('is_firefox_esr_unsupported_windows');

function named(isWanted: (name: string) => boolean): ThrottleRule[] {
  return Object.entries(rules)
    .filter(([name]) => isWanted(name))
    .map(([name, rule]) => ({ name, ...rule }));
}

export interface ProductLists {
  /** Undefined = those of the rule set. */
  readonly products?: readonly string[];
  readonly packageNames?: ReadonlyMap<string, readonly string[]>;
}

/** The rules of today. */
export function makeMozillaThrottler(lists: ProductLists = {}): Throttler {
  return makeRuleThrottler({
    name: 'mozilla',
    rules: named((name) => name !== 'has_email'),
    products: lists.products ?? mozillaProducts,
    packageNames: lists.packageNames ?? mozillaPackageNames,
  });
}

/** The rules of Antenna in 2018. */
export function makeMozilla2018Throttler(lists: ProductLists = {}): Throttler {
  return makeRuleThrottler({
    name: 'mozilla-2018',
    rules: named((name) => !since2018.has(name)),
    products: lists.products ?? mozillaProducts2018,
  });
}
