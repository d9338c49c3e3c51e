// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { compileSymInMemory } from './compile-sym.ts';
import type { SymFacts } from './module-symbols.ts';
import type { SymProblem } from './sym-collector.ts';

/** What a `.sym` file is worth, for `salvage symbols check` and before it is stored. */
export interface SymVerdict {
  readonly facts: SymFacts;
  readonly problems: readonly SymProblem[];
  /** What it lacks, gravest first; each with what that means for stacks and how to mend it. */
  readonly lacks: readonly SymLack[];
}

export interface SymLack {
  readonly slug:
    | 'not_a_sym'
    | 'many_bad_lines'
    | 'wrong_id'
    | 'wrong_architecture'
    | 'no_names'
    | 'no_functions'
    | 'no_cfi'
    | 'no_lines'
    | 'no_inlines'
    | 'bad_lines';
  readonly isFatal: boolean;
  readonly text: string;
}

/** Architectures of MODULE records and the CPU that they mean. */
const cpus: Readonly<Record<string, string>> = {
  x86: 'x86',
  i386: 'x86',
  x86_64: 'amd64',
  amd64: 'amd64',
  x86_64h: 'amd64',
  arm: 'arm',
  armv7: 'arm',
  armv7s: 'arm',
  arm64: 'arm64',
  arm64e: 'arm64',
  aarch64: 'arm64',
  mips: 'mips',
  mips64: 'mips64',
  ppc: 'ppc',
  ppc64: 'ppc64',
  riscv: 'riscv',
  riscv64: 'riscv64',
};

/** The CPU in the words of a dump (`amd64`) for an architecture in the words of a `.sym` (`x86_64`); null if unknown. */
export function cpuOfSymArchitecture(arch: string): string | null {
  return Object.hasOwn(cpus, arch.toLowerCase()) ? cpus[arch.toLowerCase()]! : null;
}

export interface ExpectedSym {
  readonly debugId?: string;
  /** As a dump says it: x86, amd64, arm, arm64. */
  readonly cpu?: string;
}

/** Reads a whole `.sym` and says what it lacks. Throws as `compileSym` (an empty source, one over the limit). */
export async function checkSym(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected: ExpectedSym = {},
  onProgress?: (bytesDone: number) => void,
): Promise<SymVerdict> {
  const { facts, problems, symbols } = await compileSymInMemory(source, onProgress ? { onProgress } : {});
  symbols.close();
  return { facts, problems, lacks: lacksOf(facts, expected) };
}

/** What a file with these facts lacks. */
export function lacksOf(facts: SymFacts, expected: ExpectedSym = {}): SymLack[] {
  const lacks: SymLack[] = [];
  const fatal = (slug: SymLack['slug'], text: string) => lacks.push({ slug, isFatal: true, text });
  const poorer = (slug: SymLack['slug'], text: string) => lacks.push({ slug, isFatal: false, text });
  const { counts } = facts;
  if (facts.debugId === '') fatal('not_a_sym', 'There is no MODULE record: this is not a Breakpad symbol file.');
  else if (facts.isCorrupt)
    fatal('many_bad_lines', `${counts.badLines} of ${counts.lines} lines are bad: the file is damaged.`);
  else if (counts.badLines > 0) poorer('bad_lines', `${counts.badLines} bad lines are skipped.`);
  if (expected.debugId !== undefined && expected.debugId.toUpperCase() !== facts.debugId.toUpperCase())
    fatal('wrong_id', `It is for debug id ${facts.debugId}, not ${expected.debugId}: made from another build.`);
  const cpu = cpuOfSymArchitecture(facts.arch);
  if (facts.debugId !== '' && cpu === null)
    poorer('wrong_architecture', `Its architecture "${facts.arch}" is not one that dumps have.`);
  else if (expected.cpu !== undefined && cpu !== expected.cpu)
    fatal('wrong_architecture', `It is for ${facts.arch}, not ${expected.cpu}.`);
  if (facts.debugId !== '') lacks.push(...missingRecords(facts, cpu));
  return lacks;
}

function missingRecords({ counts, os, debugFile }: SymFacts, cpu: string | null): SymLack[] {
  const lacks: SymLack[] = [];
  const add = (slug: SymLack['slug'], text: string) => lacks.push({ slug, isFatal: false, text });
  const hasNames = counts.functions + counts.publics > 0;
  if (!hasNames) add('no_names', 'No FUNC and no PUBLIC records: frames stay without names. Was the binary stripped?');
  else if (counts.functions === 0)
    add(
      'no_functions',
      'No FUNC records, only PUBLIC: exported names, often the wrong one, and no lines. Use the unstripped file, or its PDB or dSYM.',
    );
  const hasWin = counts.winFrameData + counts.winFpo > 0;
  if (counts.cfiInits === 0 && !(cpu === 'x86' && hasWin)) {
    const isPdb = /^windows/i.test(os) || /\.pdb$/i.test(debugFile);
    const remedy = isPdb
      ? 'Give dump_syms the DLL or EXE beside the PDB.'
      : 'Run dump_syms without -c and on a file that has .eh_frame.';
    add('no_cfi', `No STACK CFI records: stacks will be guessed past this module. ${remedy}`);
  }
  if (counts.functions > 0 && counts.lineRecords === 0)
    add('no_lines', 'No line records: no files and line numbers. Compile with -g (or /Zi).');
  if (counts.lineRecords > 0 && counts.inlines === 0)
    add(
      'no_inlines',
      'No INLINE records: inlined calls are not shown. Run dump_syms with -d (Breakpad) or --inlines (Mozilla).',
    );
  return lacks;
}
