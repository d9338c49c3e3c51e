// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import { isErrorOf } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/json.ts';
import {
  crashDataFromProcessedCrash,
  generateSignature,
  signatureErrors,
  type TriableList,
  triableLists,
  withEntry,
} from '../../signature/signature.ts';
import type { WebParts } from '../web-parts.ts';
import { textAt } from './report-values.ts';
import { type WhyView, whyView } from './report-why.ts';

/** One entry more in one of the lists: what the reader wants to try. */
export interface SignatureChange {
  readonly list: TriableList;
  readonly entry: string;
}

/** A report's signature as stored, as the lists of now make it, and as they would with the change. */
export interface SignatureTrial {
  readonly stored: string;
  readonly now: string;
  readonly changed: string | null;
  /** The file that the entry would stand in. */
  readonly file: string | null;
  /** Steps of `changed`, or of `now` without a change. */
  readonly why: WhyView | null;
}

/** `sentinels`, `irrelevant` or `prefix`; null for any other text. */
export function triableListNamed(text: string): TriableList | null {
  return Object.hasOwn(triableLists, text) ? (text as TriableList) : null;
}

/**
 * Makes the signature of a processed crash again; what the document does not hold cannot show in the answer.
 * @throws SalvageError siglist_invalid when the entry is none
 */
export function trySignature(
  document: ProcessedCrash,
  parts: Pick<WebParts, 'siglists' | 'signing'>,
  change: SignatureChange | null,
): SignatureTrial {
  const options = { ...parts.signing, lists: parts.siglists.current };
  const crashData = crashDataFromProcessedCrash(document);
  const now = generateSignature(crashData, options);
  const changed =
    change === null
      ? null
      : generateSignature(crashData, { ...options, lists: withEntry(options.lists, change.list, change.entry) });
  const { explanation } = changed ?? now;
  return {
    stored: textAt(document, 'signature') ?? '',
    now: now.signature,
    changed: changed?.signature ?? null,
    file: change === null ? null : triableLists[change.list],
    why: whyView({ signature_explanation: explanation as unknown as JsonValue }),
  };
}

/** The problem in the words of the list reader, for people; anything else is no matter of the entry. */
export function entryProblem(error: unknown): string {
  if (!isErrorOf(error, signatureErrors.siglist_invalid)) throw error;
  return error.message.replace(/^siglist_invalid: /, '').slice(0, 500);
}
