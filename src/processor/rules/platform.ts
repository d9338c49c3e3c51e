// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../../lib/json.ts';
import { integerOf, trim } from '../../lib/python-text.ts';
import { dig } from '../dig.ts';
import type { Rule, RuleContext } from '../rule.ts';

export const cpuInfo: Rule = {
  name: 'CPUInfoRule',
  doc: 'Sets `cpu_info`, `cpu_count`, `cpu_arch` and `cpu_microcode_version`.',
  action({ processed }) {
    const info = dig(processed, 'json_dump.system_info');
    processed['cpu_info'] = valueAt(info, 'cpu_info', 'unknown');
    processed['cpu_count'] = valueAt(info, 'cpu_count', 0);
    processed['cpu_arch'] = valueAt(info, 'cpu_arch', 'unknown');
    const microcode = dig(info, 'cpu_microcode_version');
    if (microcode) processed['cpu_microcode_version'] = microcode;
  },
};

function valueAt(info: JsonValue | undefined, key: string, fallback: JsonValue): JsonValue {
  return dig(info, key) ?? (dig(info, key) === null ? null : fallback);
}

const androidArchitectures: ReadonlyMap<string, string> = new Map([
  ['armeabi-v7a', 'arm'],
  ['arm64-v8a', 'arm64'],
  ['x86_64', 'amd64'],
]);

export const androidCpuInfo: Rule = {
  name: 'AndroidCPUInfoRule',
  doc: 'Fills an unknown `cpu_arch` from `Android_CPU_ABI`.',
  predicate: ({ raw, processed }) =>
    typeof raw['Android_CPU_ABI'] === 'string' &&
    (processed['cpu_arch'] === undefined || processed['cpu_arch'] === 'unknown'),
  action({ raw, processed }) {
    const abi = String(raw['Android_CPU_ABI']);
    processed['cpu_arch'] = androidArchitectures.get(abi) ?? abi;
  },
};

export const osInfo: Rule = {
  name: 'OSInfoRule',
  doc: 'Sets `os_name` and `os_version`.',
  action({ processed }) {
    const info = dig(processed, 'json_dump.system_info');
    const [name, version] = [dig(info, 'os'), dig(info, 'os_ver')];
    processed['os_name'] = typeof name === 'string' ? trim(name) : 'Unknown';
    processed['os_version'] = typeof version === 'string' ? trim(version) : '';
  },
};

export const androidOsInfo: Rule = {
  name: 'AndroidOSInfoRule',
  doc: 'Sets `os_name` to Android and `os_version` to the SDK version where the walker told no other system.',
  predicate: ({ raw, processed }) =>
    typeof raw['Android_Version'] === 'string' &&
    ['unknown', 'android'].includes(String(processed['os_name'] ?? 'Unknown').toLowerCase()),
  action({ raw, processed }) {
    processed['os_name'] = 'Android';
    const sdk = String(raw['Android_Version']).split(' ')[0] as string;
    if (integerOf(sdk) !== null) processed['os_version'] = String(integerOf(sdk));
  },
};

/** Field, the mark of a value that is not known, and the annotation that may know it. */
const platformFallbacks = [
  ['cpu_arch', 'unknown', 'CPUArchitecture'],
  ['cpu_info', 'unknown', 'CPUInfo'],
  ['os_name', 'Unknown', 'OS'],
  ['os_version', '', 'OSVersion'],
] as const;

export const platformInfo: Rule = {
  name: 'PlatformInfoRule',
  doc: 'Fills what is still unknown of CPU and system from annotations.',
  action({ raw, processed }) {
    for (const [field, unknown, annotation] of platformFallbacks) {
      const value = raw[annotation];
      if (processed[field] && processed[field] !== unknown) continue;
      if (typeof value === 'string' && trim(value) !== '') processed[field] = trim(value);
    }
  },
};

/** Names by major.minor, from 1996 on. */
const windowsVersions: ReadonlyMap<string, string> = new Map([
  ['3.5', 'Windows NT'],
  ['4.0', 'Windows NT'],
  ['4.1', 'Windows 98'],
  ['4.9', 'Windows Me'],
  ['5.0', 'Windows 2000'],
  ['5.1', 'Windows XP'],
  ['5.2', 'Windows Server 2003'],
  ['6.0', 'Windows Vista'],
  ['6.1', 'Windows 7'],
  ['6.2', 'Windows 8'],
  ['6.3', 'Windows 8.1'],
  ['10.0', 'Windows 10'],
]);

/** The first build that Microsoft called Windows 11, in its preview of June 2021. */
const windows11Build = 21_996;

export const osPrettyVersion: Rule = {
  name: 'OSPrettyVersionRule',
  doc: 'Sets `os_pretty_version`: Windows 11, macOS 26, OS X 10.15, Android 35, the description of a Linux distribution.',
  action(context) {
    context.processed['os_pretty_version'] = prettyVersionOf(context);
  },
};

function prettyVersionOf({ raw, processed }: RuleContext): string | null {
  const name = processed['os_name'];
  const version = processed['os_version'];
  if (typeof name !== 'string') return null;
  if (name === 'Linux')
    return linuxName(dig(processed, 'json_dump.lsb_release.description'), raw['LinuxLSBDescription']);
  if (typeof version !== 'string') return name;
  if (name === 'Android') return version === '' ? name : `Android ${version}`;
  const [major, minor, build] = version.split('.').map(firstNumber);
  if (major === undefined || minor === undefined || major === null || minor === null) return name;
  if (name.startsWith('Windows')) return windowsName(major, minor, build ?? 0);
  if (name === 'Mac OS X') return macName(major, minor);
  return name;
}

/** `22631 3447` counts as 22631; null where a part does not start with a number. */
function firstNumber(part: string): number | null {
  return integerOf(trim(part).split(' ')[0]);
}

function linuxName(fromDump: JsonValue | undefined, annotation: JsonValue | undefined): string {
  for (const description of [fromDump, annotation])
    if (typeof description === 'string' && trim(description) !== '') return trim(description);
  return 'Linux';
}

export function windowsName(major: number, minor: number, build: number): string {
  if (major === 10 && minor === 0 && build >= windows11Build) return 'Windows 11';
  return windowsVersions.get(`${major}.${minor}`) ?? 'Windows Unknown';
}

export function macName(major: number, minor: number): string {
  if (major >= 11) return `macOS ${major}`;
  return major === 10 && minor >= 0 ? `OS X ${major}.${minor}` : 'OS X Unknown';
}
