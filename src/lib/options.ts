// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** How the text of an option is read and what it may be. Times are in ms, sizes in bytes once read. */
export interface Option<T> {
  readonly kind:
    | 'text'
    | 'integer'
    | 'number'
    | 'boolean'
    | 'bytes'
    | 'duration'
    | 'list'
    | 'choice'
    | 'path'
    | 'url'
    | 'json';
  readonly default: T;
  readonly doc: string;
  /** Masked wherever it is shown. */
  readonly secret: boolean;
  /** Other environment names that set it (Antenna's, Socorro's), as they stand. */
  readonly aliases: readonly string[];
  /** Reads text from the environment or a JSON value from the file; throws an Error that says what would be right. */
  readonly parse: (value: unknown) => T;
}

export interface OptionExtras {
  readonly secret?: boolean;
  readonly aliases?: readonly string[];
}

export type OptionSet = Readonly<Record<string, Option<unknown>>>;

/** The values of an option set, as a stage or adapter receives them. */
export type OptionValues<S extends OptionSet> = { readonly [K in keyof S]: S[K] extends Option<infer T> ? T : never };

/** The options of one folder or adapter under a dotted prefix, e.g. `symbols`. */
export interface OptionGroup<S extends OptionSet = OptionSet> {
  readonly prefix: string;
  readonly doc: string;
  readonly options: S;
}

/**
 * Declares the options of one folder or adapter. An option `cacheSizeBytesMax` under the prefix `symbols` is
 * SALVAGE_SYMBOLS_CACHE_SIZE_BYTES_MAX in the environment and `symbols.cacheSizeBytesMax` in the JSON file.
 */
export function declareOptions<const S extends OptionSet>(prefix: string, doc: string, options: S): OptionGroup<S> {
  return { prefix, doc, options };
}

const byteUnits: Record<string, number> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };
const timeUnits: Record<string, number> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function makeOption<T>(
  kind: Option<T>['kind'],
  parse: (value: unknown) => T,
  defaultValue: T,
  doc: string,
  extras: OptionExtras = {},
): Option<T> {
  return { kind, default: defaultValue, doc, secret: extras.secret ?? false, aliases: extras.aliases ?? [], parse };
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error('must be text');
}

function asScaled(value: unknown, units: Record<string, number>, example: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(asText(value).trim());
  const unit = match?.[2]?.toLowerCase().replace(/^([kmgt])i?b$/, '$1') ?? '';
  if (!match || !Object.hasOwn(units, unit))
    throw new Error(`must be a number with an optional unit, such as ${example}`);
  return Math.round(Number(match[1]) * (units[unit] as number));
}

function asBoolean(value: unknown): boolean {
  const text = asText(value).trim().toLowerCase();
  if (['1', 'true', 't', 'yes', 'y', 'on'].includes(text)) return true;
  if (['0', 'false', 'f', 'no', 'n', 'off', ''].includes(text)) return false;
  throw new Error('must be true or false');
}

function asNumber(value: unknown, isInteger: boolean, min: number, max: number): number {
  const text = asText(value).trim();
  const number = Number(text);
  if (
    text === '' ||
    !Number.isFinite(number) ||
    (isInteger && !Number.isInteger(number)) ||
    number < min ||
    number > max
  )
    throw new Error(`must be ${isInteger ? 'a whole number' : 'a number'} from ${min} to ${max}`);
  return number;
}

