// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { SalvageError } from '../../src/lib/errors.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import { firstOf, makeHttpVersions, noVersions } from '../../src/processor/version-source.ts';
import { importVersions, parseVersions, VersionsFile } from '../../src/processor/versions-file.ts';
import { temporaryFolder } from '../services/temporary-folder.ts';
import { crashId, FakeClock, partsOf } from './fakes.ts';

const build = { product: 'Lantern', channel: 'beta', buildId: '20261119' };

test('builds come as CSV or JSON lines', () => {
  const text = `product,channel,build_id,version
# a comment
Lantern,Beta,20261119,1.2b3
{"product": "Lantern", "channel": "beta", "build_id": 20261120, "version_string": "1.2b4"}
`;
  assert.deepEqual(parseVersions(text), [
    { ...build, version: '1.2b3' },
    { ...build, buildId: '20261120', version: '1.2b4' },
  ]);
  for (const bad of ['Lantern,beta,1', 'a,b,c,d,e', '{"product": 1}', '{', 'a,,c,d'])
    assert.throws(
      () => parseVersions(`\n${bad}`),
      (error) => error instanceof SalvageError && /line 2/.test(error.message),
    );
});

test('any text is parsed or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        for (const { version } of parseVersions(text)) assert.notEqual(version, '');
      } catch (error) {
        assert.ok(error instanceof SalvageError);
      }
    }),
  );
});

test('imported builds are found at once by a running processor, and damage does not lose them', async () => {
  const path = join(temporaryFolder('versions'), 'data', 'versions.jsonl');
  const clock = new FakeClock();
  const source = new VersionsFile(path, () => clock.monotonicMs());
  assert.equal(await source.versionOf(build), null);
  assert.equal(await importVersions(path, [{ ...build, version: '1.2b3' }]), 1);
  assert.equal(await importVersions(path, [{ ...build, buildId: '2', version: '1.2b9' }]), 2);
  clock.nowMs += 11_000;
  assert.equal(await source.versionOf({ ...build, channel: 'BETA' }), '1.2b3');
  assert.ok(await source.knowsProduct('Lantern'));
  assert.ok(!(await source.knowsProduct('Other')));
  await writeFile(path, 'damaged');
  clock.nowMs += 11_000;
  assert.equal(await source.versionOf(build), '1.2b3');
  await assert.rejects(importVersions(path, []), /line 1/);
  assert.equal(await readFile(path, 'utf8'), 'damaged');
});

test('crashes that come at once all wait for the first reading', async () => {
  const path = join(temporaryFolder('versions'), 'versions.jsonl');
  await importVersions(path, [{ ...build, version: '1.2b3' }]);
  const source = new VersionsFile(path, () => 0);
  assert.deepEqual(await Promise.all([source.versionOf(build), source.versionOf(build)]), ['1.2b3', '1.2b3']);
});

test('versions of a product that is no browser count from the first crash on', async () => {
  const path = join(temporaryFolder('versions'), 'versions.jsonl');
  const clock = new FakeClock();
  const versions = new VersionsFile(path, () => clock.monotonicMs());
  const parts = partsOf({ services: { ...partsOf().services, versions } });
  const processor = makeProcessor(parts);
  const process = async (product: string) => {
    parts.storage.add(
      crashId,
      { ProductName: product, Version: '1.2', ReleaseChannel: 'beta', BuildID: '20261119' },
      {},
    );
    return (await processor.process(crashId)).processed['version'];
  };
  assert.equal(await process('Lantern'), '1.2', 'nothing was imported: no suffix');
  await importVersions(path, [{ ...build, version: '1.2b3' }]);
  clock.nowMs += 11_000;
  assert.equal(await process('Lantern'), '1.2b3');
  assert.equal(await process('Other'), '1.2');
});

test('the service is asked again on 429 and 5xx, and its answers are kept', async () => {
  const clock = new FakeClock();
  clock.sleep = async (ms) => {
    clock.nowMs += ms;
  };
  let asked = 0;
  const answers = [429, 503, 200];
  const fakeFetch = async (url: URL) => {
    assert.equal(url.search, '?product=Firefox&channel=beta&build_id=1');
    const status = answers[asked++] ?? 500;
    return new Response(JSON.stringify({ hits: [{ version_string: '151.0b3' }] }), { status });
  };
  const source = makeHttpVersions({
    url: 'https://versions.example/',
    products: ['Firefox'],
    clock,
    fetch: fakeFetch as typeof fetch,
  });
  const firefox = { product: 'Firefox', channel: 'beta', buildId: '1' };
  assert.equal(await source.versionOf(firefox), '151.0b3');
  assert.equal(asked, 3);
  clock.nowMs += 23 * 3_600_000;
  assert.equal(await source.versionOf(firefox), '151.0b3');
  assert.equal(asked, 3);
  clock.nowMs += 3_600_000;
  assert.equal(await source.versionOf(firefox), '151.0b3', 'what was known before still holds');
  assert.equal(asked, 8, 'five tries');
  assert.equal(await source.versionOf({ ...firefox, buildId: '2' }), null);
  assert.equal(asked, 8, 'a service that does not answer is left alone for a minute');
  clock.nowMs += 61_000;
  answers.push(...Array<number>(5).fill(500), 200);
  assert.equal(await source.versionOf(firefox), '151.0b3');
  assert.equal(asked, 9, 'and asked again');
});

test('crashes of one build share a question, and a build that is not known is asked for every half hour', async () => {
  const clock = new FakeClock();
  let asked = 0;
  const source = makeHttpVersions({
    url: 'https://versions.example/',
    products: ['Firefox'],
    clock,
    fetch: (async () => {
      asked++;
      return new Response('{"hits": []}');
    }) as typeof fetch,
  });
  const firefox = { product: 'Firefox', channel: 'beta', buildId: '1' };
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => source.versionOf(firefox))), [null, null, null]);
  assert.equal(asked, 1);
  clock.nowMs += 29 * 60_000;
  await source.versionOf(firefox);
  assert.equal(asked, 1);
  clock.nowMs += 2 * 60_000;
  await source.versionOf(firefox);
  assert.equal(asked, 2);
});

test('sources are asked in order', async () => {
  const known = { versionOf: async () => '1', knowsProduct: async () => true };
  assert.equal(await firstOf([noVersions, known]).versionOf(build), '1');
  assert.equal(await firstOf([]).versionOf(build), null);
});
