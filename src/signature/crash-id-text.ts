// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

const crashIdText = /^(?:bp-)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{6}[0-9]{6})\n?$/;

/** The crash id in an id, a `bp-` id or the address of a report page, as people paste them; null if there is none. */
export function crashIdFromText(text: string): string | null {
  const inText = crashIdText.exec(text)?.[1];
  if (inText !== undefined || !/^https?:/.test(text)) return inText ?? null;
  const path = URL.parse(text)?.pathname ?? '';
  return path.startsWith('/report/index')
    ? (crashIdText.exec(path.slice(path.lastIndexOf('/') + 1))?.[1] ?? null)
    : null;
}
