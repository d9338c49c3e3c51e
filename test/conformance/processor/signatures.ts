// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFileSync } from 'node:fs';
import { parseSiglists, requiredSiglistFiles, type Siglists } from '../../../src/signature/signature.ts';

const folder = process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata';

/** The lists with which the vectors were made. */
export const conformanceSiglists: Siglists = parseSiglists(
  Object.fromEntries(requiredSiglistFiles.map((file) => [file, readFileSync(`${folder}/siglists/${file}`, 'utf8')])),
);
