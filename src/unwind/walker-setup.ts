// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { OptionValues } from '../lib/options.ts';
import type { symbolOptions } from '../symbols/options.ts';

/** What a walker process needs to find symbols. Plain data, because it crosses to another process as JSON. */
export interface WalkerSetup {
  readonly symbols: OptionValues<typeof symbolOptions.options>;
  /** Absolute path of SALVAGE_DATA_DIR. */
  readonly dataDir: string;
  /** Version of the product, for the document. */
  readonly version: string | null;
}
