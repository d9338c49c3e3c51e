// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFile } from 'node:fs/promises';
import { SalvageError } from '../lib/errors.ts';
import { clientErrors } from './errors.ts';

/** What a process and its children have used so far. */
export interface ProcessUsage {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly processCount: number;
}

/** USER_HZ, which Linux shows to programs as 100 on every architecture. */
const ticksPerSecond = 100;

/** Reads a process tree of this machine from /proc (Linux only); throws `bad_argument` for a process that is not there. */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  const one = await ownUsage(pid).catch((cause: unknown) => {
    throw new SalvageError(clientErrors.bad_argument, `process ${pid} cannot be seen from here`, { cause });
  });
  const children = await childrenOf(pid);
  // A child may end between the listing and the look at it.
  const others = await Promise.all(children.map((child) => usageOf(child).catch(() => null)));
  return others.reduce<ProcessUsage>(
    (sum, other) => ({
      cpuMs: sum.cpuMs + (other?.cpuMs ?? 0),
      rssMb: sum.rssMb + (other?.rssMb ?? 0),
      processCount: sum.processCount + (other?.processCount ?? 0),
    }),
    one,
  );
}

async function ownUsage(pid: number): Promise<ProcessUsage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1'),
    readFile(`/proc/${pid}/status`, 'latin1'),
  ]);
  // The name of the program stands in brackets and may hold spaces; fields 14 and 15 are user and system time.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return {
    cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond,
    rssMb: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024),
    processCount: 1,
  };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}
