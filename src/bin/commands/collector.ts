// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';

/** `salvage collector`: intake, storage and queue only; what a fleet of nodes runs. */
export function addCollectorCommand(program: Command): void {
  program
    .command('collector')
    .description('run the intake alone: spool, storage and queue (by default both null: set them for anything real)')
    .action(async () => {
      const { collect } = await import('../collector.ts');
      await collect();
    });
}
