// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, dateOf, isCrashId } from '../crash/crash-id.ts';
import { mainDumpName } from '../crash/raw-crash.ts';

/** Where raw crashes lie in a bucket; everything else is the same in all three (collector.md §6, crashstorage.md §6). */
export const objectLayouts = ['antenna-2018', 'antenna-today', 'socorro-2016'] as const;
export type ObjectLayout = (typeof objectLayouts)[number];

/** Where processed crashes lie: by id, or by day and id under the name that Socorro's telemetry export has. */
export const processedLayouts = ['processed_crash', 'crash_report'] as const;
export type ProcessedLayout = (typeof processedLayouts)[number];

/** Kinds that a dump of that name would overwrite; such a dump gets `.dump` behind its name. */
const reserved = /^(raw_crash|dump_names|processed_crash|crash_report|support_reason)(\.dump)*$/;

/** Folders and keys of one bucket. `prefix` is empty or ends with a slash. Crash ids are checked: they become keys. */
export class ObjectKeys {
  readonly #prefix: string;
  readonly #processedLayout: ProcessedLayout;

  constructor(prefix = '', processedLayout: ProcessedLayout = 'processed_crash') {
    this.#prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.#processedLayout = processedLayout;
  }

  rawCrash(layout: ObjectLayout, crashId: CrashId): string {
    return `${this.rawCrashFolder(layout, crashId.slice(0, 3), dateOf(checked(crashId)))}${crashId}`;
  }

  /** `salt` = the first three characters of the ids, used by one layout alone. */
  rawCrashFolder(layout: ObjectLayout, salt: string, date: string): string {
    if (layout === 'antenna-2018') return `${this.#prefix}v2/raw_crash/${salt}/${date}/`;
    if (layout === 'antenna-today') return `${this.#prefix}v1/raw_crash/${date}/`;
    return `${this.#prefix}v1/raw_crash/`;
  }

  /** The folder above all raw crashes of a layout. */
  rawCrashRoot(layout: ObjectLayout): string {
    return `${this.#prefix}${layout === 'antenna-2018' ? 'v2' : 'v1'}/raw_crash/`;
  }

  dumpNames(crashId: CrashId): string {
    return `${this.#prefix}v1/dump_names/${checked(crashId)}`;
  }

  processedCrash(crashId: CrashId): string {
    const day = this.#processedLayout === 'crash_report' ? `${dateOf(checked(crashId))}/` : '';
    return `${this.#prefix}v1/${this.#processedLayout}/${day}${checked(crashId)}`;
  }

  /** `names`: all dump names of the report, since three spellings of the main dump share one place. */
  dump(crashId: CrashId, name: string, names: readonly string[]): string {
    return `${this.#prefix}v1/${dumpFolder(name, names)}/${checked(crashId)}`;
  }

  /** Overwritten by every write check. */
  writeCheck(): string {
    return `${this.#prefix}test/salvage`;
  }
}

/**
 * The main dump is `dump`, and so are, alone, a dump of that name and one without a name (Antenna, Socorro): together
 * with the main dump, where those two systems overwrite one with the other, they get places of their own.
 */
function dumpFolder(name: string, names: readonly string[]): string {
  if (name === mainDumpName) return 'dump';
  const owner = [mainDumpName, '', 'dump'].find((one) => names.includes(one)) ?? name;
  if (name === '') return owner === '' ? 'dump' : 'nameless.dump';
  if (name === 'dump') return owner === 'dump' ? 'dump' : 'dump.dump';
  if (reserved.test(name) || /^(dump|nameless)(\.dump)+$/.test(name)) return `${name}.dump`;
  return safeName(name);
}

/** Clean names, as the collector makes them, stay as they are; no other can leave its folder. */
export function safeName(name: string): string {
  const escaped = name.replace(
    /[^A-Za-z0-9_.-]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return /^\.+$/.test(escaped) ? escaped.replaceAll('.', '%002e') : escaped;
}

function checked(crashId: CrashId): CrashId {
  if (!isCrashId(crashId)) throw new Error(`not a crash id: ${JSON.stringify(crashId)}`);
  return crashId;
}
