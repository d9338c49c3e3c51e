// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Exception, MappedRange, OperatingSystem } from '../model.ts';
import { accessViolation } from './windows-reason.ts';

/** What the crashing instruction wanted of memory, as far as the system tells. */
export type MemoryOperation = 'read' | 'write' | 'execute' | 'unknown';

const operationsByParameter: Readonly<Record<string, MemoryOperation>> = { 0: 'read', 1: 'write', 8: 'execute' };

/** Only Windows says in the exception what was tried. */
export function memoryOperationOf(exception: Exception, os: OperatingSystem): MemoryOperation {
  if (os !== 'Windows NT' || exception.code !== accessViolation) return 'unknown';
  return operationsByParameter[String(exception.parameters[0])] ?? 'unknown';
}

/** True if that mapping lets the operation through; an unknown operation is let through by everything that is mapped. */
export function isAllowedIn(range: MappedRange, operation: MemoryOperation): boolean {
  if (range.isFree) return false;
  if (operation === 'read') return range.isReadable;
  if (operation === 'write') return range.isWritable;
  return operation === 'execute' ? range.isExecutable : true;
}
