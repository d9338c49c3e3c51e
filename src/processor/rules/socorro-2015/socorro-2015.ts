// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Rule } from '../../rule.ts';

/** Rules of the `socorro-2015` and `lite` presets that differ from today's; their order is in presets.ts. */
export const socorro2015Rules: readonly Rule[] = [];
