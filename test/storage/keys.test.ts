// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { ObjectKeys, objectLayouts } from '../../src/storage/object-keys.ts';
import { dumpFile, dumpNameOf } from '../../src/storage/radix-paths.ts';
import {
  crashIdToRowKey,
  crashIdToTimestampedRowKey,
  rowKeyToCrashId,
  timestampedRowKeyToCrashId,
} from '../../src/storage/row-keys.ts';

const crashIds = fc
  .tuple(
    fc.uuid(),
    fc.integer({ min: 0, max: 9 }),
    fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
  )
  .map(([uuid, digit, date]) => makeCrashId(uuid, digit, date));
const dumpNames = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom(
      'upload_file_minidump',
      '',
      'dump',
      'dump.dump',
      'raw_crash',
      'raw_crash.dump',
      'dump_names',
      'nameless.dump',
      '..',
      'a/b',
      '%',
      '%002e',
    ),
    fc.string({ maxLength: 10 }).filter((name) => name.isWellFormed()),
  ),
  { maxLength: 8 },
);

describe('row keys of HBase', () => {
  test('have inverses, and nothing else is taken for a key', () => {
    fc.assert(
      fc.property(
        crashIds,
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
        (crashId, date) => {
          assert.equal(rowKeyToCrashId(crashIdToRowKey(crashId)), crashId);
          const submitted = date.toISOString().slice(0, -1);
          const key = crashIdToTimestampedRowKey(crashId, `${submitted}+00:00`);
          assert.deepEqual(timestampedRowKeyToCrashId(key), { crashId, submittedTimestamp: submitted });
        },
      ),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const crashId = rowKeyToCrashId(text);
        if (crashId !== null) assert.equal(crashIdToRowKey(crashId), text);
        timestampedRowKeyToCrashId(text);
      }),
    );
  });

  test('worked examples', () => {
    const crashId = '936ce666-ff3b-4c7a-9674-367fe2120408';
    assert.equal(crashIdToRowKey(crashId), `9120408${crashId}`);
    assert.equal(
      crashIdToTimestampedRowKey(crashId, '2012-04-08T10:52:42.0-08:00'),
      `92012-04-08T10:52:42.0${crashId}`,
    );
  });
});

describe('object keys', () => {
  test('no two objects of one crash share a key, whatever its dumps are called, and none leaves the prefix', () => {
    fc.assert(
      fc.property(crashIds, dumpNames, fc.constantFrom('', 'prod', 'a/b/'), (crashId, names, prefix) => {
        const keys = new ObjectKeys(prefix);
        const all = [
          ...objectLayouts.map((layout) => keys.rawCrash(layout, crashId)),
          keys.dumpNames(crashId),
          keys.processedCrash(crashId),
          ...names.map((name) => keys.dump(crashId, name, names)),
        ];
        assert.equal(new Set(all).size, all.length, all.join(' '));
        for (const key of all) {
          assert.ok(key.startsWith(prefix) && key.endsWith(crashId));
          assert.ok(!key.split('/').some((part) => part === '..' || part === '.' || part === ''), key);
        }
      }),
    );
  });

  test('processed crashes lie by id, and in an export by day as telemetry looks for them', () => {
    const crashId = '6c43aa7c-7d34-41cf-85aa-55b0d0160622';
    assert.equal(new ObjectKeys('prod').processedCrash(crashId), `prod/v1/processed_crash/${crashId}`);
    assert.equal(new ObjectKeys('', 'crash_report').processedCrash(crashId), `v1/crash_report/20160622/${crashId}`);
    assert.throws(() => new ObjectKeys('', 'crash_report').processedCrash('../x'));
  });

  test('the main dump and a lone nameless one are where Antenna puts them', () => {
    const keys = new ObjectKeys();
    const crashId = '6c43aa7c-7d34-41cf-85aa-55b0d0160622';
    assert.equal(
      keys.dump(crashId, 'upload_file_minidump', ['upload_file_minidump', 'dump', '']),
      `v1/dump/${crashId}`,
    );
    assert.equal(keys.dump(crashId, '', ['']), `v1/dump/${crashId}`);
    assert.equal(keys.dump(crashId, 'dump', ['dump']), `v1/dump/${crashId}`);
    assert.throws(() => keys.dump('../x', 'a', ['a']));
  });
});

describe('file names of dumps', () => {
  test('are read back, and stay in their directory', () => {
    fc.assert(
      fc.property(crashIds, dumpNames, (crashId, names) => {
        const files = names.map((name) => dumpFile(crashId, name));
        assert.equal(new Set(files).size, files.length);
        assert.deepEqual(
          files.map((file) => dumpNameOf(crashId, file)),
          names,
        );
        for (const file of files) assert.doesNotMatch(file, /[/\\\0]/);
      }),
    );
  });
});
