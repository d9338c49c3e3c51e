// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { printable } from '../../lib/printable.ts';
import { dumpDocument, dumpLines, openMinidump } from '../../minidump/minidump.ts';
import { openDumpFile } from '../../unwind/unwind.ts';

/** `salvage dump`: what a dump holds, without walking its stacks. */
export function addDumpCommand(program: Command): void {
  program
    .command('dump')
    .description('print what a minidump holds: streams, threads, modules, annotations (plain or gzipped)')
    .argument('<dump>', 'the minidump')
    .option('--json', 'as JSON')
    .action((path: string, options: { readonly json?: boolean }) => {
      const file = openDumpFile(path);
      try {
        const dump = openMinidump(file.source);
        process.stdout.write(
          options.json ? `${JSON.stringify(dumpDocument(dump), null, 2)}\n` : textOf(dumpLines(dump)),
        );
      } finally {
        file.close();
      }
    });
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}
