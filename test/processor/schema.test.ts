// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { processedCrashPage } from '../../scripts/processed-crash-page.ts';
import {
  processedFieldOf,
  processedFields,
  publicCrashOf,
  reduceProcessedCrash,
} from '../../src/crash/processed-crash.ts';
import { mainDumpName } from '../../src/crash/raw-crash.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { exportedCrashOf } from '../../src/processor/destinations.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import { makePipelines } from '../../src/processor/rule-sets.ts';
import { crashId, partsOf, stackwalkOf, walkerOf } from './fakes.ts';

const both = new Set(['public', 'protected'] as const);

test('names are unique and sorted, and every field is described', () => {
  const names = processedFields.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const field of processedFields) assert.ok(field.description.endsWith('.'), field.name);
});

test('the page is what the table says', () => {
  assert.equal(readFileSync('docs/processed-crash.md', 'utf8'), processedCrashPage());
});

test('public readers see nothing protected, nothing unknown, nothing of a wrong type', () => {
  const processed: JsonObject = {
    signature: 'a',
    url: 'https://secret.example/',
    user_comments: 'secret',
    unheard_of: 'secret',
    memory_report: { secret: 1 },
    crash_time: 'secret',
    json_dump: {
      status: 'OK',
      sensitive: { exploitability: 'secret' },
      unheard_of: 'secret',
      crash_info: { type: 'SIGSEGV', memory_accesses: [{ address: '0x1', is_likely_guard_page: true }] },
      threads: [
        { frames: [{ function: 'f', registers: { rax: 'secret' } }] },
        'secret',
        { frames: [{ function: { secret: 1 } }] },
      ],
    },
    java_exception: { exception: { values: [{ stacktrace: { type: 'E', value: 'secret' } }] } },
    upload_file_minidump_browser: { mdsw_stderr: 'secret', success: true },
    'upload_file_minidump_../x': 'secret',
  };
  const before = JSON.stringify(processed);
  const { document, refused } = publicCrashOf(processed);
  assert.ok(!JSON.stringify(document).includes('secret'), JSON.stringify(document));
  assert.deepEqual(document, {
    signature: 'a',
    json_dump: {
      status: 'OK',
      crash_info: { type: 'SIGSEGV', memory_accesses: [{ address: '0x1' }] },
      threads: [{ frames: [{ function: 'f' }] }, null, { frames: [{}] }],
    },
    java_exception: { exception: { values: [{ stacktrace: { type: 'E' } }] } },
    upload_file_minidump_browser: { success: true },
  });
  assert.deepEqual(refused, ['crash_time', 'json_dump.threads[1]', 'json_dump.threads[2].frames[0].function']);
  assert.equal(JSON.stringify(processed), before, 'the input is unchanged');
  const all = reduceProcessedCrash(processed, both).document;
  assert.equal(all['url'], 'https://secret.example/');
  assert.equal(all['unheard_of'], undefined);
});

test('whatever a processed crash holds, its public part has public fields alone', () => {
  const names = fc.oneof(
    fc.constantFrom(...processedFields.map(({ name }) => name), '__proto__', 'constructor'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.dictionary(names, fc.jsonValue() as fc.Arbitrary<never>), (processed) => {
      const { document } = publicCrashOf(processed);
      for (const name of Object.keys(document)) assert.equal(processedFieldOf(name)?.permission, 'public');
      assert.equal(Object.getPrototypeOf(document), Object.prototype);
    }),
  );
});

test('every field that the rules write is in the table, with its type', async () => {
  for (const preset of ['salvage', 'today', 'socorro-2015', 'lite'] as const) {
    const services = { ...partsOf().services, walker: walkerOf(stackwalkOf(['a', 'b'])), clientIdSalt: 'salt' };
    const parts = partsOf({ pipelines: makePipelines(preset), services });
    parts.storage.add(
      crashId,
      {
        _productName: 'Lantern',
        _version: '1.0',
        process_type: 'renderer',
        platform: 'linux',
        guid: 'c',
        'Add-ons': 'a:1',
        PHCKind: 'FreedPage',
        PHCBaseAddress: '16',
        JavaStackTrace: 'a\n\tat b',
        MozCrashReason: 'x',
        Breadcrumbs: '[{"message": "m"}]',
        metadata: { dump_checksums: { [mainDumpName]: 'ab' } },
      },
      { [mainDumpName]: Buffer.from('MDMP'), [`${mainDumpName}_browser`]: Buffer.alloc(0) },
    );
    const { processed } = await makeProcessor(parts).process(crashId);
    const { refused } = reduceProcessedCrash(processed, both);
    assert.deepEqual(refused, [], preset);
    for (const name of Object.keys(processed)) assert.ok(processedFieldOf(name), `${preset}: ${name} is not described`);
  }
});

test('the export has the allowed public fields and the names that telemetry knows', () => {
  const allowed = new Set(['signature', 'build', 'os_name', 'url']);
  const processed = { signature: 's', build: '1', os_name: 'Linux', url: 'https://secret/', product: 'x' };
  assert.deepEqual(exportedCrashOf(processed, allowed), {
    signature: 's',
    build: '1',
    os_name: 'Linux',
    build_id: '1',
    platform: 'Linux',
  });
});
