// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Config, ConfigRow } from './config.ts';

const mask = '*****';

/** Keys whose values are secrets wherever they stand, e.g. in a tree of stores. */
const secretKey = /secret|password|token|accesskey|salt|dsn/i;

/** For JSON.stringify: masks secrets at any depth, and credentials inside URLs. */
export function maskNested(key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value === '') return value;
  if (secretKey.test(key)) return mask;
  return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/i, `$1${mask}@`);
}

/** The value as text, masked when secret. */
export function shownValue(row: ConfigRow): string {
  if (row.option.secret) return row.value === '' ? '' : mask;
  if (row.option.kind === 'list') return (row.value as readonly string[]).join(',');
  if (typeof row.value === 'string') return row.value;
  return JSON.stringify(row.value, maskNested);
}

/** One `NAME=value` a line with its source: what `salvage config` prints and the start logs. */
export function printConfig(config: Config, options: { readonly onlySet?: boolean } = {}): string {
  const rows = config.rows.filter((row) => !options.onlySet || row.source !== 'default');
  const width = Math.max(0, ...rows.map((row) => row.environmentName.length + shownValue(row).length + 1));
  return rows
    .map((row) => {
      const setting = `${row.environmentName}=${shownValue(row)}`;
      const from = row.foundAs ? `${row.source}, as ${row.foundAs}` : row.source;
      return `${setting.padEnd(Math.min(width, 72))}  # ${from}`;
    })
    .join('\n');
}
