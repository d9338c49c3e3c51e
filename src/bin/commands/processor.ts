// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { runRole } from '../context.ts';

/** `salvage processor`: takes crash ids from the queue, processes them, saves everywhere. */
export function addProcessorCommand(program: Command): void {
  program
    .command('processor')
    .description('run processing alone, with its health endpoints and the walker and signature services')
    .action(async () => {
      const { processCrashes } = await import('../processor.ts');
      await runRole('processor', processCrashes);
    });
}
