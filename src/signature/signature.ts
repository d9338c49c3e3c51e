// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

export {
  type CrashData,
  type CrashDataShape,
  crashDataFromProcessedCrash,
  crashDataFromStackwalk,
  recogniseCrashData,
} from './crash-data.ts';
// The public face of the signature library: pure, no I/O, usable alone.
export { crashIdFromText } from './crash-id-text.ts';
export { signatureErrors } from './errors.ts';
export type {
  FrameExplanation,
  FrameFate,
  FrameTextSource,
  RuleExplanation,
  SignatureExplanation,
} from './explanation.ts';
export { generateSignature, runSignatureRule, type SignatureResult, signatureRules } from './generate-signature.ts';
export { makeDraft, type SignatureDraft, type SignatureOptions, type SignatureRule } from './rule.ts';
export {
  type ListEntry,
  LiveSiglists,
  optionalSiglistFiles,
  parseSiglists,
  requiredSiglistFiles,
  type Siglists,
  type SiglistTexts,
} from './siglists.ts';
export { signatureText } from './signature-text.ts';
export { type TriableList, triableLists, withEntry } from './tried-siglists.ts';
