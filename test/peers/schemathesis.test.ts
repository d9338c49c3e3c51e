// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A generator of requests against the OpenAPI document: no failure of the server, no answer that the document does not allow.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { inventProcessedCrash, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';
import { pythonTool, runTool } from './python-tool.ts';

describe('schemathesis against /api/openapi.json', async () => {
  const site = await startWebSite();
  let token = '';

  before(async () => {
    token = await site.tokenOf('admin');
    const now = new Date();
    const spread = { random: seededRandom(61), from: new Date(now.getTime() - 86_400_000), to: now, signatureCount: 4 };
    for (let count = 0; count < 30; count++) {
      const { crashId, processed } = inventProcessedCrash(spread);
      await site.addCrash(crashId, { ProductName: 'Editor' }, processed);
    }
  });

  test('no 500, no answer outside the schema', { timeout: 600_000 }, async () => {
    const { status, stdout, stderr } = await runTool(
      pythonTool('schemathesis==4.32.5', 'schemathesis'),
      [
        'run',
        `${site.url}/api/openapi.json`,
        '--url',
        site.url,
        '--header',
        `Auth-Token: ${token}`,
        '--checks',
        'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
        // The coverage phase would try every kind of value for each of the 160 search fields: hours.
        '--phases',
        'examples,fuzzing',
        '--max-examples',
        '20',
        '--max-time',
        '180',
        '--seed',
        '7',
        '--workers',
        '1',
        // 160 search fields are more than its generator likes.
        '--suppress-health-check',
        'too_slow,large_base_example,data_too_large,filter_too_much',
        '--request-timeout',
        '10',
      ],
      { timeoutMs: 400_000 },
    );
    assert.equal(status, 0, `${stdout.slice(-12_000)}\n${stderr.slice(-2000)}`);
  });
});
