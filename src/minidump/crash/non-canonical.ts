// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Exception, SystemInfo } from '../model.ts';
import { memoryOperationOf } from './memory-operation.ts';

/** True for the addresses that 48-bit amd64 cannot hold. */
export function isNonCanonical(address: bigint): boolean {
  return address >= 0x0000_8000_0000_0000n && address <= 0xffff_7fff_ffff_ffffn;
}

const sigBus = 7;
const sigSegv = 11;
const siKernel = 0x80;
const excBadAccess = 1;
const excI386Gpflt = 13;

/**
 * True when the system reports a general protection fault, for which the processor does not say the address: amd64
 * raises it for accesses to non-canonical addresses. Each system puts another number in the address's place.
 */
export function isProtectionFault(
  exception: Exception,
  systemInfo: Pick<SystemInfo, 'os' | 'cpu'>,
  address: bigint,
): boolean {
  if (systemInfo.cpu !== 'amd64') return false;
  switch (systemInfo.os) {
    case 'Windows NT':
      return memoryOperationOf(exception, systemInfo.os) === 'read' && address === 0xffff_ffff_ffff_ffffn;
    case 'Mac OS X':
      return exception.code === excBadAccess && exception.flags === excI386Gpflt && address === 0n;
    case 'Linux':
      return (
        (exception.code === sigSegv || exception.code === sigBus) && exception.flags === siKernel && address === 0n
      );
    default:
      return false;
  }
}
