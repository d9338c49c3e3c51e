// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `salvage symbols …` alone, as a process of its own.
import { Command } from 'commander';
import { addSymbolsCommand } from '../../src/bin/commands/symbols.ts';

const program = new Command('salvage');
addSymbolsCommand(program);
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
}
