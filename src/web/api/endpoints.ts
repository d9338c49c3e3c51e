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
import { v1AccountsEndpoint } from './v1-accounts.ts';
import { v1AuditEndpoint } from './v1-audit.ts';
import { v1ProductsEndpoint } from './v1-products.ts';
import { reportEndpoints } from './v1-reports.ts';
import { v1SearchEndpoint } from './v1-search.ts';
import { signatureEndpoints } from './v1-signature.ts';
import { v1StatusEndpoint } from './v1-status.ts';
import { v1TopCrashersEndpoint } from './v1-topcrashers.ts';

/** The endpoints that programs written for crash-stats find under `/api/<name>/`, and our own under `/api/v1/`. */
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
    v1TopCrashersEndpoint,
    v1ProductsEndpoint,
    v1StatusEndpoint,
    v1AccountsEndpoint,
    v1AuditEndpoint,
    v1SearchEndpoint,
    ...reportEndpoints,
    ...signatureEndpoints,
  ].map((endpoint) => [endpoint.name, endpoint]),
);
