// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../limits.ts';

export const postgresLimits = declareLimits({
  startTimeoutMs: {
    value: 120_000,
    unit: 'ms',
    reason: 'a start is 0.1 s, but recovery after a power cut replays up to 1 GB of log on a slow disk',
  },
  staleRetryMs: {
    value: 5_000,
    unit: 'ms',
    reason: 'after kill -9 the dead server keeps its lock until its children are reaped; it was gone after 0.5 s',
  },
  stopTimeoutMs: {
    value: 20_000,
    unit: 'ms',
    reason: 'a fast shutdown takes 0.03 s; its checkpoint on a busy disk some seconds; then it is stopped at once',
  },
  socketPathBytesMax: {
    value: 107,
    unit: 'bytes',
    reason: 'sockaddr_un.sun_path is 108 bytes on Linux with its NUL; macOS has 104, checked by the same rule',
  },
  logSizeBytesMax: {
    value: 10 * 1024 * 1024,
    unit: 'bytes',
    reason: 'the server log is started afresh beyond this at the next start; only warnings are written to it',
  },
  poolConnectionsMax: {
    value: 10,
    unit: 'items',
    reason: 'ten connections saturate two to four cores; the server default allows 100 for all roles together',
  },
  connectTimeoutMs: {
    value: 10_000,
    unit: 'ms',
    reason:
      'a server that is there answers within milliseconds, a busy one within seconds; a firewall that swallows packets never',
  },
  silenceMs: {
    value: 5_000,
    unit: 'ms',
    reason: 'how much later than the server a client gives a statement up: the answer may still be under way',
  },
  cursorRowsMax: {
    value: 500,
    unit: 'items',
    reason: 'rows fetched at a time by a streaming query: about 1 MB of crash rows, one round trip in 500',
  },
});
