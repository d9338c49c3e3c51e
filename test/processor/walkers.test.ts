// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { mainDumpName } from '../../src/crash/raw-crash.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { nullMetrics } from '../../src/lib/metrics.ts';
import { defaultsOf } from '../../src/lib/options.ts';
import { openExternalWalker } from '../../src/processor/external-walker.ts';
import { capWalks, makePoolWalker } from '../../src/processor/pool-walker.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import type { Walker } from '../../src/processor/walker.ts';
import { symbolOptions } from '../../src/symbols/options.ts';
import { WalkerPool } from '../../src/unwind/unwind.ts';
import { dumpWithEveryStream } from '../builders/sample-dumps.ts';
import { crashId, partsOf } from './fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'walkers-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const dump = Buffer.from(dumpWithEveryStream({ cpu: 'amd64', os: 'linux' }));

const annotations = { ProductName: 'Lantern', CPUMicrocodeVersion: '0x1', ModuleSignatureInfo: { Lantern: ['a.dll'] } };

async function processWith(walker: Walker, dumps: Record<string, Uint8Array>): Promise<JsonObject> {
  const parts = partsOf({ services: { ...partsOf().services, walker } });
  parts.storage.add(crashId, annotations, dumps);
  const { processed } = await makeProcessor(parts).process(crashId);
  return processed;
}

