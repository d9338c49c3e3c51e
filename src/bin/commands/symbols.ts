// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { errorText, SalvageError } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';
import { checkSym, type SymLack } from '../../symbols/check-sym.ts';
import { readChunks } from '../../symbols/compile-sym.ts';
import { fileIdentity } from '../../symbols/directory-supplier.ts';
import { symbolErrors } from '../../symbols/errors.ts';
import { findSymFiles, symbolPathStatus } from '../../symbols/find-sym-files.ts';
import { IndexCache } from '../../symbols/index-cache.ts';
import { symbolCacheDirectory } from '../../symbols/open-symbols.ts';
import { symbolOptions } from '../../symbols/options.ts';
import { unpacked } from '../../symbols/sym-bytes.ts';
import { keyPath } from '../../symbols/symbol-key.ts';
import { SymbolStore } from '../../symbols/symbol-store.ts';
import { openContext, type ProcessContext } from '../context.ts';

/** `salvage symbols add | ls | compile | check`. */
export function addSymbolsCommand(program: Command): void {
  const symbols = program.command('symbols').description('the symbol files that turn addresses into names');
  symbols
    .command('add')
    .description('copy .sym files into the symbol store; each is checked first')
    .argument('<paths...>', '.sym files (plain or gzipped), directories or zip archives with them')
    .option('--replace', 'replace stored symbols even if the new ones are poorer', false)
    .action((paths: string[], options: { replace: boolean }) =>
      withContext((context) => add(context, paths, options.replace)),
    );
  symbols
    .command('ls')
    .description('list the symbol store')
    .option('--json', 'one JSON object a line', false)
    .action((options: { json: boolean }) => withContext((context) => list(context, options.json)));
  symbols
    .command('compile')
    .description('compile symbols ahead of the first crash that needs them; without paths, the whole store')
    .argument('[paths...]', '.sym files or directories')
    .action((paths: string[]) => withContext((context) => compile(context, paths)));
  symbols
    .command('check')
    .description('say what a .sym file lacks: names, unwind rules, lines, the right architecture')
    .argument('<file>', '.sym file, plain or gzipped')
    .option('--debug-id <id>', 'the debug id of the module that the crash names')
    .option('--cpu <cpu>', 'the CPU of the crash: x86, amd64, arm, arm64')
    .option('--json', 'the verdict as JSON', false)
    .action(check);
}

async function withContext(action: (context: ProcessContext) => Promise<void>): Promise<void> {
  const context = await openContext('symbols', { logsTo: 'stderr', announcesConfig: false });
  try {
    await action(context);
  } finally {
    await context.releasers.releaseAll();
  }
}

async function add(context: ProcessContext, paths: readonly string[], replaces: boolean): Promise<void> {
  const root = path.join(context.dataDir, 'symbols');
  const store = new SymbolStore(root);
  let [added, failed] = [0, 0];
  for (const argument of paths)
    for await (const file of findSymFiles(argument, path.join(root, '.incoming'))) {
      const progress = makeProgress(`checking ${file.shown}`, (await stat(file.path)).size);
      try {
        const { key, outcome, lacks } = await store.add(file.path, { replaces, onProgress: progress.at });
        progress.end();
        added++;
        process.stdout.write(`${outcome.padEnd(8)} ${printable(keyPath(key))}\n${lacks.map(lackLine).join('')}`);
      } catch (error) {
        progress.end();
        failed++;
        const remedy = error instanceof SalvageError ? `  ${error.kind.remedy}\n` : '';
        process.stderr.write(`${file.shown}: ${errorText(error)}\n${remedy}`);
      }
    }
  if (added + failed === 0)
    throw new SalvageError(
      symbolErrors.sym_unusable,
      `no .sym files in ${paths.join(', ')}; see docs/symbols.md for making them`,
    );
  if (failed === 0) return;
  process.stderr.write(`${failed} of ${added + failed} files were not added\n`);
  process.exitCode = 1;
}

async function list(context: ProcessContext, isJson: boolean): Promise<void> {
  let [files, bytes] = [0, 0];
  for await (const stored of new SymbolStore(path.join(context.dataDir, 'symbols')).list()) {
    files++;
    bytes += stored.sizeBytes;
    const { debugFile, debugId } = stored.key;
    if (isJson)
      process.stdout.write(
        `${JSON.stringify({ debug_file: debugFile, debug_id: debugId, size_bytes: stored.sizeBytes, modified: stored.modified, path: stored.path })}\n`,
      );
    else process.stdout.write(`${debugId.padEnd(34)} ${mebibytes(stored.sizeBytes).padStart(10)}  ${debugFile}\n`);
  }
  if (!isJson)
    process.stdout.write(
      files === 0 ? 'no symbols yet: `salvage symbols add FILE`\n' : `${files} files, ${mebibytes(bytes)}\n`,
    );
}

