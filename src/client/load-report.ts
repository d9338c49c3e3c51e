// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { LoadResult } from './load.ts';

/** What the server’s processes used, where they could be seen. */
export interface ServerUse {
  readonly cpuMsPerReport: number;
  /** CPU seconds a second. */
  readonly cpuCores: number;
  readonly rssMb: number;
  readonly processCount: number;
}

/** The figures of a load test for people. */
export function loadReport(result: LoadResult & { readonly server: ServerUse | null }): string {
  const { count, failed, elapsedS, server } = result;
  const lines = [
    `${count} reports taken, ${failed} not, in ${elapsedS} s: ${result.requestsPerSecond}/s, ${result.sentMegabytesPerSecond} MB/s`,
    `answer after  p50 ${result.p50Ms} ms   p90 ${result.p90Ms} ms   p99 ${result.p99Ms} ms   p99.9 ${result.p999Ms} ms   longest ${result.maxMs} ms`,
    ...Object.entries(result.answers).map(([kind, times]) => `${String(times).padStart(8)}  ${kind}`),
  ];
  if (result.waited > 0)
    lines.push(
      `${result.waited} reports were due while every connection was busy, ${result.unsent} of them were never sent`,
    );
  if (server)
    lines.push(
      `server: ${server.cpuMsPerReport} ms CPU a report, ${server.cpuCores} cores, ${server.rssMb} MB in ${server.processCount} process(es)`,
    );
  return `${lines.join('\n')}\n`;
}
