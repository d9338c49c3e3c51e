// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject } from '../lib/json.ts';

/**
 * The processor's output: snake_case keys as on the wire (processor.md §5). Every field is optional for readers: older
 * processors, failed rules and foreign stores leave some out.
 */
export type ProcessedCrash = JsonObject;