async function compile(context: ProcessContext, paths: readonly string[]): Promise<void> {
  const settings = context.config.valuesOf(symbolOptions);
  const directory = symbolCacheDirectory(settings, context.dataDir);
  let progress = makeProgress('', 0);
  const { clock, logger, metrics } = context;
  const indexes = new IndexCache({
    directory,
    clock,
    logger,
    metrics,
    sizeBytesMax: settings.fileSizeBytesMax,
    attemptsMax: Number.POSITIVE_INFINITY,
    onProgress: (_path, done) => progress.at(done),
  });
  let [compiled, failed] = [0, 0];
  for await (const file of filesToCompile(context, paths)) {
    progress = makeProgress(`compiling ${file}`, (await stat(file)).size);
    try {
      const startedMs = clock.monotonicMs();
      const symbols = await indexes.of({ path: file, identity: (await fileIdentity(file)) ?? file });
      progress.end();
      const { functions, lineRecords, cfiInits, winFrameData, winFpo } = symbols.facts.counts;
      const ms = Math.round(clock.monotonicMs() - startedMs);
      process.stdout.write(
        `${file}: ${functions} functions, ${lineRecords} lines, ${cfiInits + winFrameData + winFpo} unwind records (${ms} ms)\n`,
      );
      compiled++;
      symbols.close();
    } catch (error) {
      progress.end();
      failed++;
      process.stderr.write(`${file}: ${errorText(error)}\n`);
    }
  }
  indexes.close();
  if (compiled + failed === 0) process.stdout.write('no symbols to compile: `salvage symbols add FILE` first\n');
  if (failed > 0) throw new SalvageError(symbolErrors.sym_unusable, `${failed} files could not be compiled`);
}

async function* filesToCompile(context: ProcessContext, paths: readonly string[]): AsyncGenerator<string> {
  const root = path.join(context.dataDir, 'symbols');
  if (paths.length === 0) for await (const stored of new SymbolStore(root).list()) yield stored.path;
  for (const argument of paths)
    for await (const file of findSymFiles(path.resolve(argument), path.join(root, '.incoming'))) yield file.path;
}

async function check(file: string, options: { debugId?: string; cpu?: string; json: boolean }): Promise<void> {
  const status = await symbolPathStatus(file);
  if (!status.isFile()) throw new SalvageError(symbolErrors.symbol_path_unusable, `${file} is not a single .sym file`);
  const progress = makeProgress(`checking ${file}`, status.size);
  const verdict = await checkSym(unpacked(readChunks(file)), options, progress.at).finally(progress.end);
  const { facts, problems, lacks } = verdict;
  if (options.json) process.stdout.write(`${JSON.stringify(verdict)}\n`);
  else {
    const { counts } = facts;
    const { debugFile, debugId, os, arch } = facts;
    process.stdout.write(`${printable(`${debugFile || file}  ${debugId}  ${os} ${arch}`)}\n`);
    process.stdout.write(
      `  ${counts.functions} functions, ${counts.publics} publics, ${counts.lineRecords} line records in ${counts.files} files, ${counts.inlines} inlines\n` +
        `  unwinding: ${counts.cfiInits} STACK CFI, ${counts.winFrameData + counts.winFpo} STACK WIN\n`,
    );
    for (const { line, message } of problems.slice(0, 10)) process.stdout.write(`  line ${line}: ${message}\n`);
    process.stdout.write(lacks.length === 0 ? '  complete\n' : lacks.map(lackLine).join(''));
  }
  if (lacks.some((lack) => lack.isFatal)) throw new SalvageError(symbolErrors.sym_unusable, `${file} is of no use`);
}

function lackLine({ isFatal, slug, text }: SymLack): string {
  return `  ${isFatal ? 'error' : 'lacks'} ${slug}: ${printable(text)}\n`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** A line on a terminal that shows how far a long piece of work has come; silent elsewhere and for the first second. */
function makeProgress(what: string, bytesTotal: number): { at(bytesDone: number): void; end(): void } {
  const startedMs = performance.now();
  let shownMs = startedMs + 800;
  let isShown = false;
  return {
    at(bytesDone) {
      const now = performance.now();
      if (!process.stderr.isTTY || now < shownMs) return;
      shownMs = now + 200;
      isShown = true;
      const share = bytesTotal > bytesDone ? `${Math.floor((100 * bytesDone) / bytesTotal)} %` : mebibytes(bytesDone);
      process.stderr.write(`\r\u001b[K${what}: ${share}`);
    },
    end() {
      if (isShown) process.stderr.write('\r\u001b[K');
    },
  };
}
