// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { publicCrashOf } from '../../src/crash/processed-crash.ts';
import { mainDumpName } from '../../src/crash/raw-crash.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import { makePipelines } from '../../src/processor/rule-sets.ts';
import { corrupt, crashId, partsOf, stackwalkOf, walkerOf } from './fakes.ts';

const dumps = { [mainDumpName]: Buffer.from('MDMP') };

async function processed(
  raw: JsonObject,
  files: Record<string, Uint8Array> = dumps,
  document: JsonObject = stackwalkOf(['a']),
): Promise<JsonObject> {
  const parts = partsOf({ services: { ...partsOf().services, walker: walkerOf(document) } });
  parts.storage.add(crashId, raw, files);
  return (await makeProcessor(parts).process(crashId)).processed;
}

test('no dump at all', async () => {
  const crash = await processed({ ProductName: 'Lantern' }, {});
  assert.equal(crash['signature'], 'EMPTY: no frame data available');
  assert.equal(crash['product'], 'Lantern');
});

test('a dump of 0 bytes', async () => {
  const crash = await processed({}, { [mainDumpName]: Buffer.alloc(0) });
  assert.equal(crash['signature'], 'EMPTY: no frame data available; EmptyMinidump');
  assert.match(String(crash['processor_notes']), /upload_file_minidump is empty--skipping minidump processing/);
});

test('of forty dumps thirty are read, the main one among them', async () => {
  const many: Record<string, Uint8Array> = { [mainDumpName]: Buffer.from('MDMP') };
  for (let number = 0; number < 39; number++) many[`a_${String(number).padStart(2, '0')}`] = Buffer.from('x');
  const crash = await processed({}, many);
  assert.equal(crash['mdsw_status_string'], 'OK');
  assert.match(String(crash['processor_notes']), /10 of 40 dumps were left unread/);
});

test('a dump that is damaged or gone costs only that dump', async () => {
  const parts = partsOf();
  parts.storage.add(crashId, { ProductName: 'Lantern' }, { ...dumps, memory_report: gzipSync('{}') });
  parts.storage.before = (call) => {
    if (call === `getDump ${mainDumpName}`) throw corrupt();
  };
  const { processed: crash } = await makeProcessor(parts).process(crashId);
  assert.equal(crash['signature'], 'EMPTY: no frame data available; DumpUnreadable');
  assert.deepEqual(crash['memory_report'], {});
  assert.match(String(crash['processor_notes']), /dump upload_file_minidump could not be read: storage_corrupt/);
});

test('JSON nested a hundred thousand deep, which could not be stored', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const crash = await processed(
    {
      ProductName: 'Lantern',
      TelemetryEnvironment: `{"a":${deep}}`,
      JavaException: `{"a":${deep}}`,
      Breadcrumbs: deep,
    },
    { ...dumps, memory_report: gzipSync(`{"reports":${deep}}`) },
  );
  assert.ok(JSON.stringify(crash).length < 10_000);
  const notes = String(crash['processor_notes']);
  assert.match(notes, /TelemetryEnvironment value is nested too deeply/);
  assert.match(notes, /Breadcrumbs: malformed: nested too deeply/);
  assert.match(notes, /error in json for memory_report: nested too deeply/);
});

test('JSON of half a million keys, which would hold up everything for seconds', async () => {
  const wide = `{${Array.from({ length: 500_000 }, (_, index) => `"k${index}":1`).join(',')}}`;
  const crash = await processed({ ProductName: 'Lantern', TelemetryEnvironment: wide, Breadcrumbs: `[${wide}]` });
  assert.equal(crash['telemetry_environment'], undefined);
  assert.match(String(crash['processor_notes']), /TelemetryEnvironment value is too long/);
  assert.match(String(crash['processor_notes']), /Breadcrumbs: malformed: too long/);
});

test('half a million add-ons', async () => {
  const crash = await processed({ ProductName: 'Lantern', 'Add-ons': 'a%40b:1,'.repeat(500_000) });
  assert.equal((crash['addons'] as unknown[]).length, 5_000);
  assert.match(String(crash['processor_notes']), /of the add-ons only the first 5000 are kept/);
});

test('an annotation of 5 MB and a module name of a megabyte', async () => {
  const document = stackwalkOf(['a']);
  (document['modules'] as JsonObject[])[0] = { filename: 'm'.repeat(1_000_000), symbol_url: 'http://localhost/x' };
  const crash = await processed(
    { Notes: 'n'.repeat(5_000_000), DOMFissionEnabled: 'x'.repeat(1_000_000) },
    dumps,
    document,
  );
  assert.equal(String(crash['app_notes']).length, 5_000_000);
  for (const note of String(crash['processor_notes']).split('\n')) assert.ok(note.length <= 2_000);
});

