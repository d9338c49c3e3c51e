// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject } from '../lib/json.ts';
import { processedFields } from './processed-crash.ts';
import type { RawCrash } from './raw-crash.ts';

/** Annotations that hold what a person wrote, where they were, or memory of their program (processor.md §5.2). */
const protectedAnnotations = new Set(
  `metadata additional_minidumps Breadcrumbs Comments DumperError GleanClientId GMPLibraryPath JavaException
  JavaStackTrace ModuleSignatureInfo MozCrashReason RemoteType URL Email guid _clientId client_id`.split(/\s+/),
);

/** What collectors add and identity that every client family sends. */
const alwaysPublic = `uuid submitted_timestamp version ProductName Version BuildID ReleaseChannel ProductID Vendor
  ProcessType CrashTime StartupTime InstallTime UptimeTS Hang Throttleable prod ver _productName _version process_type
  platform ptype osarch`.split(/\s+/);

const publicAnnotations: ReadonlySet<string> = new Set([
  ...alwaysPublic,
  ...processedFields.flatMap((field) =>
    field.permission === 'public' && field.sourceAnnotation ? [field.sourceAnnotation] : [],
  ),
]);

/**
 * The raw crash as far as everybody who may read crashes sees it: known public annotations and those that the site
 * declared public; anything unknown is withheld.
 */
export function publicRawCrash(rawCrash: RawCrash, declaredPublic: ReadonlySet<string>): RawCrash {
  const reduced: JsonObject = {};
  for (const [name, value] of Object.entries(rawCrash)) {
    if (protectedAnnotations.has(name) || name.startsWith('PHC') || name === '__proto__') continue;
    if (publicAnnotations.has(name) || declaredPublic.has(name)) reduced[name] = value;
  }
  return reduced;
}
