// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../../lib/errors.ts';
import { webErrors } from '../errors.ts';
import { webLimits } from '../limits.ts';
import type { ApiEndpoint } from './api-endpoint.ts';

export const v1AuditEndpoint: ApiEndpoint = {
  name: 'v1/audit',
  methods: ['GET'],
  summary:
    'The audit trail, newest first: who opened protected data, fetched dumps, changed accounts. Reading it leaves a row.',
  parameters: [
    {
      name: 'number',
      kind: 'integer',
      isRequired: false,
      description: `Rows, 1 to ${webLimits.auditRowsMax.value}; default 100.`,
    },
  ],
  needs: ['view', 'admin'],
  answer: {
    type: 'object',
    required: ['rows'],
    properties: {
      rows: { type: 'array', items: { type: 'object', required: ['happened_at', 'action', 'object', 'address'] } },
    },
  },
  async handle({ parts, reader, access, values }) {
    const number = values.integer('number', 100);
    if (number < 1 || number > webLimits.auditRowsMax.value)
      throw new SalvageError(webErrors.bad_request, `number is from 1 to ${webLimits.auditRowsMax.value}`);
    const rows = (await parts.people.readAudit(number)).map((row) => ({
      happened_at: row.happenedAt.toISOString(),
      account: row.accountName,
      token_id: row.tokenId,
      address: row.address,
      action: row.action,
      object: row.object,
      reason: row.reason,
    }));
    parts.people.audit({ action: 'audit_read', object: `${rows.length} rows`, reader, address: access.address });
    return { json: { rows }, headers: { 'cache-control': 'no-store' } };
  },
};
