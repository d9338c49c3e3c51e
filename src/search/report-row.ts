// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { RawCrash } from '../crash/raw-crash.ts';
import { isJsonObject, type JsonValue } from '../lib/json.ts';
import { searchLimits } from './limits.ts';
import { parseUtcDate } from './parse-dates.ts';
import { type SearchField, searchFields } from './search-fields.ts';
import { tokensOf } from './tokens.ts';

/** A value as the index keeps it: dates as ISO text, parts as arrays. */
export type IndexValue = string | number | boolean | readonly string[];

/** One report as every index holds it: clean values only, whatever the processed crash contained. */
export interface ReportRow {
  readonly crashId: CrashId;
  /** ISO 8601, UTC. */
  readonly date: string;
  /** By field name; absent = no value. */
  readonly values: Readonly<Record<string, IndexValue>>;
  /** The beginning of every text annotation, by name. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Fields whose value had to be cut or left out, with the reason. */
  readonly removedFields: readonly string[];
  readonly processedAt: string | null;
}

/** Makes the row of one processed crash. Never throws for any content. */
export function makeReportRow(crashId: CrashId, processed: ProcessedCrash, rawCrash: RawCrash): ReportRow {
  const removedFields: string[] = [];
  const values: Record<string, IndexValue> = {};
  for (const field of searchFields.values()) {
    const found = valueAt(processed, field.path);
    if (found === undefined || found === null || (field.kind === 'parts' && isEmptyList(found))) continue;
    const clean = cleanValue(field, found);
    if (clean === null) removedFields.push(`${field.name}: not a valid ${field.kind}`);
    else {
      values[field.name] = clean.value;
      if (clean.isCut) removedFields.push(`${field.name}: cut to its limit`);
    }
  }
  values['uuid'] = crashId;
  const date = dateOfReport(crashId, values['date']);
  values['date'] = date;
  return {
    crashId,
    date,
    values,
    annotations: cleanAnnotations(rawCrash),
    removedFields,
    processedAt: dateOf(processed['completed_datetime'] ?? null),
  };
}

/** What must be found of every report, when the database refuses the rest of it. */
export function coreOfRow(row: ReportRow, why: string): ReportRow {
  const { uuid, date, product, version, signature } = row.values;
  const core = Object.entries({ uuid, date, product, version, signature }).filter(([, value]) => value !== undefined);
  return {
    ...row,
    values: Object.fromEntries(core) as ReportRow['values'],
    annotations: {},
    removedFields: [...row.removedFields, cleanText(`all others: ${why}`.slice(0, 300))],
  };
}

/** The report's date, or midnight of the date in its id when the processed crash has none that can be read. */
function dateOfReport(crashId: CrashId, value: IndexValue | undefined): string {
  if (typeof value === 'string') return value;
  const six = crashId.slice(-6);
  return `20${six.slice(0, 2)}-${six.slice(2, 4)}-${six.slice(4, 6)}T00:00:00.000Z`;
}

