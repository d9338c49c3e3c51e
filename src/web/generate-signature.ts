// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject } from '../lib/json.ts';

/** What the signature library answers for one crash data; given in by `bin` with the site's lists. */
export type GenerateSignature = (crashData: JsonObject) => {
  readonly signature: string;
  readonly notes: readonly string[];
  readonly protoSignature: string | null;
  readonly normalizedFrames: readonly JsonObject[];
};
