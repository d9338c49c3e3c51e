// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const symbolErrors = declareErrors({
  sym_unusable: {
    status: 400,
    meaning: 'The symbol file is empty, has no MODULE record, or is damaged beyond use.',
    remedy: 'Make the file again (docs/symbols.md); `salvage symbols check FILE` names its first bad lines.',
  },
  symbol_path_unusable: {
    status: 400,
    meaning: 'A path that should hold symbols does not exist, or is neither a file nor a directory.',
    remedy: 'Give a `.sym` file (plain or gzipped), or a directory or zip archive with such files.',
  },
  sym_too_large: {
    status: 413,
    meaning: 'The symbol file, or what its compressed form unpacks to, is larger than the limit.',
    remedy: 'Check that the file is what you meant; the limit is listed under `symbols` in the limits.',
  },
  symbol_index_damaged: {
    status: 500,
    meaning: 'A compiled symbol index fails its checksum, is cut short or is of another version.',
    remedy: 'Nothing to do: it is set aside and compiled again from the symbol file.',
  },
  symbol_key_refused: {
    status: 400,
    meaning: 'A debug file name or debug id cannot be used as part of a path.',
    remedy: 'Names are one path part of at most 255 bytes without control characters; ids are hex digits.',
  },
  symbol_source_unreachable: {
    status: 503,
    meaning: 'A symbol source did not answer properly: connection, time limit, server error, cut-off body.',
    remedy: 'Nothing is remembered as missing; it is asked again after a pause. Check the source and the network.',
  },
  symbol_source_denied: {
    status: 502,
    meaning: 'A symbol source refuses access, or answers with a page instead of a symbol file.',
    remedy: 'Check the credentials and the address of the source.',
  },
  symbol_address_refused: {
    status: 502,
    meaning: 'A symbol source or its redirect points to a private or reserved network address.',
    remedy: 'If the source is in your own network, allow private addresses for this source.',
  },
  symbol_file_exists: {
    status: 409,
    meaning: 'The store already has other, richer symbols under this name and id.',
    remedy: 'Use --replace if the new file is really the better one.',
  },
  symbol_archive_unusable: {
    status: 400,
    meaning: 'The zip archive cannot be read, or breaks a limit.',
    remedy: 'Make the archive again; it must hold `.sym` files.',
  },
  symbol_cache_in_use: {
    status: 500,
    meaning: 'Another process already keeps this symbol cache under its limit.',
    remedy: 'Nothing to do: one keeper per directory is enough.',
  },
});
