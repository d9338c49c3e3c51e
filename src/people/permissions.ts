// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** What somebody may do. The names on the wire are those of crash-stats. */
export const permissions = [
  'view',
  'view_pii',
  'view_rawdump',
  'reprocess_crashes',
  'upload_symbols',
  'admin',
] as const;
export type Permission = (typeof permissions)[number];

/** How error texts call them (web.md §2.1). */
export const permissionTitles: Readonly<Record<Permission, string>> = {
  view: 'View Crash Reports',
  view_pii: 'View Personal Identifiable Information',
  view_rawdump: 'View Raw Dumps',
  reprocess_crashes: 'Reprocess Crashes',
  upload_symbols: 'Upload Symbols',
  admin: 'Administration',
};

export const roles = ['viewer', 'investigator', 'dump_reader', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Dumps are separate on purpose: memory of a stranger's computer is worth more care than annotations (web.md §7.2). */
const permissionsOfRole: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['view'],
  investigator: ['view', 'view_pii', 'reprocess_crashes'],
  dump_reader: ['view', 'view_pii', 'reprocess_crashes', 'view_rawdump'],
  admin: permissions,
};

export function permissionsOf(role: Role): ReadonlySet<Permission> {
  return new Set(permissionsOfRole[role]);
}

/** Whoever reads: a person with a session, a program with a token, or nobody in particular. */
export interface Reader {
  readonly via: 'anonymous' | 'session' | 'token';
  readonly accountId: number | null;
  readonly name: string | null;
  readonly tokenId: number | null;
  readonly permissions: ReadonlySet<Permission>;
  /** Products that may be seen; null = all. */
  readonly products: readonly string[] | null;
}

/** The reader without a login: public data only where the site says so. */
export function anonymousReader(isPublic: boolean): Reader {
  return {
    via: 'anonymous',
    accountId: null,
    name: null,
    tokenId: null,
    permissions: new Set(isPublic ? ['view'] : []),
    products: null,
  };
}
