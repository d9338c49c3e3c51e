// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const unwindErrors = declareErrors({
  walk_timeout: {
    status: 504,
    meaning: 'The walker did not answer within its time limit and was killed.',
    remedy: 'Walk the dump alone with `salvage stackwalk`; if symbols are slow to arrive, raise the time limit.',
  },
  walk_memory: {
    status: 500,
    meaning: 'The walker used more memory than its limit and was killed.',
    remedy: 'Walk the dump alone with `salvage stackwalk`, or raise the memory limit of walker processes.',
  },
  walk_died: {
    status: 500,
    meaning: 'The walker process ended without an answer.',
    remedy: 'Only this dump failed; the message holds its last words.',
  },
  walk_failed: {
    status: 422,
    meaning: 'The walker could not make a stack of this dump.',
    remedy: 'The message says what is wrong with the dump; `salvage dump FILE` shows what it holds.',
  },
  walk_output_too_large: {
    status: 500,
    meaning: 'The answer of a walker is larger than the limit.',
    remedy: 'The dump has very many threads and frames; walk it alone with `salvage stackwalk`.',
  },
  dump_unreadable: {
    status: 422,
    meaning: 'The dump file cannot be read: it does not exist, is a directory, or is damaged gzip.',
    remedy: 'The message says which; give the path of a minidump, plain or gzipped.',
  },
  dump_unpacks_too_large: {
    status: 413,
    meaning: 'The gzipped dump unpacks to more than is done in memory.',
    remedy: 'Unpack it to a file first; plain dumps may have any size.',
  },
  external_walker_output: {
    status: 500,
    meaning: 'An external walker printed something that is not what its output kind promises.',
    remedy: 'Check the command and the output kind (`rust-json` or `breakpad-machine`) in the configuration.',
  },
});
