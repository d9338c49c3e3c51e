// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Names of numbers, keyed by the number in hex (`0xc0000005`) as the systems' headers write them. */
export type NameTable<T extends string = string> = Readonly<Record<string, T>>;

/** Undefined for numbers without a name. */
export function nameOf<T extends string>(table: NameTable<T>, code: number | bigint): T | undefined {
  return table[`0x${code.toString(16)}`];
}
