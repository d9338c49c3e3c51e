// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { tryDump } from '../../../fuzz/dump-mutations.ts';
import { isErrorOf } from '../../../src/lib/errors.ts';
import {
  analyseCrash,
  bytesSource,
  crashingThreadIndex,
  type Minidump,
  minidumpErrors,
  openMinidump,
} from '../../../src/minidump/minidump.ts';

const testdata = path.join(process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata', 'minidumps');
const names = globSync('*/*.dmp', { cwd: testdata }).sort();

/** Both peers refuse it: its system info lies outside the file. */
const refused = 'rust-minidump/invalid-range.dmp';

/** Texts of Breakpad for which ours differ, and why. */
const reasonDeviations: Readonly<Record<string, string>> = {
  // Breakpad names the sender of a signal only for some signals; rust-minidump for all.
  SIGABRT: 'SIGABRT / SI_TKILL',
  // Breakpad puts no name to signal 0 of the simulated crash; rust-minidump writes "unknown".
  '0x00000000 / 0x00000000': 'unknown 0x00000000 / 0x00000000',
  // rust-minidump names the exception too.
  FAST_FAIL_FATAL_APP_EXIT: 'EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_FATAL_APP_EXIT',
};

/** Breakpad writes `SIGSEGV /SEGV_MAPERR`, and si_code 0 (SI_USER) as a number. */
function reasonAsOurs(reason: string): string {
  const spaced = reason.replace(/ \/ ?/, ' / ').replace(/^(SIG\w+) \/ 0x00000000$/, '$1');
  return reasonDeviations[spaced] ?? spaced;
}

const open = (name: string): Minidump => openMinidump(bytesSource(readFileSync(path.join(testdata, name))));

interface BreakpadReference {
  readonly os: readonly [string, string];
  readonly cpu: readonly [string, string, string];
  readonly crash: { readonly reason: string; readonly address: string | null; readonly thread: number | null };
  readonly module_count: number;
  readonly threads: readonly unknown[];
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(path.join(testdata, file), 'utf8'));

it('finds the forty-one dumps', () => assert.equal(names.length, 41));

describe('as Breakpad reads them', () => {
  for (const name of names.filter((each) => each !== refused))
    it(name, () => {
      const reference = readJson(name.replace(/\.dmp$/, '.breakpad.json')) as BreakpadReference;
      const dump = open(name);
      const { systemInfo: system } = dump;
      const version = `${system.majorVersion}.${system.minorVersion}.${system.buildNumber} ${system.csdVersion ?? ''}`;
      assert.deepEqual([system.os, version], reference.os);
      assert.deepEqual([system.cpu, system.cpuInfo, String(system.cpuCount)], reference.cpu);
      assert.equal(dump.modules.length, reference.module_count);
      const analysis = analyseCrash(dump);
      if (reference.crash.reason === 'No crash') assert.equal(analysis, null);
      else {
        assert.equal(analysis?.reason, reasonAsOurs(reference.crash.reason));
        assert.equal(`0x${analysis?.address.toString(16)}`, reference.crash.address);
        assert.equal(crashingThreadIndex(dump), reference.crash.thread);
      }
      assert.deepEqual(dump.warnings, []);
    });

  it(refused, () => {
    assert.throws(
      () => open(refused),
      (error) => isErrorOf(error, minidumpErrors.minidump_missing_system_info),
    );
  });
});

interface RustReference {
  readonly crash_info: Readonly<Record<string, unknown>>;
  readonly system_info: Readonly<Record<string, unknown>>;
  readonly pid: number;
  readonly process_uptime: number | null;
  readonly linux_memory_map_count: number | null;
  readonly lsb_release: unknown;
  readonly soft_errors: unknown;
  readonly modules: readonly Readonly<Record<string, unknown>>[];
  readonly unloaded_modules: readonly unknown[];
  readonly threads: readonly { readonly thread_id: number; readonly thread_name: string | null }[];
  readonly crashing_thread: { readonly frames: readonly { readonly registers?: Record<string, string> }[] };
}

describe('as rust-minidump reads them', () => {
  for (const file of globSync('*/*.rust-minidump.json', { cwd: testdata }).sort())
    it(file, () => {
      const reference = readJson(file) as RustReference;
      const dump = open(file.replace(/\.(no)?symbols\.rust-minidump\.json$/, '.dmp'));
      const digits = dump.systemInfo.pointerSizeBytes * 2;
      const hex = (value: bigint) => `0x${value.toString(16).padStart(digits, '0')}`;
      const leaf = (name: string | null) => name?.split(/[\\/]/).at(-1) ?? null;
      const { systemInfo: system } = dump;
      assert.deepEqual(reference.system_info, {
        os: system.os,
        os_ver: [system.osVersion, system.osBuild].filter(Boolean).join(' '),
        cpu_arch: system.cpu,
        cpu_info: system.cpuInfo,
        cpu_count: system.cpuCount,
        cpu_microcode_version: system.cpuMicrocodeVersion,
      });
      assert.deepEqual(
        dump.modules.map((module) => [
          ...[hex(module.base), hex(module.end), leaf(module.codeFile), module.codeId],
          ...[leaf(module.debugFile), module.debugId, module.version],
        ]),
        reference.modules.map((module) => [
          ...[module['base_addr'], module['end_addr'], module['filename'], module['code_id']],
          ...[module['debug_file'], module['debug_id'], module['version']],
        ]),
      );
      assert.deepEqual(dump.unloadedModules, reference.unloaded_modules);
      assert.deepEqual(
        dump.threads.map((thread) => [thread.id, thread.name]),
        reference.threads.map((thread) => [thread.thread_id, thread.thread_name]),
      );
      assert.equal(dump.processId, reference.pid);
      assert.equal(dump.processUptimeS, reference.process_uptime);
      assert.equal(dump.linux.memoryMapCount, reference.linux_memory_map_count);
      assert.deepEqual(dump.lsbRelease, reference.lsb_release);
      assert.deepEqual(dump.softErrors, reference.soft_errors);
      const analysis = analyseCrash(dump);
      assert.equal(analysis?.reason, reference.crash_info['type']);
      assert.equal(analysis && hex(analysis.address), reference.crash_info['address']);
      assert.deepEqual(
        analysis?.possibleBitFlips.map((flip) => [hex(flip.address), flip.confidence]),
        ((reference.crash_info['possible_bit_flips'] as { address: string; confidence: number }[] | null) ?? []).map(
          (flip) => [flip.address, flip.confidence],
        ),
      );
      assert.equal(analysis?.instruction ?? null, reference.crash_info['instruction']);
      assert.deepEqual(
        analysis?.memoryAccesses?.map(({ address, sizeBytes, kind }) => ({
          address: hex(address),
          size: sizeBytes,
          access_type: kind,
        })) ?? null,
        reference.crash_info['memory_accesses'],
      );
      assert.equal(analysis?.adjustedAddress, reference.crash_info['adjusted_address']);
      assert.deepEqual(analysis?.inconsistencies, reference.crash_info['crash_inconsistencies']);
      for (const [name, value] of Object.entries(reference.crashing_thread.frames[0]?.registers ?? {}))
        assert.equal(hex(dump.exception?.context?.registers.get(name) ?? -1n), value, name);
    });
});

describe('thread names and annotations', () => {
  it('Windows thread names', () => {
    assert.equal(open('breakpad/thread_name_list.dmp').threads.filter((thread) => thread.name).length > 0, true);
  });

  it('Crashpad annotations of a process and its modules', () => {
    const { crashpad } = open('rust-minidump/simple-crashpad.dmp');
    assert.equal(crashpad?.reportId, '42f9de72-518a-43dd-97d7-8ddc328d3662');
    assert.deepEqual([...(crashpad?.simpleAnnotations ?? [])], [['hello', 'world']]);
    assert.deepEqual(
      crashpad?.modules.flatMap((module) => module.listAnnotations),
      ['abort() called', 'dyld2 mode'],
    );
  });
});

describe('every dump cut short at every 64 bytes', () => {
  for (const name of names)
    it(name, () => {
      const bytes = readFileSync(path.join(testdata, name));
      for (let length = 0; length < bytes.length; length += 64) tryDump(bytes.subarray(0, length));
    });
});
