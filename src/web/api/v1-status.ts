// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject, JsonValue } from '../../lib/json.ts';
import type { WebParts } from '../web-parts.ts';
import type { ApiEndpoint } from './api-endpoint.ts';

/** Every role's own words about itself, and what follows from them. Nothing in it is crash content but ids. */
export interface SiteStatus {
  readonly now: Date;
  readonly version: string;
  readonly roles: readonly { role: string; instance: string; updatedAt: Date; details: JsonObject }[];
}

export async function readSiteStatus(parts: WebParts): Promise<SiteStatus> {
  const rows = await parts.status.rows();
  return {
    now: parts.clock.now(),
    version: parts.version,
    roles: rows.toSorted((a, b) => (`${a.role} ${a.instance}` < `${b.role} ${b.instance}` ? -1 : 1)),
  };
}

export const v1StatusEndpoint: ApiEndpoint = {
  name: 'v1/status',
  methods: ['GET'],
  summary:
    'What each role says of itself: queues with depths and ages, dead letters, spool, processor, partitions, jobs.',
  parameters: [],
  needs: ['view'],
  answer: {
    type: 'object',
    required: ['now', 'version', 'roles'],
    properties: { roles: { type: 'array', items: { type: 'object', required: ['role', 'instance', 'details'] } } },
  },
  async handle(call) {
    const status = await readSiteStatus(call.parts);
    const roles = status.roles.map(
      ({ role, instance, updatedAt, details }): JsonValue => ({
        role,
        instance,
        updated_at: updatedAt.toISOString(),
        details,
      }),
    );
    return { json: { now: status.now.toISOString(), version: status.version, roles } };
  },
};
