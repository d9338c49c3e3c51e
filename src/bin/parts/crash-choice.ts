// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Command, InvalidArgumentError } from 'commander';
import { sampled } from '../../client/sample.ts';
import type { CrashId } from '../../crash/crash-id.ts';
import { crashIdInText } from '../../crash/crash-id-text.ts';
import { SalvageError } from '../../lib/errors.ts';
import { numbered, type Repetition } from '../../lib/numbered.ts';
import { makeIndexFinder } from '../../processor/index-finder.ts';
import { PostgresSearch } from '../../search/postgres-search.ts';
import type { ClaimedCrash, CrashStorage } from '../../storage/crash-storage.ts';
import { storageErrors } from '../../storage/errors.ts';
import type { ProcessContext } from '../context.ts';
import { openDatabase } from './database.ts';

/** Which crashes a command is about, as people say it. */
export interface CrashChoice {
  readonly ids?: string;
  readonly date?: string;
  readonly prefix?: string;
  readonly product?: string;
  readonly signature?: string;
  readonly since?: Date;
  readonly sample: number;
  readonly number: Repetition;
}

export function withCrashChoice(command: Command): Command {
  return command
    .option('--ids <file>', 'only these crash ids, one a line; - = standard input')
    .option('--date <YYYYMMDD>', 'only crashes of that day')
    .option('--prefix <text>', 'only ids that begin with this')
    .option('--product <name>', 'only crashes of this product, by the search index')
    .option('--signature <text>', 'only crashes of exactly this signature, by the search index')
    .option('--since <date>', 'only crashes received since, by the search index', asDate)
    .option('--sample <percent>', 'only that share, always the same crashes', asPercent, 100)
    .option('-n, --number <n>', 'so many crashes, `all` once, or `forever` again and again', asRepetition, 'all');
}

function asDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('write it as 2026-11-20');
  return date;
}

function asPercent(text: string): number {
  const percent = Number(text);
  if (!(percent > 0 && percent <= 100)) throw new InvalidArgumentError('must be above 0 and at most 100');
  return percent;
}

function asRepetition(text: string): Repetition {
  if (text === 'all' || text === 'forever') return text;
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('must be a number, all or forever');
  return Number(text);
}

const idleMs = 7000;

/** The chosen crashes, as often as wanted. `forever` looks again for new ones after a pause. */
export async function chosenCrashes(
  choice: CrashChoice,
  storage: CrashStorage,
  context: ProcessContext,
  signal: AbortSignal,
): Promise<AsyncIterable<CrashId>> {
  const list = await listing(choice, storage, context);
  const pause = () => context.clock.sleep(idleMs, signal).catch(() => {});
  return numbered(() => sampled(list(), choice.sample), choice.number, pause, signal);
}

/** Crashes that nobody has taken yet, from a store that keeps count of them. */
export function newCrashes(
  { number }: CrashChoice,
  storage: CrashStorage,
  { clock }: ProcessContext,
  signal: AbortSignal,
): AsyncIterable<ClaimedCrash> {
  const claim = storage.newCrashes?.bind(storage);
  if (!claim)
    throw new SalvageError(
      storageErrors.storage_unsupported,
      `the store ${storage.name} does not know which crashes are new; dated-radix, dated-legacy and temporary do`,
    );
  return numbered(claim, number, () => clock.sleep(idleMs, signal).catch(() => {}), signal);
}

async function listing(
  choice: CrashChoice,
  storage: CrashStorage,
  context: ProcessContext,
): Promise<() => AsyncIterable<CrashId>> {
  const { ids, date, prefix, product, signature, since } = choice;
  if (ids !== undefined) return () => idsInLines(ids);
  if (product === undefined && signature === undefined && since === undefined)
    return () =>
      storage.listCrashIds({ ...(date === undefined ? {} : { date }), ...(prefix === undefined ? {} : { prefix }) });
  const finder = makeIndexFinder(new PostgresSearch({ pool: (await openDatabase(context)).pool }), context.clock);
  return () =>
    finder.findCrashes({
      ...(product === undefined ? {} : { product }),
      ...(signature === undefined ? {} : { signature }),
      ...(since === undefined ? {} : { since }),
    });
}

/** Ids in any spelling; empty lines and comments pass, anything else is told. */
async function* idsInLines(path: string): AsyncGenerator<CrashId> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  for await (const line of createInterface({ input })) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const crashId = crashIdInText(text);
    if (crashId) yield crashId;
    else process.stderr.write(`not a crash id, left out: ${JSON.stringify(text.slice(0, 80))}\n`);
  }
}

/** Ends the work at SIGINT or SIGTERM; a second signal ends the process. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      process.stderr.write(`${signal}: stopping; run the same command again to go on\n`);
      stopping.abort(new Error(signal));
    });
  return stopping.signal;
}

/** One line of counts: rewritten on a terminal, every ten seconds in a log. */
export function progressLine(): (counts: object) => void {
  let shownMs = Number.NEGATIVE_INFINITY;
  return (counts) => {
    const nowMs = performance.now();
    if (nowMs - shownMs < (process.stderr.isTTY ? 200 : 10_000)) return;
    shownMs = nowMs;
    const text = countsText(counts);
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  };
}

/** The last word of long work, below its line of counts. */
export function tellEnd(text: string): void {
  process.stderr.write(`${process.stderr.isTTY ? '\n' : ''}${text}\n`);
}

export function countsText(counts: object): string {
  return Object.entries(counts)
    .map(([name, count]) => `${String(count)} ${name}`)
    .join(', ');
}
