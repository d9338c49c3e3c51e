// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

export const signatureOptions = declareOptions('signature', 'Signatures: which lists decide on frames.', {
  listDirectory: option.path(
    '',
    'directory with signature lists in Socorro’s format; empty = the lists that come with the package',
    { aliases: ['signature_list_dir', 'SIGNATURE_LIST_DIR'] },
  ),
  reloadIntervalMs: option.duration(10_000, 'how often that directory is looked at for changes; 0 = never'),
});
