// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Runs a suite: `npm test`, `npm test -- FILE…`, `npm run test:system`, `test:conformance`, `test:peers`.
// Ends with `N passed, N failed` and exit code 1 when anything failed, was cancelled or skipped, or when nothing ran.
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { filesLeftOut } from '../test/setup.ts';
import { passedTestsFolder } from './passed-tests.ts';

interface Suite {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly lint: boolean;
  /** Fewer passed tests than this means that a suite lost its files. */
  readonly passedMin: number;
}

const suites: Record<string, Suite> = {
  '': {
    include: ['test/**/*.test.ts'],
    exclude: ['test/system/', 'test/conformance/', 'test/peers/'],
    lint: true,
    passedMin: 100,
  },
  '--system': { include: ['test/system/**/*.test.ts'], exclude: [], lint: false, passedMin: 5 },
  '--conformance': { include: ['test/conformance/**/*.test.ts'], exclude: [], lint: false, passedMin: 5 },
  '--peers': { include: ['test/peers/**/*.test.ts'], exclude: [], lint: false, passedMin: 1 },
};

const suiteTimeoutMs = 25 * 60_000;
const testTimeoutMs = 120_000;

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).on('exit', (code) => resolve(code ?? 1));
  });
}

async function lint(): Promise<number> {
  const version = await run('tsc', ['--version']);
  if (version !== 0) return version;
  const steps: [string, string[]][] = [
    ['biome', ['check', '--error-on-warnings', '.']],
    ['tsc', ['--noEmit']],
    ['depcruise', ['--config', '.dependency-cruiser.cjs', 'src']],
    ['knip', []],
  ];
  for (const [command, args] of steps) {
    const code = await run(command, args);
    if (code !== 0) {
      console.error(`lint: ${command} failed`);
      return code;
    }
  }
  return 0;
}

/** Runs node:test over the files and returns its closing counts. */
function runNodeTests(files: readonly string[], extra: readonly string[]): Promise<Record<string, number>> {
  const setup = existsSync('test/setup.ts') ? ['--test-global-setup=./test/setup.ts'] : [];
  const args = ['--test', '--test-concurrency=2', `--test-timeout=${testTimeoutMs}`, ...setup];
  const child = spawn(
    process.execPath,
    [...args, '--test-reporter=spec', '--test-reporter-destination=stdout', ...extra, ...files],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --disable-warning=ExperimentalWarning`,
      },
    },
  );
  const deadline = setTimeout(() => {
    console.error(`the suite did not end within ${suiteTimeoutMs / 60_000} minutes`);
    child.kill('SIGKILL');
  }, suiteTimeoutMs);
  const counts: Record<string, number> = {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line);
    const match = /^ℹ (tests|pass|fail|cancelled|skipped|todo) (\d+)$/.exec(line);
    if (match) counts[match[1] as string] = Number(match[2]);
  });
  return new Promise((resolve) =>
    child.on('close', (code, signal) => {
      clearTimeout(deadline);
      if (counts['tests'] === undefined)
        console.error(`the test runner ended with ${signal ?? code} before its summary`);
      counts['exit'] = code ?? 1;
      resolve(counts);
    }),
  );
}

/** One file, or all tests below a folder. */
function testsAt(path: string): string[] {
  if (!existsSync(path)) {
    console.error(
      `${path} is not there; name a test file or a folder, as in: npm test -- test/collector/throttler.test.ts`,
    );
    process.exit(1);
  }
  return statSync(path).isDirectory() ? globSync(join(path, '**/*.test.ts')).sort() : [path];
}

const args = process.argv.slice(2);
const suiteName = args[0] && Object.hasOwn(suites, args[0]) ? (args.shift() as string) : '';
const suite = suites[suiteName] as Suite;
const named = args.filter((arg) => !arg.startsWith('-'));
const flags = args.filter((arg) => arg.startsWith('-'));
const isWhole = named.length === 0 && flags.length === 0;
const wanted = named.length
  ? named.flatMap(testsAt)
  : globSync(suite.include as string[])
      .filter((file) => !suite.exclude.some((prefix) => file.startsWith(prefix)))
      .sort();
const leftOut = filesLeftOut(wanted);
const files = wanted.filter((file) => !leftOut.some((one) => one.file === file));

if (suite.lint && isWhole) {
  const code = await lint();
  if (code !== 0) {
    console.log('0 passed, 1 failed');
    process.exit(code);
  }
}
// A whole run leaves the names of what passed for scripts/check-requirements.ts.
mkdirSync(passedTestsFolder, { recursive: true });
const namesFile = `${passedTestsFolder}/${suiteName.replace(/^--/, '') || 'test'}.jsonl`;
const naming = [`--test-reporter=./scripts/passed-tests.ts`, `--test-reporter-destination=${namesFile}`];
const counts = files.length ? await runNodeTests(files, isWhole ? naming : flags) : {};
const passed = counts['pass'] ?? 0;
const bad = (counts['fail'] ?? 0) + (counts['cancelled'] ?? 0) + (counts['skipped'] ?? 0) + (counts['todo'] ?? 0);
const tooFew = isWhole && passed < suite.passedMin;
if (tooFew) console.error(`only ${passed} tests passed; at least ${suite.passedMin} must run`);
// In CI a missing server is a fault of the set-up, not a reason to test less.
const isLackAllowed = leftOut.length === 0 || !process.env['CI'];
console.log(`${passed} passed, ${bad + (tooFew ? 1 : 0) + (isLackAllowed ? 0 : leftOut.length)} failed`);
if (leftOut.length)
  console.log(`NOT RUN: ${leftOut.map(({ file, missing }) => `${file} (needs ${missing})`).join(', ')}`);
process.exit(bad === 0 && !tooFew && passed > 0 && counts['exit'] === 0 && isLackAllowed ? 0 : 1);
