// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Makes dist/ for `npm pack`: JavaScript and types by tsc, version.json, and a check that nothing stale is left.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');
const compile = (...args: string[]) => execFileSync(process.execPath, [tsc, ...args], { cwd: root, stdio: 'inherit' });
compile('-p', 'tsconfig.build.json');
// The scripts of the pages are made for browsers.
compile(
  '-p',
  'tsconfig.islands.json',
  '--noEmit',
  'false',
  '--incremental',
  'false',
  '--tsBuildInfoFile',
  'null',
  '--allowImportingTsExtensions',
  'false',
  '--outDir',
  'dist/web/islands',
  '--rootDir',
  'src/web/islands',
);

// Files beside the code that are neither TypeScript nor found through the package root.
for (const asset of globSync('src/**/*.{css,svg,json}', { cwd: root }))
  cpSync(join(root, asset), join(root, asset.replace(/^src/, 'dist')));

/** In a container's build there is no .git: the one who builds names the commit. */
function commit(): string | null {
  const named = process.env['SOURCE_VERSION'];
  if (named) return named;
  if (!existsSync(join(root, '.git'))) return null;
  return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const versionJson = { build: new Date().toISOString(), commit: commit(), source: 'salvage', version };
writeFileSync(join(root, 'dist/version.json'), `${JSON.stringify(versionJson, null, 2)}\n`);