/** Makers of options, one a kind. */
export const option = {
  text: (defaultValue: string, doc: string, extras?: OptionExtras) =>
    makeOption('text', asText, defaultValue, doc, extras),
  /** Text of one form; empty = none. `example` says what would be right. */
  pattern: (pattern: RegExp, example: string, defaultValue: string, doc: string, extras?: OptionExtras) =>
    makeOption(
      'text',
      (value) => {
        const text = asText(value).trim();
        if (text !== '' && !pattern.test(text)) throw new Error(`must be ${example}`);
        return text;
      },
      defaultValue,
      doc,
      extras,
    ),
  path: (defaultValue: string, doc: string, extras?: OptionExtras) =>
    makeOption('path', asText, defaultValue, doc, extras),
  integer: (defaultValue: number, min: number, max: number, doc: string, extras?: OptionExtras) =>
    makeOption('integer', (value) => asNumber(value, true, min, max), defaultValue, doc, extras),
  number: (defaultValue: number, min: number, max: number, doc: string, extras?: OptionExtras) =>
    makeOption('number', (value) => asNumber(value, false, min, max), defaultValue, doc, extras),
  boolean: (defaultValue: boolean, doc: string, extras?: OptionExtras) =>
    makeOption('boolean', asBoolean, defaultValue, doc, extras),
  /** `25m`, `10 GiB`, `4096`. */
  bytes: (defaultValue: number, doc: string, extras?: OptionExtras) =>
    makeOption('bytes', (value) => asScaled(value, byteUnits, '25m or 10GiB'), defaultValue, doc, extras),
  /** `250ms`, `30s`, `5m`, `1h`, `7d`; a bare number is milliseconds. */
  duration: (defaultMs: number, doc: string, extras?: OptionExtras) =>
    makeOption('duration', (value) => asScaled(value, timeUnits, '500ms, 30s or 5m'), defaultMs, doc, extras),
  /** Comma-separated text, or an array in the JSON file. */
  list: (defaultValue: readonly string[], doc: string, extras?: OptionExtras) =>
    makeOption<readonly string[]>(
      'list',
      (value) =>
        (Array.isArray(value) ? value.map(asText) : asText(value).split(','))
          .map((item) => item.trim())
          .filter(Boolean),
      defaultValue,
      doc,
      extras,
    ),
  /** `synonyms`: other words for a choice, lower case, that are understood and not advertised. */
  choice: <const C extends string>(
    choices: readonly C[],
    defaultValue: C,
    doc: string,
    extras?: OptionExtras & { readonly synonyms?: Readonly<Record<string, C>> },
  ) =>
    makeOption<C>(
      'choice',
      (value) => {
        const text = asText(value).trim().toLowerCase();
        const found = choices.find((choice) => choice.toLowerCase() === text) ?? extras?.synonyms?.[text];
        if (!found) throw new Error(`must be one of ${choices.join(', ')}`);
        return found;
      },
      defaultValue,
      doc,
      extras,
    ),
  /** An http or https URL; empty = none. */
  url: (defaultValue: string, doc: string, extras?: OptionExtras) =>
    makeOption(
      'url',
      (value) => {
        const text = asText(value).trim();
        if (text !== '' && !/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
          throw new Error('must be an http(s) URL');
        return text;
      },
      defaultValue,
      doc,
      extras,
    ),
  /** Any JSON: text in the environment, a value in the JSON file. `check` throws when the shape is wrong. */
  json: <T>(defaultValue: T, check: (value: unknown) => T, doc: string, extras?: OptionExtras) =>
    makeOption<T>(
      'json',
      (value) => check(typeof value === 'string' ? JSON.parse(value) : value),
      defaultValue,
      doc,
      extras,
    ),
};

/** `symbols` + `cacheSizeBytesMax` = `SALVAGE_SYMBOLS_CACHE_SIZE_BYTES_MAX`. */
export function environmentName(prefix: string, name: string): string {
  const words = `${prefix}.${name}`.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[.-]/g, '_');
  return `SALVAGE_${words.toUpperCase()}`.replace(/^SALVAGE_(?:SALVAGE_)?_?/, 'SALVAGE_');
}

/** The default values of an option set, for tests and library users. */
export function defaultsOf<S extends OptionSet>(group: OptionGroup<S>): OptionValues<S> {
  return Object.fromEntries(
    Object.entries(group.options).map(([name, { default: value }]) => [name, value]),
  ) as OptionValues<S>;
}
