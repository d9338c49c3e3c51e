// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Permission, Reader, Role } from './permissions.ts';

export interface Account {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly products: readonly string[] | null;
  readonly hasPassword: boolean;
  readonly isActive: boolean;
  readonly createdAt: Date;
}

export interface Session {
  readonly reader: Reader;
  /** Secret of this session against forged requests. */
  readonly csrfSecret: string;
}

export interface ApiToken {
  readonly id: number;
  readonly name: string;
  readonly lastFour: string;
  readonly permissions: readonly Permission[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** Why a token opens nothing; the texts are those that clients of crash-stats know (web.md §2.1). */
export type TokenRefusal = 'API Token not matched' | 'API Token found but expired' | 'User of API token not active';

export type AuditAction =
  | 'sign_in'
  | 'sign_in_failed'
  | 'sign_out'
  | 'claim'
  | 'protected_report_opened'
  | 'protected_search'
  | 'dump_downloaded'
  | 'reprocess'
  | 'token_made'
  | 'token_revoked'
  | 'account_made'
  | 'account_changed'
  | 'audit_read';

export interface AuditEntry {
  readonly action: AuditAction;
  /** What it was done to: a crash id, an account, a token. */
  readonly object: string;
  readonly reader: Reader;
  readonly address: string;
  readonly reason?: string;
}

export interface AuditRow {
  readonly happenedAt: Date;
  readonly accountName: string | null;
  readonly tokenId: number | null;
  readonly address: string;
  readonly action: string;
  readonly object: string;
  readonly reason: string | null;
}

/** Who may read what. Secrets are returned once, when made, and kept as hashes. */
export interface People {
  /** True once somebody can sign in: until then the web part serves only the claim page. */
  hasAdmin(): Promise<boolean>;
  /** A fresh one-time link secret (256 bits, single use, 30 minutes). */
  makeClaimSecret(): Promise<string>;
  /** Opens the link: makes the first admin account if there is none, and a session. Throws `claim_link_invalid`. */
  claim(secret: string, userAgent: string): Promise<{ sessionSecret: string; reader: Reader }>;
  /** Throws `sign_in_failed`; takes as long for an unknown name as for a wrong password. */
  signIn(name: string, password: string, userAgent: string): Promise<{ sessionSecret: string; reader: Reader }>;
  /** The session of a cookie, or null when it is unknown, idle too long, too old, or its account is not active. */
  findSession(sessionSecret: string): Promise<Session | null>;
  signOut(sessionSecret: string): Promise<void>;

  makeAccount(account: {
    readonly name: string;
    readonly role: Role;
    readonly products: readonly string[] | null;
    readonly password?: string;
  }): Promise<Account>;
  changeAccount(
    id: number,
    change: {
      readonly role?: Role;
      readonly products?: readonly string[] | null;
      readonly isActive?: boolean;
      readonly password?: string;
    },
  ): Promise<void>;
  listAccounts(): Promise<readonly Account[]>;

  /**
   * The full token is returned once. Permissions and products are bounded by the owner's at the time of use; a token sees no
   * product that its owner did not when it was made.
   */
  makeToken(
    accountId: number,
    token: { readonly name: string; readonly permissions: readonly Permission[]; readonly days: number | null },
  ): Promise<{ token: string; id: number }>;
  findToken(token: string, address: string): Promise<Reader | TokenRefusal>;
  listTokens(accountId: number): Promise<readonly ApiToken[]>;
  revokeToken(id: number): Promise<void>;

  /** Never delays the caller: entries are written in batches. */
  audit(entry: AuditEntry): void;
  readAudit(limit: number): Promise<readonly AuditRow[]>;
  close(): Promise<void>;
}
