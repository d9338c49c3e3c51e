// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { unwindLimits } from './limits.ts';

/** What the client knew of the process and its dump does not hold: annotations of the report, as they came. */
export interface ClientFacts {
  /** `ModuleSignatureInfo`: signers and the files that each has signed, `{"Example Ltd": ["app.dll"]}`, also as text. */
  readonly moduleSignatureInfo?: JsonValue;
  /** `CPUMicrocodeVersion`, such as `0xde`. */
  readonly cpuMicrocodeVersion?: JsonValue;
}

/** Who signed a file, by its name. Empty if the annotation is something else. */
export function signersOf({ moduleSignatureInfo: info }: ClientFacts): ReadonlyMap<string, string> {
  const signers = new Map<string, string>();
  for (const [signer, files] of Object.entries(objectOf(info)))
    for (const file of Array.isArray(files) ? files : []) if (typeof file === 'string') signers.set(file, signer);
  return signers;
}

function objectOf(info: JsonValue | undefined): JsonObject {
  if (typeof info !== 'string') return isJsonObject(info) ? info : {};
  if (info.length > unwindLimits.signatureInfoCharactersMax.value) return {};
  try {
    const parsed: unknown = JSON.parse(info);
    return isJsonObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

/** Hex text as the document has it; null if the annotation is something else. */
export function microcodeOf({ cpuMicrocodeVersion: text }: ClientFacts): string | null {
  return typeof text === 'string' && /^0x[0-9a-f]{1,16}$/i.test(text) ? `0x${BigInt(text).toString(16)}` : null;
}
