// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ApiEndpoint } from './api-endpoint.ts';

export const v1AccountsEndpoint: ApiEndpoint = {
  name: 'v1/accounts',
  methods: ['GET'],
  summary: 'Accounts with their roles and products; never a secret.',
  parameters: [],
  needs: ['view', 'admin'],
  answer: {
    type: 'object',
    required: ['accounts'],
    properties: {
      accounts: { type: 'array', items: { type: 'object', required: ['id', 'name', 'role', 'is_active'] } },
    },
  },
  async handle({ parts }) {
    const accounts = (await parts.people.listAccounts()).map((account) => ({
      id: account.id,
      name: account.name,
      role: account.role,
      products: account.products,
      has_password: account.hasPassword,
      is_active: account.isActive,
      created_at: account.createdAt.toISOString(),
    }));
    return { json: { accounts } };
  },
};
