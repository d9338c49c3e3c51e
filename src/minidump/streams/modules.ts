// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from '../directory.ts';
import type { Fields } from '../fields.ts';
import { minidumpLimits } from '../limits.ts';
import { readExtendedList, readList } from '../list-stream.ts';
import type { Module, OperatingSystem, UnloadedModule } from '../model.ts';
import { moduleIdentity, timeAndSizeCodeId } from '../module-identity.ts';

const modulesMax = minidumpLimits.minidumpModulesMax.value;
const codeViewSizeBytesMax = minidumpLimits.minidumpCodeViewSizeBytesMax.value;
const moduleSizeBytes = 108;
const unloadedModuleSizeBytes = 24;

/** Reads the modules in dump order; a broken name or identity leaves those fields empty, not the module out. */
export function readModules(directory: Directory, os: OperatingSystem): Module[] {
  const { reader } = directory;
  const list = readList(directory, 'ModuleList', moduleSizeBytes, modulesMax);
  return Array.from({ length: list.count }, (_, index) => {
    const entry = list.entry(index);
    const name = reader.utf16(entry.u32(20));
    if (name === undefined) reader.warn('ModuleList', `the name of module ${index} cannot be read`);
    const codeViewLocation = reader.locationAt(entry, 76);
    const codeView = reader.locatedFields(codeViewLocation, codeViewSizeBytesMax);
    if (!codeView && codeViewLocation.sizeBytes > 0)
      reader.warn('ModuleList', `the debug information of module ${index} cannot be read`);
    const codeFile = name ?? '';
    const sizeBytes = entry.u32(8);
    const timeDateStamp = entry.u32(16);
    return {
      index,
      ...rangeOf(entry, sizeBytes),
      checksum: entry.u32(12),
      timeDateStamp,
      codeFile,
      version: fileVersion(entry, os),
      ...moduleIdentity(codeView, { os, codeFile, timeDateStamp, sizeBytes }),
    };
  });
}

/** Reads the modules that were unloaded before the crash, in dump order; ranges may overlap and repeat. */
export function readUnloadedModules(directory: Directory): UnloadedModule[] {
  const { reader } = directory;
  const list = readExtendedList(directory, 'UnloadedModuleList', unloadedModuleSizeBytes, modulesMax);
  return Array.from({ length: list.count }, (_, index) => {
    const entry = list.entry(index);
    const codeFile = reader.utf16(entry.u32(20));
    if (codeFile === undefined) reader.warn('UnloadedModuleList', `the name of module ${index} cannot be read`);
    const sizeBytes = entry.u32(8);
    const timeDateStamp = entry.u32(16);
    return {
      ...rangeOf(entry, sizeBytes),
      checksum: entry.u32(12),
      timeDateStamp,
      codeFile: codeFile ?? '',
      codeId: timeAndSizeCodeId({ timeDateStamp, sizeBytes }),
    };
  });
}

/** A module that would pass the end of the address space has no range. */
function rangeOf(entry: Fields, sizeBytes: number): Pick<Module, 'base' | 'sizeBytes' | 'end'> {
  const base = entry.u64(0);
  const end = base + BigInt(sizeBytes);
  return { base, sizeBytes, end: end > 1n << 64n ? base : end };
}

/** VS_FIXEDFILEINFO: halves of two words on Windows and macOS, four words elsewhere. */
function fileVersion(entry: Fields, os: OperatingSystem): string | null {
  const [signature, structVersion] = [entry.u32(24), entry.u32(28)];
  if (signature !== 0xfeef04bd || structVersion !== 0x10000) return null;
  const [high, low, productHigh, productLow] = [entry.u32(32), entry.u32(36), entry.u32(40), entry.u32(44)];
  const hasHalves = os === 'Windows NT' || os === 'Mac OS X' || os === 'iOS';
  const numbers = hasHalves
    ? [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff]
    : [high, low, productHigh, productLow];
  return numbers.join('.');
}
