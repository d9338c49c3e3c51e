// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

export const symbolOptions = declareOptions('symbols', 'Symbol files: where they are found and how they are kept.', {
  directories: option.list([], 'more directories with .sym files in Breakpad layout, read only, in order'),
  servers: option.list(
    [],
    'symbol servers in Breakpad layout, asked in order after the directories: base URLs, or mozilla, electron; asking tells them your module names',
    { aliases: ['symbols_urls'] },
  ),
  allowPrivateAddresses: option.boolean(false, 'symbol servers may be in a private network (they are yours)'),
  cachePath: option.path(
    '',
    'directory of downloads and compiled indexes; empty = symbol-cache in the data directory',
    {
      aliases: ['symbol_cache_path', 'SYMBOLS_CACHE_PATH'],
    },
  ),
  cacheSizeBytesMax: option.bytes(10 * 1024 ** 3, 'limit of the cache directory; the least recently used go first', {
    aliases: ['symbol_cache_size', 'SYMBOLS_CACHE_MAX_SIZE'],
  }),
  connectTimeoutMs: option.duration(5_000, 'wait for a connection to a symbol server'),
  firstByteTimeoutMs: option.duration(10_000, 'wait for the first byte of an answer'),
  downloadTimeoutMs: option.duration(300_000, 'wait for a whole download'),
  missingForMs: option.duration(24 * 3_600_000, 'how long a "not found" of a server is believed'),
  fileSizeBytesMax: option.bytes(8 * 1024 ** 3, 'largest symbol file, unpacked'),
});
