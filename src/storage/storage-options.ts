// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

export const fsStorageOptions = declareOptions(
  'storage.fs',
  'Crashes in a directory of this machine, in Antenna’s tree.',
  {
    root: option.path('', 'Where the dated directories are. Empty = `crashes` in the data folder.', {
      aliases: ['CRASHMOVER_CRASHSTORAGE_FS_ROOT', 'CRASHSTORAGE_FS_ROOT', 'FS_ROOT'],
    }),
  },
);
