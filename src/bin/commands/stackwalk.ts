// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { printable } from '../../lib/printable.ts';
import { suppliersOfPath } from '../../symbols/loose-supplier.ts';
import { symbolOptions } from '../../symbols/options.ts';
import { openSymbols, type SymbolProvider } from '../../symbols/symbols.ts';
import { stackwalkBrief, stackwalkText, walkDumpFile } from '../../unwind/unwind.ts';
import { openContext, type ProcessContext } from '../context.ts';
import { packageVersion } from '../version.ts';

interface StackwalkCommandOptions {
  readonly symbols?: readonly string[];
  readonly json?: boolean;
  readonly brief?: boolean;
  readonly allThreads?: boolean;
  readonly color?: boolean;
}

/** `salvage stackwalk`: the stacks of one dump, for people or as the document that the processor reads. */
export function addStackwalkCommand(program: Command): void {
  program
    .command('stackwalk')
    .description('print the stacks of a minidump (plain or gzipped)')
    .argument('<dump>', 'the minidump')
    .option(
      '-s, --symbols <where>',
      'a .sym file, a directory with such files, or the URL of a symbol server; may be repeated',
      (where: string, previous: readonly string[] = []) => [...previous, where],
    )
    .addOption(new Option('--json', 'the document that Socorro’s processor reads').conflicts('brief'))
    .option('--brief', 'one line a frame')
    .option('--all-threads', 'with --brief, all threads and not only the one that crashed')
    .option('--no-color', 'without colours')
    .action(async (dump: string, options: StackwalkCommandOptions) => {
      const context = await openContext('stackwalk', { logsTo: 'stderr', announcesConfig: false });
      try {
        process.stdout.write(await walkText(context, dump, options));
      } finally {
        await context.releasers.releaseAll();
      }
    });
}

async function walkText(context: ProcessContext, dump: string, options: StackwalkCommandOptions): Promise<string> {
  const progress = makeProgress(process.stderr.isTTY === true);
  try {
    const symbols = progress.watched(await openCommandSymbols(context, options.symbols ?? [], progress.onCompile));
    const walk = await walkDumpFile(dump, symbols, { version: packageVersion });
    progress.clear();
    if (options.json) return `${JSON.stringify(walk, null, 2)}\n`;
    if (!options.brief) return stackwalkText(walk);
    const isColoured = options.color !== false && process.stdout.isTTY === true && !process.env['NO_COLOR'];
    return stackwalkBrief(walk, { isColoured, showsAllThreads: options.allThreads === true });
  } finally {
    progress.clear();
  }
}

type OnCompile = (path: string, bytesDone: number, bytesTotal: number) => void;

/** What is named on the command line is asked before what is configured; a named server may be in one's own network. */
async function openCommandSymbols(
  context: ProcessContext,
  named: readonly string[],
  onProgress: OnCompile,
): Promise<SymbolProvider> {
  const isUrl = (where: string) => /^https?:\/\//i.test(where);
  const settings = context.config.valuesOf(symbolOptions);
  const servers = named.filter(isUrl);
  const paths = named.filter((where) => !isUrl(where));
  return openSymbols({
    settings: {
      ...settings,
      servers: [...servers, ...settings.servers],
      allowPrivateAddresses: settings.allowPrivateAddresses || servers.length > 0,
    },
    dataDir: context.dataDir,
    clock: context.clock,
    logger: context.logger,
    metrics: context.metrics,
    firstSuppliers: (await Promise.all(paths.map(suppliersOfPath))).flat(),
    onProgress,
  });
}

interface Progress {
  readonly onCompile: OnCompile;
  watched(symbols: SymbolProvider): SymbolProvider;
  clear(): void;
}

const shownAfterMs = 300;
const shownEveryMs = 100;

/** One line on stderr that says what is being waited for, once it takes longer than a blink. */
function makeProgress(isTerminal: boolean): Progress {
  const startMs = performance.now();
  const waitingFor = new Set<string>();
  /** When a line was last written; null if none stands there. */
  let shownMs: number | null = null;
  const show = (words: string) => {
    const text = printable(words);
    const nowMs = performance.now();
    const isTooSoon = shownMs !== null && nowMs - shownMs < (isTerminal ? shownEveryMs : 10 * shownAfterMs);
    if (nowMs - startMs < shownAfterMs || isTooSoon) return;
    shownMs = nowMs;
    writeFileSync(2, isTerminal ? `\r\u001b[2K${text.slice(0, process.stderr.columns ?? 80)}` : `${text}\n`);
  };
  return {
    onCompile(path, bytesDone, bytesTotal) {
      const percent = bytesTotal > 0 ? Math.min(100, Math.floor((100 * bytesDone) / bytesTotal)) : 0;
      show(`compiling ${path}: ${percent} %`);
    },
    watched: (symbols) => ({
      async symbolsFor(module, signal) {
        const name = module.debugFile ?? module.codeFile;
        waitingFor.add(name);
        const timer = setInterval(() => show(`looking for symbols: ${[...waitingFor].join(', ')}`), shownEveryMs);
        try {
          return await symbols.symbolsFor(module, signal);
        } finally {
          clearInterval(timer);
          waitingFor.delete(name);
        }
      },
    }),
    clear() {
      if (isTerminal && shownMs !== null) writeFileSync(2, '\r\u001b[2K');
      shownMs = null;
    },
  };
}
