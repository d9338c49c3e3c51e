// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { errorText, SalvageError } from '../lib/errors.ts';
import { packageRoot, packageVersion, sourceExtension } from './version.ts';

type AddCommand = (program: Command) => void;

/**
 * Every command and the module that adds it. Only the module of the command that runs is loaded: a collector must not
 * pay for the parts of the others.
 */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  serve: async () => (await import('./commands/serve.ts')).addServeCommand,
  collector: async () => (await import('./commands/collector.ts')).addCollectorCommand,
  processor: async () => (await import('./commands/processor.ts')).addProcessorCommand,
  web: async () => (await import('./commands/web.ts')).addWebCommand,
  spool: async () => (await import('./commands/spool.ts')).addSpoolCommand,
  reindex: async () => (await import('./commands/reindex.ts')).addReindexCommand,
  reprocess: async () => (await import('./commands/reprocess.ts')).addReprocessCommand,
  versions: async () => (await import('./commands/versions.ts')).addVersionsCommand,
  admin: async () => (await import('./commands/admin.ts')).addAdminCommand,
  jobs: async () => (await import('./commands/jobs.ts')).addJobsCommand,
  storage: async () => (await import('./commands/storage.ts')).addStorageCommand,
  queue: async () => (await import('./commands/queue.ts')).addQueueCommand,
  outbox: async () => (await import('./commands/outbox.ts')).addOutboxCommand,
  db: async () => (await import('./commands/db.ts')).addDbCommand,
  config: async () => (await import('./commands/config.ts')).addConfigCommand,
  demo: async () => (await import('./commands/demo.ts')).addDemoCommand,
  'send-test-crash': async () => (await import('./commands/demo.ts')).addSendTestCrashCommand,
  submit: async () => (await import('./commands/submit.ts')).addSubmitCommand,
  capture: async () => (await import('./commands/capture.ts')).addCaptureCommand,
  submitter: async () => (await import('./commands/submitter.ts')).addSubmitterCommand,
  crashmover: async () => (await import('./commands/crashmover.ts')).addCrashmoverCommand,
  reconcile: async () => (await import('./commands/reconcile.ts')).addReconcileCommand,
  systemtest: async () => (await import('./commands/systemtest.ts')).addSystemtestCommand,
  loadtest: async () => (await import('./commands/loadtest.ts')).addLoadtestCommand,
  stackwalk: async () => (await import('./commands/stackwalk.ts')).addStackwalkCommand,
  dump: async () => (await import('./commands/dump.ts')).addDumpCommand,
  symbols: async () => (await import('./commands/symbols.ts')).addSymbolsCommand,
  signature: async () => (await import('./commands/signature.ts')).addSignatureCommand,
};

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

async function main(): Promise<void> {
  const program = new Command('salvage')
    .description('Salvage takes in crash reports, keeps every one it has acknowledged, and shows which crashes matter.')
    .version(packageVersion)
    .showHelpAfterError('(salvage --help lists the commands)')
    .exitOverride();
  const name = process.argv[2];
  const loaders = name !== undefined && Object.hasOwn(commands, name) ? [commands[name]] : Object.values(commands);
  for (const load of loaders) (await load?.())?.(program);
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync();
}

/** A failure is one line for a person; the stack only when asked for with DEBUG. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof SalvageError)
    process.stderr.write(`salvage: ${error.message} [${error.slug}]\n  ${error.kind.remedy}\n`);
  else if (process.env['DEBUG'] && error instanceof Error) process.stderr.write(`salvage: ${error.stack}\n`);
  else process.stderr.write(`salvage: ${errorText(error).replace(/^Error: /, '')}\n`);
  return 1;
}

try {
  await main();
} catch (error) {
  process.exitCode = report(error);
}
