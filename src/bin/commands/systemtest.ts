// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomBytes, randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { caseLine, runSystemTest } from '../../client/system-test.ts';
import { type CrashId, dateOf, makeCrashId } from '../../crash/crash-id.ts';
import { option } from '../../lib/options.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { readAs } from '../argument.ts';
import { openContext } from '../context.ts';
import { intakeUrl, localSiteText } from '../intake-url.ts';
import { openConfiguredStorage } from '../parts/storages.ts';

interface SystemtestOptions {
  readonly product: string;
  readonly bodyLimit: number;
  readonly size: boolean;
  readonly token?: string;
  readonly storage?: boolean;
  readonly json?: boolean;
}

/** `salvage systemtest`: the live check before a node is put in service. */
export function addSystemtestCommand(program: Command): void {
  program
    .command('systemtest')
    .description('check a running collector with real requests before it is put in service')
    .argument('[url]', `address of the intake (${localSiteText})`)
    .option('--product <name>', 'ProductName of the test reports; one that the rules take', 'Firefox')
    .addOption(
      new Option('--body-limit <size>', 'largest body that the node takes')
        .argParser(readAs(option.bytes(0, '')))
        .default(25 * 1024 * 1024, '25M'),
    )
    .option('--no-size', 'leave out the three bodies around the size limit')
    .option('--token <token>', 'bearer token: also test that a report may bring its own id')
    .option('--storage', 'wait until the reports are in the storage configured here')
    .option('--json', 'print the results as JSON')
    .action(async (url: string | undefined, options: SystemtestOptions) => {
      const result = await runSystemTest(
        {
          url: intakeUrl(url),
          product: options.product,
          bodySizeBytesMax: options.size ? options.bodyLimit : null,
          token: options.token ?? null,
          timeoutMs: 30_000,
          randomHex: (digits) => randomBytes(digits).toString('hex').slice(0, digits),
          crashId: () => makeCrashId(randomUUID(), 0, new Date()),
          now: () => new Date(),
        },
        (one) => process[options.json ? 'stderr' : 'stdout'].write(`${caseLine(one)}\n`),
      );
      const missing = options.storage ? await waitForStorage(result.crashIds) : [];
      if (options.json) process.stdout.write(`${JSON.stringify({ ...result, missing }, null, 2)}\n`);
      const { cases, failed, crashIds } = result;
      process.stderr.write(
        `${cases.length - failed} of ${cases.length} cases passed; ${crashIds.length} reports taken\n`,
      );
      if (options.storage) process.stderr.write(`${crashIds.length - missing.length} of them are in the storage\n`);
      process.exitCode = failed > 0 || missing.length > 0 ? 1 : 0;
    });
}

const storageWaitMs = 30_000;

/** Lists only, reads nothing: whoever may run this need not see people's crashes. */
async function waitForStorage(crashIds: readonly CrashId[]): Promise<CrashId[]> {
  const context = await openContext('systemtest', { logsTo: 'stderr', announcesConfig: false });
  try {
    const storage = await openConfiguredStorage(context, 'fs');
    const endMs = performance.now() + storageWaitMs;
    for (let missing = [...crashIds]; ; ) {
      missing = await missingFrom(storage, missing);
      if (missing.length === 0 || performance.now() > endMs) return missing;
      await context.clock.sleep(500);
    }
  } finally {
    await context.releasers.releaseAll();
  }
}

async function missingFrom(storage: CrashStorage, crashIds: readonly CrashId[]): Promise<CrashId[]> {
  const missing: CrashId[] = [];
  for (const crashId of crashIds) {
    const found = await Array.fromAsync(storage.listCrashIds({ date: dateOf(crashId), prefix: crashId }));
    if (found.length === 0) missing.push(crashId);
  }
  return missing;
}
