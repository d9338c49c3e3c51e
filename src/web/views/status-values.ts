// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// What the parts of a site tell of themselves is JSON of any version of ours: nothing in it is certain.
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { SiteStatus } from '../api/v1-status.ts';

/** A row that says nothing for this long is of a process that is gone (decisions.md 44: one every 10 s). */
export const silentAfterMs = 60_000;
/** A queue whose oldest message waits longer than this is behind. */
export const behindAfterS = 15 * 60;

/** What all processes share is no process: it has its own section. */
export const sharedRoles = new Set(['queue', 'search', 'outbox', 'jobs', 'symbols']);

export const numberIn = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);
export const textIn = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
export const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

/** True if a part of that role could not answer, so that its numbers are missing and not zero. */
export function isUnknown(status: SiteStatus, role: string): boolean {
  return rolesNamed(status, role).some((details) => textIn(details['error']) !== '');
}

export function rolesNamed(status: SiteStatus, role: string): readonly JsonObject[] {
  return status.roles.filter((row) => row.role === role).map(({ details }) => details);
}

export function spoolOf(status: SiteStatus) {
  const spools = rolesNamed(status, 'collector')
    .map((details) => details['spool'])
    .filter(isJsonObject);
  const sum = (name: string) => spools.reduce((total, spool) => total + numberIn(spool[name]), 0);
  return {
    entryCount: sum('entryCount'),
    sizeBytes: sum('sizeBytes'),
    damagedCount: sum('damagedCount'),
    oldestAgeS: Math.max(0, ...spools.map((spool) => numberIn(spool['oldestAgeS']))),
  };
}

export function depthsOf(status: SiteStatus) {
  return rolesNamed(status, 'queue')
    .flatMap((details) => objectsIn(details['depths']))
    .map((depth) => ({
      name: textIn(depth['queue']),
      waiting: numberIn(depth['waiting']),
      leased: numberIn(depth['leased']),
      oldestAgeS: numberIn(depth['oldestAgeS']),
    }));
}

export const deadOf = (status: SiteStatus) =>
  rolesNamed(status, 'queue').flatMap((details) => objectsIn(details['dead']));
export const jobsOf = (status: SiteStatus) => status.roles.flatMap(({ details }) => objectsIn(details['jobs']));

export function owedOf(status: SiteStatus): readonly (readonly [string, number])[] {
  return status.roles.flatMap(({ details }) =>
    isJsonObject(details['owed'])
      ? Object.entries(details['owed']).map(([name, count]): [string, number] => [name, numberIn(count)])
      : [],
  );
}

export function disksOf(status: SiteStatus) {
  return status.roles.flatMap(({ instance, details }) =>
    isJsonObject(details['disk'])
      ? [
          {
            instance,
            sizeBytes: numberIn(details['disk']['sizeBytes']),
            freeBytes: numberIn(details['disk']['freeBytes']),
          },
        ]
      : [],
  );
}

/** Disk sizes in the units of disks' tools. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