function valueAt(processed: ProcessedCrash, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = processed;
  for (const key of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** Texts that stand in B-trees, whose keys are short; a longer one would keep its whole report out of the index. */
const keyBytesMax: ReadonlyMap<string, number> = new Map([
  ['signature', searchLimits.signatureBytesMax.value],
  ['product', searchLimits.nameBytesMax.value],
  ['version', searchLimits.nameBytesMax.value],
]);

function cleanValue(field: SearchField, value: JsonValue): { value: IndexValue; isCut: boolean } | null {
  const bytesMax = keyBytesMax.get(field.name);
  if (bytesMax !== undefined) return cutBytes(textOf(value), bytesMax);
  switch (field.kind) {
    case 'integer':
      return whole(integerOf(value));
    case 'float':
      return whole(numberOf(value));
    case 'boolean':
      return whole(booleanOf(value));
    case 'date':
      return whole(dateOf(value));
    case 'parts':
      return partsOf(value);
    case 'text':
      return cutBytes(textOf(value), searchLimits.textBytesMax.value);
    default:
      return cutCharacters(textOf(value), searchLimits.keywordCharactersMax.value);
  }
}

function whole<T extends IndexValue>(value: T | null): { value: T; isCut: boolean } | null {
  return value === null ? null : { value, isCut: false };
}

function numberOf(value: JsonValue): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

function integerOf(value: JsonValue): number | null {
  const number = numberOf(value);
  return number !== null && Number.isSafeInteger(Math.trunc(number)) ? Math.trunc(number) : null;
}

function booleanOf(value: JsonValue): boolean | null {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === '1' || value === 'true') return true;
  if (value === 0 || value === '0' || value === 'false') return false;
  return null;
}

function dateOf(value: JsonValue): string | null {
  // Socorro's own texts have no zone and mean UTC; JavaScript would take them for local time.
  const date =
    typeof value === 'string'
      ? (parseUtcDate(value) ?? new Date(value))
      : new Date(typeof value === 'number' ? value * 1000 : Number.NaN);
  const year = date.getUTCFullYear();
  return year >= 1990 && year < 2200 ? date.toISOString() : null;
}

/** PostgreSQL's text has no NUL, and lone surrogates are no characters. */
function cleanText(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '') : text).toWellFormed();
}

function textOf(value: JsonValue): string {
  return cleanText(
    typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value),
  );
}

function cutCharacters(text: string, max: number): { value: string; isCut: boolean } {
  return text.length <= max ? { value: text, isCut: false } : { value: text.slice(0, max).toWellFormed(), isCut: true };
}

function cutBytes(text: string, max: number): { value: string; isCut: boolean } {
  // Three bytes a UTF-16 unit at most: short texts need no encoding to know that they fit.
  if (text.length * 3 <= max || Buffer.byteLength(text) <= max) return { value: text, isCut: false };
  const cut = Buffer.from(text).subarray(0, max).toString();
  return { value: cut.replace(/\ufffd+$/, ''), isCut: true };
}

function isEmptyList(value: JsonValue): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0);
}

function partsOf(value: JsonValue): { value: readonly string[]; isCut: boolean } {
  const parts = Array.isArray(value) ? value.map(textOf) : textOf(value).split(';');
  const kept = parts.map((part) => cutCharacters(part.trim(), 1000).value).filter((part) => part !== '');
  return { value: kept.slice(0, searchLimits.partsMax.value), isCut: kept.length > searchLimits.partsMax.value };
}

function cleanAnnotations(rawCrash: RawCrash): Record<string, string> {
  const annotations: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of Object.entries(rawCrash)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
    if (!/^[A-Za-z0-9_.:-]{1,128}$/.test(name)) continue;
    if (++count > searchLimits.annotationsMax.value) break;
    annotations[name] = cutCharacters(textOf(value), searchLimits.annotationCharactersMax.value).value;
  }
  return annotations;
}

/** The index term of one word of a text field. */
export function textTerm(field: SearchField, token: string): string {
  return `${field.name}:${token.slice(0, 200).toWellFormed()}`;
}

/** The index term of one part of a list field, case-blind. */
export function partTerm(field: SearchField, part: string): string {
  return `${field.name}=${part.toLowerCase().slice(0, 200).toWellFormed()}`;
}

/** Index terms of all texts and lists of one tier: words for any-token matching, whole parts for lists. */
export function rowTerms(row: ReportRow, permission: 'public' | 'protected'): string[] {
  const tokens: string[] = [];
  for (const field of searchFields.values()) {
    if (field.permission !== permission) continue;
    const value = row.values[field.name];
    if (field.kind === 'parts' && Array.isArray(value)) for (const part of value) tokens.push(partTerm(field, part));
    if (field.kind === 'text' && typeof value === 'string')
      for (const token of tokensOf(value)) tokens.push(textTerm(field, token));
    if (tokens.length >= searchLimits.tokensMax.value) return tokens.slice(0, searchLimits.tokensMax.value);
  }
  return tokens;
}
