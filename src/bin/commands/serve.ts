// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { runRole } from '../context.ts';

/** `salvage serve`: all stages in one process. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run everything in one process: intake, processing, pages; what `npm start` does')
    .action(async () => {
      const { serve } = await import('../serve.ts');
      await runRole('serve', serve);
    });
}
