// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html } from '../html.ts';

/** Choices of which one is in force, each a link, with their name before them. */
export function segments(label: string, links: readonly Html[]): Html {
  return html`<div class="group">
  <span class="label">${label}</span>
  <div class="segments" role="group" aria-label="${label}">${links}</div>
</div>`;
}
