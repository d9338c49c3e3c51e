// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { trim } from '../lib/python-text.ts';
import { AutomatonBuilder } from './automaton.ts';
import { signatureErrors } from './errors.ts';
import { signatureLimits } from './limits.ts';
import { ListMatcher } from './list-matcher.ts';
import { PatternError, parsePattern } from './pattern.ts';

/** Where an entry stands, for explanations and errors. */
export interface ListEntry {
  /** File name within its directory, e.g. `prefix_signature_re.txt`. */
  readonly file: string;
  /** Line number from 1; 0 for "the list is empty, and an empty list matches everything". */
  readonly line: number;
  readonly entry: string;
}

/** A list of patterns; `match` gives the first entry that matches at the start of the text. */
export interface PatternList {
  readonly size: number;
  match(text: string): ListEntry | null;
}

/** A list of literal texts, compared whole. */
export interface LiteralList {
  readonly size: number;
  match(text: string): ListEntry | null;
}

/** All lists that decide on signatures, checked and ready (spec processor.md §4.5). */
export interface Siglists {
  /** Frames that become the top of the stack. */
  readonly sentinels: LiteralList;
  /** Frames to skip. */
  readonly irrelevant: PatternList;
  /** Frames to keep and go on from. */
  readonly prefix: PatternList;
  /** Functions that get their line number. */
  readonly lineNumbers: PatternList;
  /** Only in the 2015 era: `x.dll@0x1f` becomes `x.dll`. Null if the directory has no such file. */
  readonly trimDll: PatternList | null;
  /** Ours: modules of the system and of runtimes, in lower case, which provisional signatures pass over. */
  readonly systemModules: PatternList | null;
  /** Remarks about lists that can be used but will hardly do what was meant. */
  readonly warnings: readonly string[];
}

/** The texts of the list files by file name, as a directory holds them. Other names are ignored. */
export type SiglistTexts = Readonly<Record<string, string>>;

/** The four files that every set of lists has, in Socorro's spelling. */
export const requiredSiglistFiles = [
  'signature_sentinels.txt',
  'irrelevant_signature_re.txt',
  'prefix_signature_re.txt',
  'signatures_with_line_numbers_re.txt',
] as const;

/** The files that a set may have besides. */
export const optionalSiglistFiles = ['trim_dll_signature_re.txt', 'system_modules_re.txt'] as const;

/**
 * Checks and prepares a set of lists.
 * @throws SalvageError siglist_missing, or siglist_invalid naming file, line and reason of every bad entry
 */
export function parseSiglists(texts: SiglistTexts): Siglists {
  const missing = requiredSiglistFiles.filter((file) => !Object.hasOwn(texts, file));
  if (missing.length > 0) throw new SalvageError(signatureErrors.siglist_missing, `missing: ${missing.join(', ')}`);
  const reading: Reading = { problems: [], warnings: [] };
  const patterns = (file: string): PatternList => readPatterns(file, texts[file]!, reading);
  const optional = (file: string): PatternList | null => (Object.hasOwn(texts, file) ? patterns(file) : null);
  const lists = {
    sentinels: readLiterals('signature_sentinels.txt', texts['signature_sentinels.txt']!, reading),
    irrelevant: patterns('irrelevant_signature_re.txt'),
    prefix: patterns('prefix_signature_re.txt'),
    lineNumbers: patterns('signatures_with_line_numbers_re.txt'),
    trimDll: optional('trim_dll_signature_re.txt'),
    systemModules: optional('system_modules_re.txt'),
  };
  if (reading.problems.length > 0) throw new SalvageError(signatureErrors.siglist_invalid, told(reading.problems));
  return { ...lists, warnings: reading.warnings };
}

interface Reading {
  readonly problems: string[];
  readonly warnings: string[];
}

function told(problems: readonly string[]): string {
  const shown = problems.slice(0, signatureLimits.siglistProblemsMax.value);
  const rest = problems.length - shown.length;
  return shown.join('\n') + (rest > 0 ? `\nand ${rest} more` : '');
}

/** Trimmed lines that are neither empty nor comments; a `#` further on belongs to the entry. */
function readEntries(file: string, text: string, reading: Reading): ListEntry[] {
  if (text.length > signatureLimits.siglistCharactersMax.value) {
    reading.problems.push(`${file}: longer than ${signatureLimits.siglistCharactersMax.value} characters`);
    return [];
  }
  const entries = text
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({
      file,
      line: index + 1,
      entry: trim(index === 0 ? line.replace(/^\ufeff/, '') : line),
    }))
    .filter(({ entry }) => entry !== '' && !entry.startsWith('#'));
  if (entries.length <= signatureLimits.siglistEntriesMax.value) return entries;
  reading.problems.push(`${file}: more than ${signatureLimits.siglistEntriesMax.value} entries`);
  return [];
}

function readLiterals(file: string, text: string, reading: Reading): LiteralList {
  const byText = new Map(readEntries(file, text, reading).map((entry) => [entry.entry, entry]));
  return { size: byText.size, match: (frame) => byText.get(frame) ?? null };
}

function readPatterns(file: string, text: string, reading: Reading): PatternList {
  const builder = new AutomatonBuilder();
  const entries: ListEntry[] = [];
  const found = readEntries(file, text, reading);
  for (const entry of found) {
    try {
      builder.add(parsePattern(entry.entry));
      entries.push(entry);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      reading.problems.push(`${file}:${entry.line}: ${error.message}: ${entry.entry.slice(0, 120)}`);
    }
  }
  if (found.length === 0) return everything(file, reading);
  const matcher = new ListMatcher(builder.build());
  const careless = entries[matcher.match('')];
  if (careless)
    reading.warnings.push(`${file}:${careless.line}: matches even an empty frame: ${careless.entry.slice(0, 120)}`);
  return { size: entries.length, match: (frame) => entries[matcher.match(frame)] ?? null };
}

/** Joined with `|`, no entries give an expression that matches everything; Socorro's groups rely on it, so it stays. */
function everything(file: string, reading: Reading): PatternList {
  reading.warnings.push(`${file}: the list is empty, and an empty list matches every frame`);
  const entry = { file, line: 0, entry: '' };
  return { size: 0, match: () => entry };
}

/**
 * The lists in force. Whoever watches the directory calls `replace` with its texts: a set with a mistake is refused and
 * the old one stays. Only crashes processed later see the new lists; reprocess the others.
 */
export class LiveSiglists {
  #current: Siglists;

  constructor(first: Siglists) {
    this.#current = first;
  }

  get current(): Siglists {
    return this.#current;
  }

  /** @throws SalvageError siglist_missing or siglist_invalid; then nothing has changed */
  replace(texts: SiglistTexts): Siglists {
    this.#current = parseSiglists(texts);
    return this.#current;
  }
}
