// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** C0 and C1 controls, bidi marks and embeddings, line and paragraph separators. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text of somebody else on one line: it must neither steer a terminal nor forge lines or turn the text around it. */
export function printable(text: string, substitute = '\ufffd'): string {
  return text.replace(unprintable, substitute);
}
