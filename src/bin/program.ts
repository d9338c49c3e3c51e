// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { Command } from 'commander';
import { packageVersion } from './version.ts';

type AddCommand = (program: Command) => void;

/**
 * Every command under the heading of its group, and the module that adds it. Only the module of the command that runs is
 * loaded: a collector must not pay for the parts of the others.
 */
const commands: Readonly<Record<string, Readonly<Record<string, () => Promise<AddCommand>>>>> = {
  'Run:': {
    serve: async () => (await import('./commands/serve.ts')).addServeCommand,
    collector: async () => (await import('./commands/collector.ts')).addCollectorCommand,
    processor: async () => (await import('./commands/processor.ts')).addProcessorCommand,
    web: async () => (await import('./commands/web.ts')).addWebCommand,
  },
  'See how it is, and see to it:': {
    config: async () => (await import('./commands/config.ts')).addConfigCommand,
    spool: async () => (await import('./commands/spool.ts')).addSpoolCommand,
    queue: async () => (await import('./commands/queue.ts')).addQueueCommand,
    outbox: async () => (await import('./commands/outbox.ts')).addOutboxCommand,
    storage: async () => (await import('./commands/storage.ts')).addStorageCommand,
    db: async () => (await import('./commands/db.ts')).addDbCommand,
    jobs: async () => (await import('./commands/jobs.ts')).addJobsCommand,
    admin: async () => (await import('./commands/admin.ts')).addAdminCommand,
  },
  'Send reports:': {
    submit: async () => (await import('./commands/submit.ts')).addSubmitCommand,
    demo: async () => (await import('./commands/demo.ts')).addDemoCommand,
    'send-test-crash': async () => (await import('./commands/demo.ts')).addSendTestCrashCommand,
    capture: async () => (await import('./commands/capture.ts')).addCaptureCommand,
    systemtest: async () => (await import('./commands/systemtest.ts')).addSystemtestCommand,
    loadtest: async () => (await import('./commands/loadtest.ts')).addLoadtestCommand,
  },
  'Carry, repeat and repair:': {
    submitter: async () => (await import('./commands/submitter.ts')).addSubmitterCommand,
    crashmover: async () => (await import('./commands/crashmover.ts')).addCrashmoverCommand,
    reconcile: async () => (await import('./commands/reconcile.ts')).addReconcileCommand,
    reprocess: async () => (await import('./commands/reprocess.ts')).addReprocessCommand,
    reindex: async () => (await import('./commands/reindex.ts')).addReindexCommand,
    versions: async () => (await import('./commands/versions.ts')).addVersionsCommand,
  },
  'Read dumps and symbols:': {
    stackwalk: async () => (await import('./commands/stackwalk.ts')).addStackwalkCommand,
    dump: async () => (await import('./commands/dump.ts')).addDumpCommand,
    symbols: async () => (await import('./commands/symbols.ts')).addSymbolsCommand,
    signature: async () => (await import('./commands/signature.ts')).addSignatureCommand,
  },
};

const settingsText = `
Settings come from the environment (PORT, HOST, SALVAGE_DATA_DIR, …) or a file:
\`salvage config\` prints them all, docs/configuration.md explains them.`;

/** The command line with the one command that `name` means, or with all of them. */
export async function makeProgram(name?: string): Promise<Command> {
  const program = new Command('salvage')
    .description('Salvage takes in crash reports, keeps every one it has acknowledged, and shows which crashes matter.')
    .version(packageVersion)
    .showHelpAfterError('(salvage --help lists the commands)')
    .addHelpText('afterAll', settingsText)
    .exitOverride();
  const isKnown = name !== undefined && Object.values(commands).some((group) => Object.hasOwn(group, name));
  for (const [heading, group] of Object.entries(commands)) {
    program.commandsGroup(heading);
    for (const [key, load] of Object.entries(group)) if (!isKnown || key === name) (await load())(program);
  }
  for (const command of program.commands) command.exitOverride();
  return program;
}
