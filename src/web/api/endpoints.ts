// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ApiEndpoint } from './api-endpoint.ts';
import {
  crashDataEndpoint,
  crashEndpoint,
  crashVerifyEndpoint,
  processedCrashEndpoint,
  rawCrashEndpoint,
} from './crash-documents.ts';
import { crashSignatureEndpoint } from './crash-signature.ts';
import {
  noOpEndpoint,
  platformsEndpoint,
  productsEndpoint,
  productVersionsEndpoint,
  signatureFirstDateEndpoint,
} from './groups.ts';
import { priorityJobEndpoint, reprocessingEndpoint } from './reprocessing.ts';
import { superSearchEndpoint, superSearchFieldsEndpoint, superSearchUnredactedEndpoint } from './super-search.ts';

/** The endpoints that programs written for crash-stats find under `/api/<name>/`. */
export const apiEndpoints: ReadonlyMap<string, ApiEndpoint> = new Map(
  [
    superSearchEndpoint,
    superSearchUnredactedEndpoint,
    superSearchFieldsEndpoint,
    rawCrashEndpoint,
    processedCrashEndpoint,
    reprocessingEndpoint,
    priorityJobEndpoint,
    crashVerifyEndpoint,
    crashSignatureEndpoint,
    signatureFirstDateEndpoint,
    productsEndpoint,
    productVersionsEndpoint,
    platformsEndpoint,
    noOpEndpoint,
    crashEndpoint,
    crashDataEndpoint,
  ].map((endpoint) => [endpoint.name, endpoint]),
);
