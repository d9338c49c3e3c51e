// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { versionsPath } from '../../processor/load-settings.ts';
import { importVersions, parseVersions } from '../../processor/versions-file.ts';
import { openContext } from '../context.ts';

/** `salvage versions import`: tells the processor the full versions of beta builds. */
export function addVersionsCommand(program: Command, output: { write(text: string): unknown } = process.stdout): void {
  program
    .command('versions')
    .description('full versions of beta builds, for the rule BetaVersionRule')
    .command('import')
    .description('add builds: a line each, as CSV `product,channel,build id,version` or as JSON objects')
    .argument('[file]', 'file with the lines; - or nothing for standard input')
    .action(async (file: string | undefined) => {
      const builds = parseVersions(readFileSync(file === undefined || file === '-' ? 0 : file, 'utf8'));
      const context = await openContext('versions', { logsTo: 'stderr', announcesConfig: false });
      try {
        const count = await importVersions(versionsPath(context.dataDir), builds);
        output.write(`builds imported: ${builds.length}, known now: ${count}. Reprocess the crashes they are for.\n`);
      } finally {
        await context.releasers.releaseAll();
      }
    });
}
