// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { readConfig } from '../../config/config.ts';
import { maskNested, printConfig, shownValue } from '../../config/print-config.ts';
import { optionGroups } from '../option-groups.ts';

/** `salvage config`: the effective configuration, secrets masked, and where each value came from. */
export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description('print the effective configuration, secrets masked, and where each value came from')
    .option('--set', 'only what differs from the defaults')
    .option('--json', 'as JSON')
    .option('--tree', 'only the tree of stores, with what each can do')
    .action(async (options: { set?: boolean; json?: boolean; tree?: boolean }) => {
      if (options.tree) return showStorageTree();
      const config = readConfig({ groups: optionGroups, environment: process.env });
      if (options.json) {
        const rows = config.rows.map((row) => ({
          path: row.path,
          environment: row.environmentName,
          value: row.option.secret ? shownValue(row) : JSON.parse(JSON.stringify(row.value, maskNested)),
          source: row.source,
          foundAs: row.foundAs,
        }));
        process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
        return;
      }
      const text = printConfig(config, { onlySet: options.set === true });
      process.stdout.write(text === '' ? 'Every option has its default value.\n' : `${text}\n`);
      for (const notice of config.notices) process.stderr.write(`note: ${notice}\n`);
    });
}

/** Builds the configured stores, which refuses bad wirings, without asking any of them for anything. */
async function showStorageTree(): Promise<void> {
  const { openContext } = await import('../context.ts');
  const { openConfiguredStorage } = await import('../parts/storages.ts');
  const { printStorageTree } = await import('../../storage/containers/print-tree.ts');
  const context = await openContext('config', { logsTo: 'stderr', announcesConfig: false });
  try {
    process.stdout.write(`${printStorageTree(await openConfiguredStorage(context, 'fs'))}\n`);
  } finally {
    await context.releasers.releaseAll();
  }
}
