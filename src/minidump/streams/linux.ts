// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from '../directory.ts';
import { minidumpLimits } from '../limits.ts';
import type { LinuxStreams, LsbRelease, ProcLimit } from '../model.ts';
import type { StreamName } from '../stream-types.ts';
import { decodeUtf8 } from '../text.ts';

const textSizeBytesMax = minidumpLimits.minidumpTextStreamSizeBytesMax.value;

function textOf(directory: Directory, name: StreamName): string | undefined {
  const stream = directory.stream(name, textSizeBytesMax);
  return stream && decodeUtf8(stream.bytes);
}

/** The texts of /proc that Breakpad and Crashpad copy into dumps of Linux and Android. */
export function readLinuxStreams(directory: Directory, memoryMapCount: number | null): LinuxStreams {
  const keyed = (name: StreamName, separator: string): Map<string, string> | null => {
    const text = textOf(directory, name);
    return text === undefined ? null : keyValues(text, separator, '\n');
  };
  const nulSeparated = (name: StreamName): string[] | undefined =>
    textOf(directory, name)
      ?.split('\0')
      .filter((part) => part !== '');
  const environment = nulSeparated('LinuxEnviron');
  return {
    cpuInfo: keyed('LinuxCpuInfo', ':'),
    procStatus: keyed('LinuxProcStatus', ':'),
    commandLine: nulSeparated('LinuxCmdLine') ?? null,
    environment: environment ? keyValues(environment.join('\0'), '=', '\0') : null,
    memoryMapCount,
    auxv: directory.stream('LinuxAuxv', textSizeBytesMax)?.bytes ?? null,
  };
}

/** Trimmed keys and values with surrounding quotes removed; of repeated keys the first counts (CPU 0 of cpuinfo). */
function keyValues(text: string, separator: string, lineEnd: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(lineEnd)) {
    const at = line.indexOf(separator);
    if (at < 0) continue;
    const key = unquoted(line.slice(0, at));
    if (!values.has(key)) values.set(key, unquoted(line.slice(at + 1)));
  }
  return values;
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  return trimmed.length >= 2 && trimmed.startsWith('"') && trimmed.endsWith('"') ? trimmed.slice(1, -1) : trimmed;
}

/** /etc/lsb-release, or os-release where a writer copied that one. */
export function readLsbRelease(directory: Directory): LsbRelease | null {
  const text = textOf(directory, 'LinuxLsbRelease');
  if (text === undefined) return null;
  const values = keyValues(text, '=', '\n');
  const first = (...keys: string[]): string => keys.map((key) => values.get(key)).find(Boolean) ?? '';
  return {
    id: first('DISTRIB_ID', 'ID'),
    release: first('DISTRIB_RELEASE', 'VERSION_ID'),
    codename: first('DISTRIB_CODENAME', 'VERSION_CODENAME'),
    description: first('DISTRIB_DESCRIPTION', 'PRETTY_NAME'),
  };
}

/** /proc/PID/limits: a heading, then rows whose columns stand two or more spaces apart. */
export function readProcLimits(directory: Directory): ProcLimit[] | null {
  const text = textOf(directory, 'MozLinuxLimits');
  if (text === undefined) return null;
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/))
    .filter((columns) => columns.length >= 3)
    .map(([name = '', soft = '', hard = '', unit = 'n/a']) => ({ name, soft: limit(soft), hard: limit(hard), unit }));
}

function limit(text: string): number | 'unlimited' | 'err' {
  if (text === 'unlimited') return text;
  return /^\d+$/.test(text) ? Number(text) : 'err';
}
