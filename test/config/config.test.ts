// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { parseEnvFile } from '../../src/config/env-file.ts';
import { printConfig } from '../../src/config/print-config.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { declareOptions, environmentName, option } from '../../src/lib/options.ts';

const symbols = declareOptions('symbols', 'Symbols.', {
  cacheSizeBytesMax: option.bytes(10, 'Size of the cache.', { aliases: ['OLD_CACHE_SIZE'] }),
  sources: option.list(['a'], 'Where symbols come from.'),
  token: option.text('', 'Token of the source.', { secret: true }),
  timeoutMs: option.duration(500, 'Longest wait.'),
  casing: option.choice(['lower', 'upper'], 'lower', 'Letter case.'),
});

function read(environment: Record<string, string>, files: Record<string, string> = {}) {
  return readConfig({
    groups: [symbols],
    environment,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`ENOENT ${path}`);
      return text;
    },
  });
}

test('names in the environment follow from the dotted path', () => {
  assert.equal(environmentName('symbols', 'cacheSizeBytesMax'), 'SALVAGE_SYMBOLS_CACHE_SIZE_BYTES_MAX');
  assert.equal(environmentName('', 'dataDir'), 'SALVAGE_DATA_DIR');
  assert.equal(environmentName('storage.s3', 'bucket'), 'SALVAGE_STORAGE_S3_BUCKET');
});

test('env file wins over environment, environment over JSON file, JSON file over default', () => {
  const files = {
    'x.env': 'SALVAGE_SYMBOLS_CACHE_SIZE_BYTES_MAX=4k\n',
    'x.json': '{"symbols":{"cacheSizeBytesMax":3,"sources":["j"],"timeoutMs":"2s"}}',
  };
  const environment = {
    SALVAGE_ENV: 'x.env',
    SALVAGE_CONFIG: 'x.json',
    SALVAGE_SYMBOLS_CACHE_SIZE_BYTES_MAX: '2',
    SALVAGE_SYMBOLS_SOURCES: 'e, f',
  };
  const config = read(environment, files);
  assert.deepEqual(config.valuesOf(symbols), {
    cacheSizeBytesMax: 4096,
    sources: ['e', 'f'],
    token: '',
    timeoutMs: 2000,
    casing: 'lower',
  });
  assert.deepEqual(
    config.rows.map((row) => row.source),
    ['env file', 'environment', 'default', 'JSON file', 'default'],
  );
});