test('control characters and bidi marks in every field stay out of the notes', async () => {
  const evil = 'a\u0000\u0007\u001b[31m\u202e\u2066\u200fz\r\nforged: note\u2028x';
  const raw: JsonObject = { [evil]: evil };
  for (const name of [
    'ProductName',
    'Version',
    'ReleaseChannel',
    'DOMFissionEnabled',
    'CrashTime',
    'Add-ons',
    'StartupTime',
    'JavaStackTrace',
    'Breadcrumbs',
    'TelemetryEnvironment',
    'submitted_timestamp',
    'Android_Version',
    'OOMAllocationSize',
  ])
    raw[name] = evil;
  const crash = await processed(raw);
  const lines = String(crash['processor_notes']).split('\n');
  assert.ok(
    !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028]/.test(lines.join('')),
  );
  assert.ok(!lines.some((line) => line.startsWith('forged')), 'no line of the notes is forged');
});

test('annotations with names of built-in things', async () => {
  const raw = JSON.parse('{"__proto__": {"ProductName": "evil"}, "constructor": "c", "toString": "t"}') as JsonObject;
  const crash = await processed(raw);
  assert.equal(crash['product'], undefined);
  assert.equal(Object.getPrototypeOf(crash), Object.prototype);
  assert.deepEqual(
    (crash['crash_report_keys'] as string[]).filter((name) => /proto|constr|toStr/.test(name)),
    ['__proto__', 'constructor', 'toString'],
  );
});

test('a gzip bomb as memory report costs no more than its limit', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000, 32));
  const crash = await processed({}, { ...dumps, memory_report: bomb });
  assert.match(String(crash['memory_report_error']), /^Uncompressed memory info too large 50000000 \(max: 1000000\)$/);
});

test('whatever annotations and walks hold, every preset comes to an end and no rule of its own fails', async () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<never>,
    fc.constantFrom('', '1', '-1', 'null', '{}', '[]', '1e400', '99999999999999999999', '\u0661', 'a:b,c'),
  );
  const annotations = fc.dictionary(
    fc.oneof(
      fc.constantFrom(
        ...['ProductName', 'Version', 'BuildID', 'ReleaseChannel', 'CrashTime', 'InstallTime', 'StartupTime'],
        ...['Add-ons', 'EMCheckCompatibility', 'PHCKind', 'PHCBaseAddress', 'Breadcrumbs', 'JavaStackTrace'],
        ...['JavaException', 'TelemetryEnvironment', 'MozCrashReason', 'Android_Version', 'Android_CPU_ABI'],
        ...['SubmittedFrom', 'UtilityActorsName', 'ProcessType', 'metadata', 'PluginHang', 'ModuleSignatureInfo'],
        ...['_productName', 'platform', 'guid', 'AsyncShutdownTimeout', 'OOMAllocationSize', 'submitted_timestamp'],
      ),
      fc.string(),
    ),
    value,
  );
  const walk = fc.record(
    {
      status: value,
      crash_info: fc.oneof(value, fc.record({ crashing_thread: value, address: value, adjusted_address: value })),
      system_info: fc.oneof(value, fc.record({ os: value, os_ver: value, cpu_arch: value })),
      threads: fc.oneof(value, fc.array(fc.record({ frames: fc.oneof(value, fc.array(value)) }))),
      modules: fc.oneof(value, fc.array(fc.record({ filename: value, debug_id: value, missing_symbols: value }))),
      crashing_thread: value,
      mac_crash_info: value,
      soft_errors: value,
      mac_boot_args: value,
      pid: value,
    },
    { requiredKeys: [] },
  );
  const presets = (['salvage', 'today', 'socorro-2015'] as const).map((preset) => makePipelines(preset));
  await fc.assert(
    fc.asyncProperty(annotations, walk, fc.integer({ min: 0, max: 2 }), async (raw, document, which) => {
      const services = { ...partsOf().services, walker: walkerOf(document as JsonObject), clientIdSalt: 'salt' };
      const parts = partsOf({ services, pipelines: presets[which] as (typeof presets)[number] });
      parts.storage.add(crashId, raw, dumps);
      const { processed: crash } = await makeProcessor(parts).process(crashId);
      const notes = String(crash['processor_notes']);
      assert.ok(!/rule '\w+' failed/.test(notes), notes);
      assert.equal(crash['success'], true);
      assert.equal(typeof crash['signature'], 'string');
      publicCrashOf(crash);
    }),
    { numRuns: 150 },
  );
});

test('a walker that prints more than the limit costs the stack and nothing else', async () => {
  const walker = {
    name: 'loud-walker',
    version: '1',
    walk: async () => ({ output: new Uint8Array(64 * 1024 ** 2 + 1), exitCode: 0, log: 'x'.repeat(1_000_000) }),
  };
  const parts = partsOf({ services: { ...partsOf().services, walker } });
  parts.storage.add(crashId, { ProductName: 'Lantern' }, dumps);
  const { processed: crash } = await makeProcessor(parts).process(crashId);
  assert.match(String(crash['processor_notes']), /loud-walker: 67108865 bytes of output are more than the limit/);
  assert.equal(String(crash['mdsw_stderr']).length, 64 * 1024);
  assert.equal(crash['product'], 'Lantern');
});
