// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { runRole } from '../context.ts';

/** `salvage web`: pages and API alone. */
export function addWebCommand(program: Command): void {
  program
    .command('web')
    .description('run pages and API alone, against DATABASE_URL and the configured storage and queue')
    .action(async () => {
      const { serveWeb } = await import('../web.ts');
      await runRole('web', serveWeb);
    });
}
