// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { InvalidArgumentError } from 'commander';
import type { Option } from '../lib/options.ts';

/** Reads an argument of a command as the configuration reads an option of that kind: `25M`, `30s`, a number in bounds. */
export function readAs<T>({ parse }: Pick<Option<T>, 'parse'>): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}
