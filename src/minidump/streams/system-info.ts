// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../../lib/errors.ts';
import { type CpuArch, registerLayouts } from '../cpu.ts';
import type { Directory } from '../directory.ts';
import { minidumpErrors } from '../errors.ts';
import type { Fields } from '../fields.ts';
import type { OperatingSystem, SystemInfo } from '../model.ts';
import { type NameTable, nameOf } from '../name-table.ts';
import { armCpuInfo } from './arm-cpu-info.ts';

const sizeBytes = 56;

const systemsByPlatformId: NameTable<OperatingSystem> = {
  '0x1': 'Windows NT',
  '0x2': 'Windows NT',
  '0x3': 'Windows NT',
  '0x8101': 'Mac OS X',
  '0x8102': 'iOS',
  '0x8201': 'Linux',
  '0x8202': 'Solaris',
  '0x8203': 'Android',
  '0x8204': 'PS3',
  '0x8205': 'NaCl',
  '0x8206': 'Fuchsia',
};

const cpusByArchitecture: NameTable<CpuArch> = {
  '0x0': 'x86',
  '0x1': 'mips',
  '0x3': 'ppc',
  '0x5': 'arm',
  '0x9': 'amd64',
  '0xa': 'x86',
  '0xc': 'arm64',
  '0x8001': 'sparc',
  '0x8002': 'ppc64',
  '0x8003': 'arm64',
  '0x8004': 'mips64',
};

/**
 * Reads the stream that says system and processor; without it nothing else can be understood.
 * Throws minidump_missing_system_info.
 */
export function readSystemInfo(directory: Directory): SystemInfo {
  const fields = directory.stream('SystemInfo', sizeBytes);
  if (!fields) throw new SalvageError(minidumpErrors.minidump_missing_system_info);
  if (fields.length < sizeBytes)
    throw new SalvageError(
      minidumpErrors.minidump_missing_system_info,
      `The system info stream has ${fields.length} of ${sizeBytes} bytes.`,
    );
  const processorArchitecture = fields.u16(0);
  const cpu = nameOf(cpusByArchitecture, processorArchitecture) ?? 'unknown';
  const platformId = fields.u32(20);
  const os = nameOf(systemsByPlatformId, platformId) ?? 'unknown';
  const csdVersion = directory.reader.utf16(fields.u32(24))?.trim() || null;
  const numbers = [fields.u32(8), fields.u32(12), fields.u32(16)] as const;
  return {
    os,
    platformId,
    ...systemVersion(os, numbers.join('.'), csdVersion),
    csdVersion,
    majorVersion: numbers[0],
    minorVersion: numbers[1],
    buildNumber: numbers[2],
    productType: fields.u8(7),
    suiteMask: fields.u16(28),
    cpu,
    processorArchitecture,
    pointerSizeBytes: registerLayouts[cpu]?.pointerSizeBytes ?? (cpu === 'sparc' ? 4 : 8),
    cpuCount: fields.u8(6),
    cpuInfo: cpuInfo(cpu, fields),
    cpuMicrocodeVersion: null,
  };
}

/**
 * Breakpad and Crashpad leave the numbers at 0.0.0 on Linux and store what `uname -srvmo` says:
 * `Linux 4.9.60 #1 SMP Mon Nov 6 2017 x86_64 Linux/GNU`.
 */
function systemVersion(
  os: OperatingSystem,
  numbers: string,
  csdVersion: string | null,
): Pick<SystemInfo, 'osVersion' | 'osBuild'> {
  if (os !== 'Linux' || numbers !== '0.0.0') return { osVersion: numbers, osBuild: csdVersion };
  const [, release, ...rest] = csdVersion?.split(' ') ?? [];
  if (!release || release === '0.0.0') return { osVersion: numbers, osBuild: csdVersion };
  rest.splice(rest.at(-1) === 'Linux/GNU' ? -2 : -1);
  return { osVersion: release, osBuild: rest.join(' ') };
}

function cpuInfo(cpu: CpuArch, fields: Fields): string | null {
  if (cpu === 'arm') return armCpuInfo(fields.u16(2), fields.u32(32), fields.u32(36));
  if (cpu !== 'x86' && cpu !== 'amd64') return null;
  const revision = fields.u16(4);
  const family = `family ${fields.u16(2)} model ${revision >> 8} stepping ${revision & 0xff}`;
  return cpu === 'x86' ? `${vendorName(fields)} ${family}` : family;
}

/** The vendor is three words of four characters each, the first character in the low byte. */
function vendorName(fields: Fields): string {
  const characters = [32, 36, 40].flatMap((at) =>
    [0, 8, 16, 24].map((shift) => String.fromCharCode((fields.u32(at) >>> shift) & 0xff)),
  );
  return characters.join('');
}
