// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Fields } from './fields.ts';
import { minidumpLimits } from './limits.ts';
import type { Module, OperatingSystem } from './model.ts';
import { decodeCString, hexOfBytes } from './text.ts';

/** What identifies the image and its debug file (stackwalker.md §5). */
export type ModuleIdentity = Pick<Module, 'codeView' | 'codeId' | 'debugFile' | 'debugId'>;

/** What of the module record takes part. */
export interface ModuleRecord {
  readonly os: OperatingSystem;
  readonly codeFile: string;
  readonly timeDateStamp: number;
  readonly sizeBytes: number;
}

const rsds = 0x53445352;
const nb10 = 0x3031424e;
const elfBuildId = 0x4270454c;

/** Identity from the module's CodeView record, undefined when it has none. */
export function moduleIdentity(codeView: Fields | undefined, module: ModuleRecord): ModuleIdentity {
  const signature = codeView && codeView.length >= 4 ? codeView.u32(0) : 0;
  if (codeView && signature === rsds && codeView.length >= 24) return pdb70Identity(codeView, module);
  if (codeView && signature === nb10 && codeView.length >= 16) return pdb20Identity(codeView, module);
  if (codeView && signature === elfBuildId) return elfIdentity(codeView, module);
  const codeId = module.os === 'Windows NT' ? timeAndSizeCodeId(module) : null;
  return { codeView: codeView ? 'unknown' : 'none', codeId, debugFile: null, debugId: null };
}

/** Code id of a PE image: time stamp in 8 digits and image size, as the Microsoft symbol server has it. */
export function timeAndSizeCodeId(module: Pick<ModuleRecord, 'timeDateStamp' | 'sizeBytes'>): string {
  return module.timeDateStamp.toString(16).padStart(8, '0') + module.sizeBytes.toString(16);
}

function pdb70Identity(codeView: Fields, module: ModuleRecord): ModuleIdentity {
  const guid = guidHex(codeView, 4);
  // Breakpad on macOS writes the Mach-O uuid as an RSDS record.
  const isApple = module.os === 'Mac OS X' || module.os === 'iOS';
  return {
    codeView: 'pdb70',
    codeId: isApple ? guid : timeAndSizeCodeId(module),
    debugFile: fileName(codeView, 24),
    debugId: isZero(guid) ? null : guid.toUpperCase() + codeView.u32(20).toString(16),
  };
}

function pdb20Identity(codeView: Fields, module: ModuleRecord): ModuleIdentity {
  const stamp = codeView.u32(8).toString(16).toUpperCase().padStart(8, '0');
  return {
    codeView: 'pdb20',
    codeId: timeAndSizeCodeId(module),
    debugFile: fileName(codeView, 16),
    debugId: stamp + codeView.u32(12).toString(16),
  };
}

function elfIdentity(codeView: Fields, module: ModuleRecord): ModuleIdentity {
  const buildId = codeView.bytes.subarray(4, 4 + minidumpLimits.minidumpBuildIdSizeBytesMax.value);
  const codeId = hexOfBytes(buildId);
  const hasBuildId = !isZero(codeId);
  return {
    codeView: 'elf',
    codeId: hasBuildId ? codeId : null,
    debugFile: module.codeFile,
    debugId: hasBuildId ? elfDebugId(buildId) : null,
  };
}

function fileName(codeView: Fields, at: number): string {
  return decodeCString(codeView.bytes.subarray(at, at + minidumpLimits.minidumpStringLengthMax.value));
}

/** The first 16 bytes of the build id read as a little-endian GUID, then age 0. */
function elfDebugId(buildId: Uint8Array): string | null {
  const bytes = new Uint8Array(16);
  bytes.set(buildId.subarray(0, 16));
  for (const [from, to] of [
    [0, 4],
    [4, 6],
    [6, 8],
  ])
    bytes.subarray(from, to).reverse();
  const hex = hexOfBytes(bytes);
  return isZero(hex) ? null : hex.toUpperCase() + '0';
}

/** A GUID (u32, u16, u16 in the dump's byte order, 8 bytes) as 32 lower-case digits in field order. */
export function guidHex(fields: Fields, at: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  return (
    hex(fields.u32(at), 8) +
    hex(fields.u16(at + 4), 4) +
    hex(fields.u16(at + 6), 4) +
    hexOfBytes(fields.bytes.subarray(at + 8, at + 16))
  );
}

/** Lower-case canonical form of a GUID with hyphens; null when it is all zero, which means "not set". */
export function guidText(fields: Fields, at: number): string | null {
  const hex = guidHex(fields, at);
  return isZero(hex) ? null : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function isZero(hex: string): boolean {
  return /^0*$/.test(hex);
}
