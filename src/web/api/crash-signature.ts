// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../../lib/errors.ts';
import { isJsonObject } from '../../lib/json.ts';
import { generateSignature } from '../../signature/signature.ts';
import { webErrors } from '../errors.ts';
import type { ApiEndpoint } from './api-endpoint.ts';

/** Jobs of one request: each is a bounded amount of work, so many of them are bounded by number. */
const jobsMax = 100;

export const crashSignatureEndpoint: ApiEndpoint = {
  name: 'CrashSignature',
  methods: ['POST'],
  summary: 'Signatures for crash data that the caller sends as JSON `{"jobs": [crash data, …]}`.',
  parameters: [],
  takesJson: true,
  needs: ['view'],
  answer: { type: 'object', required: ['results'] },
  async handle(call) {
    const jobs = isJsonObject(call.body) ? call.body['jobs'] : undefined;
    if (!Array.isArray(jobs) || jobs.length === 0) throw new SalvageError(webErrors.bad_request, 'no jobs specified');
    if (jobs.length > jobsMax)
      throw new SalvageError(webErrors.bad_request, `more than ${jobsMax} jobs in one request`);
    const results = jobs.map((job) => {
      if (!isJsonObject(job)) throw new SalvageError(webErrors.bad_request, 'a job is an object of crash data');
      const made = generateSignature(job, { lists: call.parts.siglists.current, era: 'today', provisional: false });
      const frames = made.explanation.frames.map(({ text }) => text);
      const extra =
        made.proto_signature === null ? {} : { normalized_frames: frames, proto_signature: made.proto_signature };
      return { signature: made.signature, notes: made.notes, extra };
    });
    return { json: { results } };
  },
};
