// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const webErrors = declareErrors({
  login_required: {
    status: 403,
    meaning: 'Reading crash reports needs a login here.',
    remedy: 'Sign in, or send an API token in the header Auth-Token; `web.public` opens public data to everybody.',
  },
  permission_required: {
    status: 403,
    meaning: 'The reader lacks a permission that this endpoint needs.',
    remedy: 'Ask an admin for the role, or make a token that carries the permission.',
  },
  token_refused: {
    status: 403,
    meaning: 'The API token is unknown, expired, revoked, or its owner is not active.',
    remedy: 'Make a new token under `/api/tokens/`.',
  },
  forged_request: {
    status: 403,
    meaning: 'A state-changing request did not come from one of our own pages.',
    remedy: 'Reload the page and try again; programs send a token instead of a cookie.',
  },
  bad_request: {
    status: 400,
    meaning: 'A parameter is missing or cannot be read.',
    remedy: 'The answer names each parameter and what is wrong with it.',
  },
  not_found: {
    status: 404,
    meaning: 'There is nothing here under this address or id.',
    remedy: 'Check the address; crash ids are found in every spelling through the search box.',
  },
  too_many_requests: {
    status: 429,
    meaning: 'This reader sent more requests than its limit allows.',
    remedy: 'Wait as long as the header Retry-After says; a token has higher limits.',
  },
  not_claimed: {
    status: 503,
    meaning: 'Nobody has claimed this installation yet, so it shows nothing.',
    remedy: 'Open the link that `salvage serve` printed, or run `salvage admin link`.',
  },
});
