// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { OptionGroup } from '../lib/options.ts';
import { symbolOptions } from '../symbols/options.ts';
import { walkerOptions } from '../unwind/options.ts';
import { logOptions, metricsOptions, processOptions, sentryOptions } from './options.ts';

/** Every group of options of every folder: the whole of `salvage config` and of docs/configuration.md. */
export const optionGroups: readonly OptionGroup[] = [
  processOptions,
  logOptions,
  metricsOptions,
  sentryOptions,
  symbolOptions,
  walkerOptions,
];
