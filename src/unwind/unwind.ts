// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** The public face of the stackwalker: from an opened dump and a symbol provider to the stackwalk document. */
export { unwindErrors } from './errors.ts';
export { type StackwalkOptions, stackwalk } from './stackwalk.ts';
