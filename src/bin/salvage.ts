// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { failureText } from './failure-text.ts';
import { makeProgram } from './program.ts';
import { packageRoot, sourceExtension } from './version.ts';

// Keeps what Node has stripped of types: a start from a checkout takes half the time and 15 MB less. For starts that
// leave out the launcher, which has done so already.
if (sourceExtension === '.ts') enableCompileCache(join(packageRoot, 'node_modules/.cache/compiled'));

/** From a checkout, pages strip the types of their islands with an experimental part of Node; nobody needs to read that. */
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
});

/** A reader that has seen enough, such as `head`, is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  process.stderr.write(failureText(error, Boolean(process.env['DEBUG'])));
  return 1;
}

try {
  const program = await makeProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
