// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** A module whose symbols were wanted and not found. */
export interface MissingModule {
  readonly debugFile: string;
  readonly debugId: string;
  readonly codeFile: string;
  readonly codeId: string;
}

/**
 * Remembers which symbols crashes waited for. Recording is idempotent by crash id and module, one statement a crash,
 * and never fails a crash: the rule notes a failure and goes on.
 */
export interface MissingSymbolsRecorder {
  /** `dateProcessed` is `YYYYMMDD`. */
  record(crashId: string, dateProcessed: string, modules: readonly MissingModule[]): Promise<void>;
}

/** Forgets everything; `missing_symbols` of the processed crash still tells. */
export const nullMissingSymbols: MissingSymbolsRecorder = { async record() {} };
