// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/lib/json.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import { makePipelines, type Pipelines } from '../../src/processor/rule-sets.ts';
import { crashId, partsOf } from './fakes.ts';

async function processed(raw: JsonObject, pipelines?: Pipelines): Promise<JsonObject> {
  const parts = partsOf(pipelines ? { pipelines } : {});
  parts.storage.add(crashId, raw, {});
  return (await makeProcessor(parts).process(crashId)).processed;
}

const fieldsOf = ({ product, version, release_channel, process_type, os_name, cpu_arch }: JsonObject) => ({
  product,
  version,
  release_channel,
  process_type,
  os_name,
  cpu_arch,
});

for (const [client, raw, expected] of [
  [
    'Electron: the application and not Electron itself',
    {
      ...{ prod: 'Electron', ver: '33.2.1', _productName: 'Marginalia', _version: '3.1.0' },
      ...{ platform: 'win32', process_type: 'browser', osarch: 'x86_64', channel: 'stable' },
    },
    { product: 'Marginalia', version: '3.1.0', release_channel: 'stable', process_type: 'parent' },
  ],
  [
    'Electron without names of its own',
    { prod: 'Electron', ver: '33.2.1', ptype: 'renderer' },
    { product: 'Electron', version: '33.2.1', process_type: 'renderer' },
  ],
  [
    'Crashpad: a product with the version of the same source',
    { prod: 'Tidepool', ver: '0.9.2', Version: '1' },
    { product: 'Tidepool', version: '0.9.2' },
  ],
  [
    'Breakpad in its Socorro dialect',
    { ProductName: 'Lantern', Version: '2.4.0', prod: 'x', ver: '9' },
    { product: 'Lantern', version: '2.4.0', process_type: 'parent' },
  ],
  ['a name without a version anywhere', { _productName: 'Lantern' }, { product: 'Lantern', version: undefined }],
  ['blanks are no name', { ProductName: ' ', prod: 'Lantern', ver: '1' }, { product: 'Lantern', version: '1' }],
] as const)
  test(`who a report is from: ${client}`, async () => {
    const found = fieldsOf(await processed(raw));
    for (const [field, value] of Object.entries(expected))
      assert.equal(found[field as keyof typeof found], value, field);
  });

test('a platform stands in for a dump that tells no system', async () => {
  const crash = await processed({ prod: 'a', ver: '1', platform: 'darwin', osarch: 'arm64' });
  assert.deepEqual([crash['os_name'], crash['cpu_arch'], crash['platform']], ['Mac OS X', 'arm64', 'darwin']);
});

test("Chromium's size of a failed allocation and name of a distribution count as Firefox's do", async () => {
  const crash = await processed({ prod: 'a', ver: '1', 'oom-size': '400000', 'lsb-release': 'Debian 12', OS: 'Linux' });
  assert.match(String(crash['signature']), /^OOM \| large/);
  assert.equal(crash['os_pretty_version'], 'Debian 12');
});

test('the presets of Socorro know only the names of Socorro', async () => {
  for (const preset of ['today', 'socorro-2015'] as const) {
    const { product } = await processed({ prod: 'Tidepool', ver: '1' }, makePipelines(preset));
    assert.ok(product === undefined || product === '', preset);
  }
});
