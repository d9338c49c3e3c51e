// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Reads the tables of docs/requirements.md and docs/requirements/*.md: `| row | requirement | proof |`. A proof is one or
// more of these, joined by ` · `:
//   `test/folder/file.test.ts` › name of a test     `test/folder/file.test.ts`     `npm run NAME`
//   `area.md` row 12 (a row of docs/requirements/area.md)     later: reason
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

export type Proof =
  | { readonly kind: 'test'; readonly file: string; readonly name: string | null }
  | { readonly kind: 'script'; readonly script: string }
  | { readonly kind: 'row'; readonly page: string; readonly row: string }
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly text: string };

export interface Requirement {
  readonly page: string;
  readonly line: number;
  readonly row: string;
  readonly requirement: string;
  readonly proofs: readonly Proof[];
}

export const registerPage = 'docs/requirements.md';

/** The rows of all pages, or of the text given. */
export function readRequirements(text?: string): Requirement[] {
  if (text !== undefined) return readPage('text', text);
  return [registerPage, ...globSync('docs/requirements/*.md').sort()].flatMap((page) =>
    readPage(page, readFileSync(page, 'utf8')),
  );
}

function readPage(page: string, content: string): Requirement[] {
  return content.split('\n').flatMap((text, index) => {
    if (!text.startsWith('|') || text === '| row | requirement | proof |' || /^\|[-|]+\|$/.test(text)) return [];
    const [row = '', requirement = '', ...rest] = text.replace(/^\| ?| ?\|$/g, '').split(' | ');
    const proofs = rest.join(' | ').split(' · ').map(readProof);
    return [{ page, line: index + 1, row: row.trim(), requirement: requirement.trim(), proofs }];
  });
}

function readProof(text: string): Proof {
  const test = /^`(test\/[\w./-]+\.test\.ts)`(?: › (.+))?$/.exec(text);
  if (test) return { kind: 'test', file: test[1] as string, name: test[2] ?? null };
  const script = /^`npm run ([\w:-]+)(?: -- [^`]+)?`$/.exec(text);
  if (script) return { kind: 'script', script: script[1] as string };
  const row = /^`([\w-]+\.md)` row (.+)$/.exec(text);
  if (row) return { kind: 'row', page: row[1] as string, row: row[2] as string };
  const later = /^later: (.{5,})$/.exec(text);
  if (later) return { kind: 'later', reason: later[1] as string };
  return { kind: 'unreadable', text };
}

/** What is wrong with a row as far as files alone can tell; the run tells whether the named test passed. */
export function mistakesOf(requirement: Requirement, all: readonly Requirement[]): string[] {
  const at = `${requirement.page}:${requirement.line} (row ${requirement.row})`;
  return requirement.proofs.flatMap((proof) => {
    const mistake = mistakeOf(proof, all);
    return mistake === null ? [] : [`${at}: ${mistake}`];
  });
}

function mistakeOf(proof: Proof, all: readonly Requirement[]): string | null {
  switch (proof.kind) {
    case 'test': {
      const names = testNames(proof.file);
      if (names === null) return `there is no ${proof.file}`;
      return proof.name === null || names.mayHave(proof.name) ? null : `${proof.file} has no test “${proof.name}”`;
    }
    case 'script':
      return packageScripts().includes(proof.script) ? null : `package.json has no script ${proof.script}`;
    case 'row': {
      const isThere = all.some((one) => basename(one.page) === proof.page && one.row === proof.row);
      return isThere ? null : `docs/requirements/${proof.page} has no row ${proof.row}`;
    }
    case 'later':
      return null;
    case 'unreadable':
      return proof.text.trim() === '' ? 'no proof' : `no known form of a proof: ${proof.text}`;
  }
}

function packageScripts(): string[] {
  return Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts);
}

interface TestNames {
  mayHave(name: string): boolean;
}

const namesByFile = new Map<string, TestNames | null>();

/**
 * Names that the tests of a file can have: its string literals, those of the helpers that it imports from test/, and
 * template literals with anything for their holes. Null when there is no such file.
 */
function testNames(file: string): TestNames | null {
  const known = namesByFile.get(file);
  if (known !== undefined) return known;
  const names = readTestNames(file);
  namesByFile.set(file, names);
  return names;
}

function readTestNames(file: string): TestNames | null {
  const source = readIfThere(file);
  if (source === null) return null;
  const imports = [...source.matchAll(/from '(\.[^']+)'/g)].map(
    (match) => new URL(match[1] as string, `file:///${file}`),
  );
  const helpers = imports.map((url) => url.pathname.slice(1)).filter((path) => path.startsWith('test/'));
  const text = [source, ...helpers.map((path) => readIfThere(path) ?? '')].join('\n');
  const literals = new Set(
    [...text.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/g)].map((match) =>
      (match[1] ?? match[2] ?? '').replaceAll(/\\(.)/g, '$1'),
    ),
  );
  const patterns = [...text.matchAll(/`([^`\n]*\$\{[^`\n]*)`/g)].map((match) => {
    const pieces = (match[1] as string)
      .split(/\$\{[^}]*\}/)
      .map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${pieces.join('.+')}$`);
  });
  // Names made of data alone, such as those of a table of cases, are left to the check of the run.
  const hasFreeNames = /\b(?:test|it|describe)\(\s*(?:[a-z]\w*[.,]|`\$\{)/.test(text);
  return { mayHave: (name) => literals.has(name) || hasFreeNames || patterns.some((pattern) => pattern.test(name)) };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