test('an Antenna name sets the option and is shown as where it came from', () => {
  const config = read({ OLD_CACHE_SIZE: '7' });
  assert.equal(config.valuesOf(symbols).cacheSizeBytesMax, 7);
  assert.match(printConfig(config), /SALVAGE_SYMBOLS_CACHE_SIZE_BYTES_MAX=7 +# environment, as OLD_CACHE_SIZE/);
});

test('all wrong values are named at once, with what would be right, and without secrets', () => {
  const wrong = { SALVAGE_SYMBOLS_CACHE_SIZE_BYTES_MAX: 'lots', SALVAGE_SYMBOLS_CASING: 'camel' };
  assert.throws(
    () => read(wrong),
    (error: unknown) => {
      assert.ok(error instanceof SalvageError);
      assert.equal(error.slug, 'config_invalid');
      assert.match(error.message, /SALVAGE_SYMBOLS_CACHE_SIZE_BYTES_MAX = "lots" .*such as 25m/);
      assert.match(error.message, /SALVAGE_SYMBOLS_CASING = "camel" .*must be one of lower, upper/);
      return true;
    },
  );
});

test('a secret is masked wherever it is printed', () => {
  const text = printConfig(read({ SALVAGE_SYMBOLS_TOKEN: 'hush' }));
  assert.match(text, /SALVAGE_SYMBOLS_TOKEN=\*{5}/);
  assert.doesNotMatch(text, /hush/);
});

test('secrets inside a JSON option and in URLs are masked at any depth', () => {
  const group = declareOptions('storage', 'Stores.', { tree: option.json<unknown>(null, (value) => value, 'A tree.') });
  const tree = '{"type":"s3","secretAccessKey":"hush","inner":{"url":"amqp://guest:hush@host/","bucket":"b"}}';
  const config = readConfig({ groups: [group], environment: { SALVAGE_STORAGE_TREE: tree } });
  const text = printConfig(config);
  assert.doesNotMatch(text, /hush/);
  assert.match(text, /"bucket":"b"/);
});

test('a misspelt SALVAGE_ name is noticed', () => {
  assert.match(read({ SALVAGE_SYMBOLS_CASE: 'upper' }).notices.join(), /SALVAGE_SYMBOLS_CASE is set, but no option/);
});

test('misspelt keys of the JSON file are noticed, and names in an env file that nobody reads', () => {
  const group = declareOptions('spool.disk', 'Disk.', {
    size: option.integer(1, 0, 9, 'Size.'),
    tree: option.json<unknown>(null, (value) => value, 'A tree.'),
  });
  const files: Record<string, string> = {
    json: '{"spool": {"disk": {"size": 2, "sise": 3, "tree": {"any": {"thing": 1}}}, "dick": {}}, "": 1}',
    env: 'CRASHMOVER_CRASHPUBLISH_PROJECT_ID=p\nPYTHONPATH=/app\nSALVAGE_SPOOL_DISK_SIZE=4',
  };
  const environment = { SALVAGE_CONFIG: 'json', SALVAGE_ENV: 'env', HOME: '/root', BREAKPAD_SIZE: '1' };
  const config = readConfig({ groups: [group], environment, readFile: (path) => files[path] ?? '' });
  assert.deepEqual(
    config.notices.map((notice) => notice.split(' is ')[0]),
    ['BREAKPAD_SIZE', 'CRASHMOVER_CRASHPUBLISH_PROJECT_ID', 'PYTHONPATH', 'spool.disk.sise', 'spool.dick', ''],
  );
});

test('names of Antenna’s process manager are mapped or named once', () => {
  const notices = read({ GUNICORN_WORKERS: '3', GUNICORN_MAX_REQUESTS: '5', CMD_PREFIX: 'x' }).notices.join('\n');
  assert.match(notices, /GUNICORN_WORKERS=3 is used as WEB_CONCURRENCY/);
  assert.match(notices, /No use here for CMD_PREFIX, GUNICORN_MAX_REQUESTS/);
});

test('names of Antenna without a use are named with the reason; LOCAL_DEV_ENV and keys of an env file are mapped', () => {
  const groups = [
    declareOptions('log', 'Log.', { format: option.text('auto', 'Format.') }),
    declareOptions('key', 'Key.', {
      id: option.text('', 'Id.', { aliases: ['CRASHSTORAGE_ACCESS_KEY'], secret: true }),
    }),
  ];
  const text = 'LOCAL_DEV_ENV=True\nCRASHMOVER_MAX_ATTEMPTS=5\nAWS_ACCESS_KEY_ID=AKIA';
  const config = readConfig({ groups, environment: { ANTENNA_ENV: 'a.env' }, readFile: () => text });
  assert.deepEqual(config.notices, ['No use here for CRASHMOVER_MAX_ATTEMPTS: the mover never gives up.']);
  assert.deepEqual(
    config.rows.map((row) => row.value),
    ['text', 'AKIA'],
  );
});

test('an env file that cannot be read stops the start and names the file', () => {
  assert.throws(() => read({ ANTENNA_ENV: 'gone.env' }), /env file gone\.env: .*ENOENT/);
  assert.throws(() => read({ SALVAGE_ENV: 'x' }, { x: 'fine=1\nnot a setting' }), /line 2 is not NAME=value/);
});

test('env files: comments, export, quotes, equals signs in values', () => {
  const text = '# comment\n\nexport A=1\nB="two words"\nC=\'x\'\nD=a=b\r\nE=\n';
  assert.deepEqual(
    [...parseEnvFile(text)],
    [
      ['A', '1'],
      ['B', 'two words'],
      ['C', 'x'],
      ['D', 'a=b'],
      ['E', ''],
    ],
  );
});
