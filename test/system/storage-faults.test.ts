// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Needs services/rabbitmq. Every fault: no acknowledged crash lost, none announced before it is stored, no restart.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type FaultServers, faultScenarios, startFaultServers } from '../services/fault-scenarios.ts';

let servers: FaultServers;
before(async () => {
  servers = await startFaultServers();
});
after(() => servers.stop());

for (const scenario of faultScenarios) {
  test(scenario.name, { timeout: 90_000 }, async (t) => {
    const figures = await scenario.run(servers);
    t.diagnostic(JSON.stringify(figures));
    assert.deepEqual([figures.lost, figures.early], [0, 0]);
  });
}

test('docs/fault-matrix.md has one row a scenario', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/fault-matrix.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|]+?) \| \d/gm)].map(([, name]) => name);
  assert.deepEqual(
    rows,
    faultScenarios.map(({ name }) => name),
  );
});
