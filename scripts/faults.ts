// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run faults`: runs every fault of stores and queues and writes docs/fault-matrix.md.
import { writeFileSync } from 'node:fs';
import { faultScenarios, startFaultServers } from '../test/services/fault-scenarios.ts';

const servers = await startFaultServers();
const rows: string[] = [];
let isBad = false;
for (const { name, run } of faultScenarios) {
  const { crashes, lost, early, failures, recoveryMs } = await run(servers);
  isBad ||= lost > 0 || early > 0;
  rows.push(`| ${name} | ${crashes} | ${lost} | ${early} | ${failures} | ${recoveryMs} |`);
  console.log(rows.at(-1));
}
await servers.stop();
writeFileSync(
  'docs/fault-matrix.md',
  `# Faults of stores and queues

Written by \`npm run faults\`. In each row two movers save crashes and then announce them, a consumer reads and acks them,
and the fault happens in the middle. Nothing is restarted by hand. *Lost*: acknowledged crashes that were never consumed or
cannot be read whole. *Early*: crashes announced before they could be read. *Failures*: tries that failed, each with a
typed outage. *Recovery*: from the end of the fault until every crash was done.

| fault | crashes | lost | early | failures | recovery ms |
|---|---|---|---|---|---|
${rows.join('\n')}
`,
);
process.exit(isBad ? 1 : 0);
