// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

const kib = 1024;
const mib = 1024 * kib;

export const collectorLimits = declareLimits({
  bodySizeBytesMax: {
    value: 25 * mib,
    unit: 'bytes',
    reason:
      'Body as received; Antenna’s nginx has this limit. The profiles of 2018 and 2016 have 20 MiB, as their proxies had.',
  },
  decodedSizeBytesMax: {
    value: 256 * mib,
    unit: 'bytes',
    reason:
      'Body after gunzip. Real dumps shrink to a third, sparse ones to a twentieth; a bomb shrinks to a thousandth and is cut off here.',
  },
  gzipAtOnceBytesMax: {
    value: mib,
    unit: 'bytes',
    reason:
      'Up to here a gzip body is inflated in one call once it is complete (half the CPU of doing it in pieces); p95 of real reports is below.',
  },
  gzipAtOnceDecodedBytesMax: {
    value: 4 * mib,
    unit: 'bytes',
    reason:
      'Output of that one call, which holds up everything else for its time: about 10 ms for 4 MiB. Larger bodies go through the thread pool.',
  },
  headBytesFirst: {
    value: 16 * kib,
    unit: 'bytes',
    reason:
      'Compressed bytes inflated first when only the head is validated: annotations take about 11 KB of a gzip body.',
  },
  keptBytesMax: {
    value: mib,
    unit: 'bytes',
    reason:
      'Begin of a body kept in memory while the rules reject it, in case a later part turns the verdict; beyond it the body goes to the spool.',
  },
  smallChunkBytes: {
    value: 4 * kib,
    unit: 'bytes',
    reason: 'Smaller pieces are joined first: a body sent byte by byte must not become a million objects.',
  },
  memoryBytesMax: {
    value: 64 * mib,
    unit: 'bytes',
    reason:
      'Annotations and compressed bodies held by all requests together; beyond it requests wait unread. Bodies on their way to disk count in the spool’s own limit.',
  },
  inFlightMax: {
    value: 4096,
    unit: 'items',
    reason:
      'Requests being received at once: 1,000 trickling clients beside a full load are normal, each costs about 60 KB.',
  },
  idleMsMax: {
    value: 70_000,
    unit: 'ms',
    reason:
      'Without a byte of the body for so long the client gets 408; Antenna’s nginx has 70 s, above the timeout of usual load balancers.',
  },
  receiveMsMax: {
    value: 600_000,
    unit: 'ms',
    reason: 'Whole time for one body: 25 MiB at 44 KB/s. Slower clients hold a place for nothing.',
  },
  headersMsMax: { value: 30_000, unit: 'ms', reason: 'Time for the request head, which fits into one packet.' },
  keepAliveMs: {
    value: 75_000,
    unit: 'ms',
    reason:
      'Above the 60 s of usual load balancers: who closes first must be them, or they send into a closed connection.',
  },
  headerBytesMax: { value: 16 * kib, unit: 'bytes', reason: 'Request head; Node’s own default, said aloud.' },
  unreadMsMax: {
    value: 5000,
    unit: 'ms',
    reason: 'How long a connection that was answered early stays open for a client that is still sending.',
  },
  unreadBytesMax: {
    value: 32 * mib,
    unit: 'bytes',
    reason:
      'What is still read and forgotten of a body that was answered early, so that the client sees the answer; then the connection is cut.',
  },
  connectionsMax: {
    value: 8192,
    unit: 'items',
    reason:
      'Open connections, idle ones included; one costs about 20 KB. Further ones are closed at once; the client keeps its report.',
  },
  retryAfterS: {
    value: 30,
    unit: 'items',
    reason:
      'Seconds of Retry-After when intake is busy or the disk filled up on the way: long enough for a burst to pass.',
  },
  pipelinedMax: {
    value: 32,
    unit: 'items',
    reason: 'Requests waiting behind another on one connection; no client of ours pipelines at all.',
  },
  userAgentCharactersMax: {
    value: 8192,
    unit: 'characters',
    reason: 'Stored with the report; half of the request head.',
  },
  loggedRemarksMax: {
    value: 20,
    unit: 'items',
    reason: 'Log lines about the parts of one report; a hostile one could make a thousand. All are in the raw crash.',
  },
  heartbeatMsMax: { value: 5_000, unit: 'ms', reason: 'A check that takes longer has failed; probes give up at 10 s.' },
  heartbeatCacheMs: { value: 1_000, unit: 'ms', reason: 'Checks really write; many probes a second share one result.' },
});
