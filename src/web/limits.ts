// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const webLimits = declareLimits({
  signatureShownMax: {
    value: 500,
    unit: 'characters',
    reason: 'signatures have at most 255 by our rules; foreign stores hold a megabyte',
  },
  functionShownMax: {
    value: 1500,
    unit: 'characters',
    reason: 'C++ names of 900 characters are seen; more is an attack on the layout',
  },
  valueShownMax: {
    value: 4000,
    unit: 'characters',
    reason: 'of one annotation or note on a page; the raw data has the rest',
  },
  framesShownMax: { value: 1024, unit: 'items', reason: 'the walker stops there (decisions.md 26)' },
  framesOfOthersMax: {
    value: 64,
    unit: 'items',
    reason: 'frames of each other thread on the page: 100 threads stay below 100 kB gzipped; the API has all',
  },
  threadsShownMax: { value: 500, unit: 'items', reason: 'a browser has about 120 threads' },
  modulesShownMax: { value: 2000, unit: 'items', reason: 'a large Windows program loads about 400' },
  annotationsShownMax: { value: 500, unit: 'items', reason: 'a Firefox report has about 120' },
  summaryBytesMax: { value: 4096, unit: 'bytes', reason: 'fits the description of any bug tracker (web.md X12)' },
  summaryFramesMax: { value: 10, unit: 'items', reason: 'what crash-stats puts into a bug (web.md §5.3)' },
  reprocessIdsMax: {
    value: 10_000,
    unit: 'items',
    reason: 'crash ids of one request, each a message of the queue; the command-line client sends 50',
  },
  reprocessIdsPerAuditRow: { value: 50, unit: 'items', reason: 'they fit one audit row whole' },
  signatureEntryMax: { value: 300, unit: 'characters', reason: 'of an entry that is tried; ours have at most 120' },
  auditRowsMax: { value: 1000, unit: 'items', reason: 'rows of the audit trail in one answer' },
  provenCredentialsMax: {
    value: 10_000,
    unit: 'items',
    reason: 'tokens and sessions remembered as good for the rate limit: more than one site has in use at a time',
  },
  deadLettersReadMax: { value: 1000, unit: 'items', reason: 'looked through for the failure of one crash' },
});
