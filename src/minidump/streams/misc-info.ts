// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from '../directory.ts';
import type { MiscInfo } from '../model.ts';
import { decodeUtf16Field } from '../text.ts';

/** Sizes of the five versions of the structure; what is present is the largest that fits. */
const versionSizesBytes = [24, 44, 232, 832, 1364] as const;

const flagProcessId = 0x1;
const flagProcessTimes = 0x2;
const flagProcessorPower = 0x4;
const flagBuildString = 0x100;

/** Process id, times and build strings of the process. */
export function readMiscInfo(directory: Directory): MiscInfo | null {
  const fields = directory.stream('MiscInfo', versionSizesBytes[4]);
  if (!fields) return null;
  const sizeBytes = versionSizesBytes.findLast((size) => size <= fields.length);
  if (sizeBytes === undefined) {
    directory.reader.warn('MiscInfo', `has only ${fields.length} bytes`);
    return null;
  }
  const flags = fields.u32(4);
  const number = (flag: number, at: number, sizeBytesMin: number): number | null =>
    flags & flag && sizeBytes >= sizeBytesMin ? fields.u32(at) : null;
  const text = (at: number, length: number): string | null =>
    flags & flagBuildString && sizeBytes >= 832
      ? decodeUtf16Field(fields.bytes.subarray(at, at + length), directory.header.isBigEndian)
      : null;
  return {
    processId: number(flagProcessId, 8, 24),
    processCreateTimeS: number(flagProcessTimes, 12, 24),
    processUserTimeS: number(flagProcessTimes, 16, 24),
    processKernelTimeS: number(flagProcessTimes, 20, 24),
    processorMaxMhz: number(flagProcessorPower, 24, 44),
    processorCurrentMhz: number(flagProcessorPower, 28, 44),
    buildString: text(232, 520),
    debugBuildString: text(752, 80),
  };
}