/** A program that answers `--version` and else does what the lines say; `$1` is the dump. */
async function walkerOf(lines: string, { timeoutMs = 10_000, args = ['{dump}'] } = {}): Promise<Walker> {
  const path = join(folder, `walker-${Math.random().toString(36).slice(2)}`);
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo 'stub 1.2.3'; exit 0; fi\n${lines}\n`);
  chmodSync(path, 0o755);
  return openExternalWalker({ command: [path, ...args], symbolDirectory: folder, output: 'rust-json', timeoutMs });
}

test('an external walker gets the dump as an argument, without a shell', async () => {
  const walker = await walkerOf(`printf '{"status": "OK", "pid": %d}' "$(wc -c < "$1")"`);
  const processed = await processWith(walker, { [mainDumpName]: dump });
  assert.equal((processed['json_dump'] as JsonObject)['pid'], dump.length);
  assert.equal(processed['mdsw_status_string'], 'OK');
  assert.equal(processed['mdsw_return_code'], 0);
  assert.equal(processed['stackwalk_version'], 'stub 1.2.3');
});

test('it gets the raw crash where its command asks for it', async () => {
  const walker = await walkerOf(`printf '{"status": "OK", "raw": '; cat "$2"; echo '}'`, { args: ['{dump}', '{raw}'] });
  const processed = await processWith(walker, { [mainDumpName]: dump });
  assert.equal(((processed['json_dump'] as JsonObject)['raw'] as JsonObject)['CPUMicrocodeVersion'], '0x1');
});

for (const [what, lines, status, code, note] of [
  ['bad JSON', 'echo "{"', 'external_walker_output', 0, /failed: 0: unknown error/],
  ['an array', 'echo "[1]"', 'external_walker_output', 0, /failed: 0: unknown error/],
  ['nothing', 'exit 0', 'external_walker_output', 0, /failed: 0/],
  ['another exit code', 'echo "it broke" >&2; exit 3', 'walk_failed', 3, /failed: 3: unknown error/],
  ['an error word', 'echo "ERROR MissingHeader - no oil" >&2; exit 1', 'MissingHeader', 1, /failed: 1/],
  ['its own death', 'kill -SEGV $$', 'walk_failed', 1, /failed: /],
  ['endless output', 'exec cat /dev/zero', 'walk_output_too_large', 1, /failed: /],
] as const)
  test(`an external walker with ${what} costs the stack and nothing else`, async () => {
    const processed = await processWith(await walkerOf(lines), { [mainDumpName]: dump });
    assert.equal(processed['mdsw_status_string'], status);
    assert.equal(processed['mdsw_return_code'], code);
    assert.deepEqual(processed['json_dump'], {});
    assert.equal(processed['product'], 'Lantern');
    assert.match(String(processed['signature']), new RegExp(`^EMPTY: .*; ${status}$`));
    assert.match(String(processed['processor_notes']), note);
    assert.ok(!String(processed['processor_notes']).includes(folder), 'notes tell no paths');
  });

test('an external walker that hangs is killed with everything it has started', async () => {
  const pidFile = join(folder, 'child.pid');
  const walker = await walkerOf(`sleep 60 & echo $! > ${pidFile}; wait`, { timeoutMs: 500 });
  const processed = await processWith(walker, { [mainDumpName]: dump });
  assert.match(String(processed['processor_notes']), /timeout \(SIGKILL\)/);
  const stat = `/proc/${readFileSync(pidFile, 'utf8').trim()}/stat`;
  // A process that nobody has reaped yet is dead all the same.
  const isAlive = existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
  assert.equal(isAlive, false, 'the child of the walker is gone too');
});

test('two dumps give two walks', async () => {
  const walker = await walkerOf(`printf '{"status": "OK", "pid": %d}' "$(wc -c < "$1")"`);
  const processed = await processWith(walker, {
    [mainDumpName]: dump,
    [`${mainDumpName}_browser`]: Buffer.from('abc'),
  });
  assert.deepEqual(processed['additional_minidumps'], [`${mainDumpName}_browser`]);
  const browser = processed[`${mainDumpName}_browser`] as JsonObject;
  assert.equal((browser['json_dump'] as JsonObject)['pid'], 3);
});

test('a walker that knows no version, like that of Breakpad, is used all the same', async () => {
  const path = join(folder, 'no-version');
  writeFileSync(
    path,
    '#!/bin/sh\nif [ "$1" = --version ]; then echo "Usage: walker" >&2; exit 1; fi\necho "OS|Linux|1"; echo "CPU|amd64||1"\n',
  );
  chmodSync(path, 0o755);
  const walker = await openExternalWalker({
    command: [path, '{dump}'],
    symbolDirectory: folder,
    output: 'breakpad-machine',
    timeoutMs: 10_000,
  });
  const processed = await processWith(walker, { [mainDumpName]: dump });
  assert.equal(processed['mdsw_status_string'], 'OK');
  assert.equal(processed['stackwalk_version'], 'unknown');
});

test('a walker that cannot be started is refused at the start', async () => {
  await assert.rejects(
    openExternalWalker({
      command: [join(folder, 'absent')],
      symbolDirectory: folder,
      output: 'rust-json',
      timeoutMs: 1_000,
    }),
    (error) => error instanceof SalvageError && error.slug === 'walk_failed',
  );
});

test('our own walker processes walk real dumps; a damaged one names its damage; a killed child costs one stack', async () => {
  const pool = new WalkerPool({
    entry: resolve('src/bin/walker-child.ts'),
    setup: { symbols: defaultsOf(symbolOptions), dataDir: folder, version: 'test' },
    size: 1,
    logger: nullLogger,
    metrics: nullMetrics,
  });
  try {
    const walker = capWalks(makePoolWalker(pool, 'test'), 1);
    const good = await processWith(walker, { [mainDumpName]: dump });
    assert.equal(good['mdsw_status_string'], 'OK');
    assert.equal(good['os_name'], 'Linux');
    assert.equal(good['crashing_thread'], 0);
    assert.equal((good['json_dump'] as JsonObject)['modules_contains_cert_info'], true);
    const bad = await processWith(walker, { [mainDumpName]: Buffer.from('no minidump at all') });
    assert.match(String(bad['mdsw_status_string']), /^minidump_/);
    assert.equal(bad['product'], 'Lantern');
    const [pid] = pool.pids;
    const killed = processWith(
      {
        ...walker,
        walk: (request, signal) => {
          const walk = walker.walk(request, signal);
          process.kill(pid as number, 'SIGKILL');
          return walk;
        },
      },
      { [mainDumpName]: dump },
    );
    assert.match(String((await killed)['mdsw_status_string']), /^(walk_died|OK)$/);
    assert.equal((await processWith(walker, { [mainDumpName]: dump }))['mdsw_status_string'], 'OK');
  } finally {
    await pool.close();
  }
});
