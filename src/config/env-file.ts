// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * Reads the text of an env file as Antenna does: one `NAME=value` a line, blank lines and `#` comments skipped, an
 * optional `export `, one pair of matching quotes around the value removed. Nothing is expanded.
 * Throws an Error that names the line.
 */
export function parseEnvFile(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [index, rawLine] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = rawLine.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line);
    if (!match) throw new Error(`line ${index + 1} is not NAME=value`);
    const value = match[2] as string;
    const quoted = /^(['"])(.*)\1$/.exec(value);
    values.set(match[1] as string, quoted ? (quoted[2] as string) : value);
  }
  return values;
}
