// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';
import { spoolLimits } from './limits.ts';

const mib = 1024 * 1024;

export const spoolOptions = declareOptions(
  'spool',
  'The local durable intake: where accepted crashes wait for the mover.',
  {
    directory: option.path('', 'Directory of the spool. Empty = `spool` in the data folder.'),
    fallbackDirectory: option.path(
      '',
      'A second directory, best on another disk or host: takes a crash when the first one refuses the write. Empty = none.',
    ),
    memoryBytesMax: option.bytes(
      64 * mib,
      'Memory for request bodies on their way to the disk, all requests together. Beyond it bodies go to files of their own.',
    ),
    inlineBodyBytesMax: option.bytes(
      spoolLimits.inlineBodyBytesMax.value,
      'Bodies up to this size are appended to the log; larger ones get a file of their own.',
    ),
    freeBytesMin: option.bytes(
      256 * mib,
      'Free disk space to leave: below it new reports are answered 503 before their body is read.',
    ),
    sizeBytesMax: option.bytes(0, 'Largest size of what waits in the spool; 0 = as much as the disk takes.'),
  },
);
