// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFileSync } from 'node:fs';
import { errorText, SalvageError } from '../lib/errors.ts';
import { isJsonObject, type JsonObject } from '../lib/json.ts';
import { environmentName, type Option, type OptionGroup, type OptionSet, type OptionValues } from '../lib/options.ts';
import { parseEnvFile } from './env-file.ts';
import { configErrors } from './errors.ts';

/** Where a value came from; the first that has it wins, in this order (decisions.md 5). */
export type ConfigSource = 'env file' | 'environment' | 'JSON file' | 'default';

export interface ConfigRow {
  /** Dotted path, as in the JSON file. */
  readonly path: string;
  readonly environmentName: string;
  readonly option: Option<unknown>;
  readonly value: unknown;
  readonly source: ConfigSource;
  /** The name under which it was found, when that is not `environmentName`. */
  readonly foundAs: string | null;
}

/** The effective configuration: every option of every group, read once at start. */
export class Config {
  readonly rows: readonly ConfigRow[];
  /** Things a person should know, one line each: names that nothing reads, mapped names of process managers. */
  readonly notices: readonly string[];

  constructor(rows: readonly ConfigRow[], notices: readonly string[]) {
    this.rows = rows;
    this.notices = notices;
  }

  /** The values of one group of options. */
  valuesOf<S extends OptionSet>(group: OptionGroup<S>): OptionValues<S> {
    const values: Record<string, unknown> = {};
    for (const name of Object.keys(group.options)) {
      const row = this.rows.find((candidate) => candidate.path === pathOf(group.prefix, name));
      if (!row) throw new Error(`option group ${group.prefix} was not given to readConfig`);
      values[name] = row.value;
    }
    return values as OptionValues<S>;
  }
}

