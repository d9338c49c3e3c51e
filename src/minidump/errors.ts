// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

/** All that opening a dump can throw (stackwalker.md §3); everything else that is broken is a warning. */
export const minidumpErrors = declareErrors({
  minidump_empty: {
    status: 422,
    meaning: 'The dump has no bytes.',
    remedy: 'The client sent an empty file; look at its crash handler and the free space on that machine.',
  },
  minidump_truncated: {
    status: 422,
    meaning: 'The dump ends before its header or stream directory does.',
    remedy: 'The upload or the writing of the dump was cut short; nothing can be read from it.',
  },
  minidump_is_gzip: {
    status: 422,
    meaning: 'The bytes are gzip, not a minidump.',
    remedy: 'Decompress the file first; `salvage dump` and `salvage stackwalk` do it by themselves.',
  },
  minidump_is_text: {
    status: 422,
    meaning: 'The bytes are text, not a minidump.',
    remedy: 'Check which file was meant: a symbol file, a log or an error page does not hold a crash.',
  },
  minidump_bad_signature: {
    status: 422,
    meaning: 'The bytes do not begin with the signature MDMP, so this is no minidump.',
    remedy: 'Check which file was meant; core files and macOS crash reports are other formats.',
  },
  minidump_bad_version: {
    status: 422,
    meaning: 'The file begins like a minidump, but its version is not 0xa793.',
    remedy: 'The header is damaged or was written by an unknown tool.',
  },
  minidump_missing_system_info: {
    status: 422,
    meaning: 'The dump has no readable system info, so its processor is unknown.',
    remedy: 'The dump was cut short or is damaged; look at `salvage dump` for what it holds.',
  },
  minidump_missing_thread_list: {
    status: 422,
    meaning: 'The dump has no readable thread list, so there are no stacks to walk.',
    remedy: 'The dump was cut short or is damaged; look at `salvage dump` for what it holds.',
  },
});
