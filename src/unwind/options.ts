// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';
import { unwindLimits } from './limits.ts';

export const walkerOptions = declareOptions('walker', 'Walker processes: what turns dumps into stacks.', {
  processes: option.integer(2, 1, 256, 'walker processes; each walks one dump at a time'),
  memoryBytesMax: option.bytes(
    unwindLimits.walkerMemoryBytes.value,
    'memory of one walker process; over it, it is killed',
  ),
  jobsMax: option.integer(
    unwindLimits.walkerJobsMax.value,
    1,
    1_000_000,
    'dumps after which a walker process is replaced',
  ),
  timeoutMs: option.duration(
    unwindLimits.walkMs.value + unwindLimits.symbolsMs.value,
    'time for one dump, symbols included; then its process is killed',
    { aliases: ['kill_timeout'] },
  ),
  command: option.text(
    '',
    'external walker instead of our own: a command with {dump} and {symbols} (your symbol store, in Breakpad layout) in it, without a shell; empty = our own',
  ),
  commandOutput: option.choice(
    ['rust-json', 'breakpad-machine'],
    'rust-json',
    'what the external walker prints: minidump-stackwalk --json, or Breakpad’s minidump_stackwalk -m',
  ),
});