export interface ConfigInput {
  readonly groups: readonly OptionGroup[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a text file; replaced in tests. */
  readonly readFile?: (path: string) => string;
}

/**
 * Reads the configuration: env file (named by SALVAGE_ENV or ANTENNA_ENV) over environment over JSON file (named by
 * SALVAGE_CONFIG) over defaults. Throws `config_invalid` with all wrong values at once, secrets left out.
 */
export function readConfig(input: ConfigInput): Config {
  const readFile = input.readFile ?? ((path: string) => readFileSync(path, 'utf8'));
  const notices: string[] = [];
  const envFile = readEnvFile(input.environment, readFile);
  const environment = new Map(
    Object.entries(input.environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const namesGiven = [...envFile.keys(), ...[...environment.keys()].filter((name) => ourPrefixes.test(name))];
  mapProcessManagerNames(envFile, environment, notices);
  mapKeysOfEnvFile(envFile);
  const document = readDocument(envFile.get('SALVAGE_CONFIG') ?? environment.get('SALVAGE_CONFIG'), readFile);

  const problems: string[] = [];
  const rows = input.groups.flatMap((group) =>
    Object.entries(group.options).map(([name, option]) =>
      readRow(group.prefix, name, option, envFile, environment, document, problems),
    ),
  );
  if (problems.length > 0) throw new SalvageError(configErrors.config_invalid, problems.join('\n'));
  notices.push(...unknownNames(rows, namesGiven), ...unknownKeys(rows, document));
  return new Config(rows, notices);
}

function pathOf(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}

function readRow(
  prefix: string,
  name: string,
  option: Option<unknown>,
  envFile: ReadonlyMap<string, string>,
  environment: ReadonlyMap<string, string>,
  document: JsonObject,
  problems: string[],
): ConfigRow {
  const path = pathOf(prefix, name);
  const ownName = environmentName(prefix, name);
  const found = find([ownName, ...option.aliases], path, envFile, environment, document);
  const row = { path, environmentName: ownName, option, foundAs: found && found.name !== ownName ? found.name : null };
  if (!found) return { ...row, value: option.default, source: 'default' };
  try {
    return { ...row, value: option.parse(found.value), source: found.source };
  } catch (error) {
    const shown = option.secret ? '(secret)' : JSON.stringify(found.value);
    const why = error instanceof Error ? error.message : String(error);
    problems.push(`${found.name} = ${shown} (${found.source}): ${why}. It is: ${option.doc}`);
    return { ...row, value: option.default, source: 'default' };
  }
}

function find(
  names: readonly string[],
  path: string,
  envFile: ReadonlyMap<string, string>,
  environment: ReadonlyMap<string, string>,
  document: JsonObject,
): { name: string; value: unknown; source: ConfigSource } | null {
  for (const [source, values] of [
    ['env file', envFile],
    ['environment', environment],
  ] as const)
    for (const name of names) {
      const value = values.get(name);
      if (value !== undefined) return { name, value, source };
    }
  let value: unknown = document;
  for (const part of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, part)) return null;
    value = value[part];
  }
  return { name: path, value, source: 'JSON file' };
}

function readEnvFile(environment: ConfigInput['environment'], readFile: (path: string) => string): Map<string, string> {
  const path = environment['SALVAGE_ENV'] || environment['ANTENNA_ENV'];
  if (!path) return new Map();
  try {
    return parseEnvFile(readFile(path));
  } catch (error) {
    throw new SalvageError(configErrors.config_unreadable, `env file ${path}: ${errorText(error)}`, { cause: error });
  }
}

function readDocument(path: string | undefined, readFile: (path: string) => string): JsonObject {
  if (!path) return {};
  try {
    const value: unknown = JSON.parse(readFile(path));
    if (!isJsonObject(value)) throw new Error('the top level must be an object');
    return value;
  } catch (error) {
    throw new SalvageError(configErrors.config_unreadable, `SALVAGE_CONFIG ${path}: ${errorText(error)}`, {
      cause: error,
    });
  }
}

/** Variables of Antenna's process manager: mapped where we have the same thing, else named once (decisions.md 6). */
function mapProcessManagerNames(
  envFile: Map<string, string>,
  environment: Map<string, string>,
  notices: string[],
): void {
  for (const values of [envFile, environment]) {
    const workers = values.get('GUNICORN_WORKERS');
    if (workers !== undefined && !values.has('WEB_CONCURRENCY')) {
      values.set('WEB_CONCURRENCY', workers);
      notices.push(`GUNICORN_WORKERS=${workers} is used as WEB_CONCURRENCY.`);
    }
    const unused = [...values.keys()].filter((name) => /^(GUNICORN_(?!WORKERS$)|CMD_PREFIX$|NEW_RELIC_)/.test(name));
    if (unused.length > 0)
      notices.push(`No use here for ${unused.sort().join(', ')}: they belong to another process manager.`);
    const idle = [...values.keys()].filter((name) => Object.hasOwn(idleAntennaNames, name)).sort();
    for (const name of idle) notices.push(`No use here for ${name}: ${idleAntennaNames[name]}.`);
    mapLocalDevelopment(values);
  }
}

/** Variables of Antenna that have nothing to set here, and why. */
const idleAntennaNames: Readonly<Record<string, string>> = {
  BASEDIR: 'the package knows where it lies',
  DUMP_FIELD: 'Antenna declared it and never read it',
  BREAKPAD_DUMP_FIELD: 'Antenna declared it and never read it',
  CRASHSTORAGE_CONNECTION_CLASS: 'there is one kind of connection to S3',
  CRASHMOVER_MAX_ATTEMPTS: 'the mover never gives up',
  CRASHMOVER_RETRY_SLEEP_SECONDS: 'the mover backs off up to five minutes',
};

/** The SDK looks for its keys in the environment alone; Antenna of 2018 took them from its env file too. */
function mapKeysOfEnvFile(envFile: Map<string, string>): void {
  for (const [name, option] of [
    ['AWS_ACCESS_KEY_ID', 'CRASHSTORAGE_ACCESS_KEY'],
    ['AWS_SECRET_ACCESS_KEY', 'CRASHSTORAGE_SECRET_ACCESS_KEY'],
  ] as const) {
    const value = envFile.get(name);
    if (value !== undefined && !envFile.has(option)) envFile.set(option, value);
  }
}

/** Antenna's LOCAL_DEV_ENV: readable lines, and metrics among them. */
function mapLocalDevelopment(values: Map<string, string>): void {
  if (!/^(1|true|t|yes|y|on)$/i.test(values.get('LOCAL_DEV_ENV') ?? '')) return;
  if (!values.has('SALVAGE_LOG_FORMAT')) values.set('SALVAGE_LOG_FORMAT', 'text');
  if (!values.has('METRICS_CLASS')) values.set('METRICS_CLASS', 'antenna.metrics.LoggingMetrics');
}

/** Prefixes of ours and of Antenna: in the environment, only names with one of these can be meant for us. */
const ourPrefixes = /^(?:SALVAGE|ANTENNA|BREAKPAD|CRASHMOVER|CRASHSTORAGE|CRASHPUBLISH|THROTTLE)_/;

/** Names that are read elsewhere, or that have their own notice. */
const namesReadElsewhere =
  /^(?:(?:SALVAGE|ANTENNA)_ENV|SALVAGE_(?:CONFIG|TESTDATA)|LOCAL_DEV_ENV|AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY)|GUNICORN_.*|CMD_PREFIX|NEW_RELIC_.*)$/;

/** Names that no option reads are most likely misspelt: any in an env file, those with our prefixes in the environment. */
function unknownNames(rows: readonly ConfigRow[], names: readonly string[]): string[] {
  const known = new Set(rows.flatMap((row) => [row.environmentName, ...row.option.aliases]));
  const unknown = [...new Set(names)].filter(
    (name) => !known.has(name) && !namesReadElsewhere.test(name) && !Object.hasOwn(idleAntennaNames, name),
  );
  return unknown
    .sort()
    .map((name) => `${name} is set, but no option has this name. \`salvage config\` lists all names.`);
}

/** Keys of the JSON file that no option reads. */
function unknownKeys(rows: readonly ConfigRow[], document: JsonObject): string[] {
  const known = rows.map((row) => row.path);
  const unknownIn = (object: JsonObject, prefix: string): string[] =>
    Object.entries(object).flatMap(([key, value]) => {
      const path = pathOf(prefix, key);
      if (known.includes(path)) return [];
      const isGroup = isJsonObject(value) && known.some((each) => each.startsWith(`${path}.`));
      return isGroup ? unknownIn(value, path) : [path];
    });
  return unknownIn(document, '').map(
    (path) => `${path} is in the JSON file, but no option has this name. \`salvage config\` lists all names.`,
  );
}
