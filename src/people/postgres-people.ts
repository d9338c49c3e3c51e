// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { hash, verify } from '@node-rs/argon2';
import type { Clock } from '../lib/clock.ts';
import { SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { type Pool, withTransaction } from '../lib/postgres/pool.ts';
import { AuditWriter } from './audit-writer.ts';
import { peopleErrors } from './errors.ts';
import { peopleLimits } from './limits.ts';
import type { Account, ApiToken, AuditEntry, AuditRow, People, Session, TokenRefusal } from './people.ts';
import { type Permission, permissionsOf, type Reader, type Role } from './permissions.ts';
import { hashSecret, makeSecret } from './secrets.ts';

interface AccountRecord {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly products: string[] | null;
  readonly password_hash: string | null;
  readonly is_active: boolean;
  readonly created_at: Date;
}

/** Verified when the name is unknown, so that the answer takes as long as for a wrong password. */
const decoyHash = hash('no account has this password');

/** People in PostgreSQL. */
export class PostgresPeople implements People {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #audit: AuditWriter;

  constructor(options: { readonly pool: Pool; readonly clock: Clock; readonly logger: Logger }) {
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#audit = new AuditWriter(options);
  }

  async hasAdmin(): Promise<boolean> {
    const { rows } = await this.#pool.query(`select 1 from accounts where role = 'admin' and is_active limit 1`);
    return rows.length > 0;
  }

  async makeClaimSecret(): Promise<string> {
    const secret = makeSecret();
    const now = this.#clock.now();
    await this.#pool.query('insert into claim_links (token_sha256, created_at, expires_at) values ($1, $2, $3)', [
      hashSecret(secret),
      now,
      new Date(now.getTime() + peopleLimits.claimLinkMs.value),
    ]);
    return secret;
  }

  async claim(secret: string, userAgent: string): Promise<{ sessionSecret: string; reader: Reader }> {
    return withTransaction(this.#pool, async (client) => {
      const used = await client.query(
        'update claim_links set used_at = $2 where token_sha256 = $1 and used_at is null and expires_at > $2 returning 1',
        [hashSecret(secret), this.#clock.now()],
      );
      if (used.rowCount !== 1) throw new SalvageError(peopleErrors.claim_link_invalid);
      // The link lets in whoever is admin; only where nobody is, it makes one.
      await client.query(
        `insert into accounts (name, role) select 'admin', 'admin'
         where not exists (select from accounts where role = 'admin' and is_active)
         on conflict (name) do update set is_active = true, role = 'admin', password_hash = null`,
      );
      const { rows } = await client.query<AccountRecord>(
        `select * from accounts where role = 'admin' and is_active order by id limit 1`,
      );
      const account = rows[0] as AccountRecord;
      return {
        sessionSecret: await this.#openSession(client, account, userAgent),
        reader: readerOf(account, 'session'),
      };
    });
  }

  async signIn(name: string, password: string, userAgent: string): Promise<{ sessionSecret: string; reader: Reader }> {
    if (password.length > peopleLimits.passwordCharactersMax.value) throw new SalvageError(peopleErrors.sign_in_failed);
    // No account has a NUL in its name: PostgreSQL's text has none.
    const { rows } = await this.#pool.query<AccountRecord>('select * from accounts where name = $1', [
      name.replaceAll('\0', '\ufffd'),
    ]);
    const account = rows[0];
    const matches = await verify(account?.password_hash ?? (await decoyHash), password);
    if (!account?.password_hash || !account.is_active || !matches) throw new SalvageError(peopleErrors.sign_in_failed);
    return {
      sessionSecret: await this.#openSession(this.#pool, account, userAgent),
      reader: readerOf(account, 'session'),
    };
  }

  async #openSession(db: Pick<Pool, 'query'>, account: AccountRecord, userAgent: string): Promise<string> {
    const secret = makeSecret();
    await db.query(
      'insert into sessions (token_sha256, account_id, csrf_secret, created_at, seen_at, user_agent) values ($1, $2, $3, $4, $4, $5)',
      [hashSecret(secret), account.id, makeSecret(), this.#clock.now(), userAgent.slice(0, 300)],
    );
    return secret;
  }

  async findSession(sessionSecret: string): Promise<Session | null> {
    const now = this.#clock.now();
    const { rows } = await this.#pool.query<AccountRecord & { csrf_secret: string; seen_at: Date }>(
      `select a.*, s.csrf_secret, s.seen_at from sessions s join accounts a on a.id = s.account_id
       where s.token_sha256 = $1 and a.is_active and s.seen_at > $2 and s.created_at > $3`,
      [
        hashSecret(sessionSecret),
        new Date(now.getTime() - peopleLimits.sessionIdleMs.value),
        new Date(now.getTime() - peopleLimits.sessionAgeMs.value),
      ],
    );
    const row = rows[0];
    if (!row) return null;
    if (now.getTime() - row.seen_at.getTime() > peopleLimits.sessionTouchMs.value)
      await this.#pool.query('update sessions set seen_at = $2 where token_sha256 = $1', [
        hashSecret(sessionSecret),
        now,
      ]);
    return { reader: readerOf(row, 'session'), csrfSecret: row.csrf_secret };
  }

  async signOut(sessionSecret: string): Promise<void> {
    await this.#pool.query('delete from sessions where token_sha256 = $1', [hashSecret(sessionSecret)]);
  }

  async makeAccount(account: Parameters<People['makeAccount']>[0]): Promise<Account> {
    const name = account.name.trim();
    if (name === '' || name.length > peopleLimits.nameCharactersMax.value)
      throw new SalvageError(
        peopleErrors.person_invalid,
        `A name has 1 to ${peopleLimits.nameCharactersMax.value} characters.`,
      );
    const passwordHash = account.password === undefined ? null : await hashPassword(account.password);
    const { rows } = await this.#pool.query<AccountRecord>(
      'insert into accounts (name, role, products, password_hash) values ($1, $2, $3, $4) on conflict (name) do nothing returning *',
      [name, account.role, account.products === null ? null : [...account.products], passwordHash],
    );
    if (!rows[0]) throw new SalvageError(peopleErrors.person_invalid, `There is an account named ${name} already.`);
    return accountOf(rows[0]);
  }

  async changeAccount(id: number, change: Parameters<People['changeAccount']>[1]): Promise<void> {
    const passwordHash = change.password === undefined ? undefined : await hashPassword(change.password);
    await withTransaction(this.#pool, async (client) => {
      const set = (column: string, value: unknown) =>
        client.query(`update accounts set ${column} = $2 where id = $1`, [id, value]);
      if (change.role !== undefined) await set('role', change.role);
      if (change.products !== undefined) await set('products', change.products === null ? null : [...change.products]);
      if (change.isActive !== undefined) await set('is_active', change.isActive);
      if (passwordHash !== undefined) await set('password_hash', passwordHash);
      // A changed role or password ends every open session of the account.
      await client.query('delete from sessions where account_id = $1', [id]);
      const { rows } = await client.query(`select 1 from accounts where role = 'admin' and is_active limit 1`);
      if (rows.length === 0)
        throw new SalvageError(peopleErrors.person_invalid, 'The last active admin must stay one.');
    });
  }

  async listAccounts(): Promise<readonly Account[]> {
    const { rows } = await this.#pool.query<AccountRecord>('select * from accounts order by name');
    return rows.map(accountOf);
  }

  async makeToken(
    accountId: number,
    token: Parameters<People['makeToken']>[1],
  ): Promise<{ token: string; id: number }> {
    const account = await this.#accountById(accountId);
    if (token.days === null && account.role !== 'admin')
      throw new SalvageError(peopleErrors.person_invalid, 'Only admins may have tokens without an end.');
    const days = token.days === null ? null : Math.min(Math.max(1, token.days), peopleLimits.tokenDaysMax.value);
    const text = `slv_${makeSecret()}`;
    const now = this.#clock.now();
    const { rows } = await this.#pool.query<{ id: number }>(
      `insert into api_tokens (account_id, name, token_sha256, last_four, permissions, products, created_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
      [
        accountId,
        token.name.slice(0, peopleLimits.nameCharactersMax.value),
        hashSecret(text),
        text.slice(-4),
        token.permissions.filter((permission) => permissionsOf(account.role).has(permission)),
        account.products,
        now,
        days === null ? null : new Date(now.getTime() + days * 86_400_000),
      ],
    );
    return { token: text, id: (rows[0] as { id: number }).id };
  }

  async #accountById(id: number): Promise<AccountRecord> {
    const { rows } = await this.#pool.query<AccountRecord>('select * from accounts where id = $1', [id]);
    if (!rows[0]) throw new SalvageError(peopleErrors.person_invalid, `There is no account ${id}.`);
    return rows[0];
  }

  async findToken(token: string, address: string): Promise<Reader | TokenRefusal> {
    const now = this.#clock.now();
    const { rows } = await this.#pool.query<
      AccountRecord & {
        token_id: number;
        permissions: Permission[];
        token_products: string[] | null;
        expires_at: Date | null;
        last_used_at: Date | null;
      }
    >(
      `select a.*, t.id as token_id, t.permissions, t.products as token_products, t.expires_at, t.last_used_at
       from api_tokens t join accounts a on a.id = t.account_id where t.token_sha256 = $1 and t.revoked_at is null`,
      [hashSecret(token)],
    );
    const row = rows[0];
    if (!row) return 'API Token not matched';
    if (row.expires_at !== null && row.expires_at <= now) return 'API Token found but expired';
    if (!row.is_active) return 'User of API token not active';
    if (row.last_used_at === null || now.getTime() - row.last_used_at.getTime() > peopleLimits.sessionTouchMs.value)
      await this.#pool.query('update api_tokens set last_used_at = $2, last_used_address = $3 where id = $1', [
        row.token_id,
        now,
        address,
      ]);
    const own = permissionsOf(row.role);
    return {
      ...readerOf(row, 'token'),
      tokenId: row.token_id,
      products: bothOf(row.products, row.token_products),
      permissions: new Set(row.permissions.filter((permission) => own.has(permission))),
    };
  }

  async listTokens(accountId: number): Promise<readonly ApiToken[]> {
    const { rows } = await this.#pool.query('select * from api_tokens where account_id = $1 order by created_at desc', [
      accountId,
    ]);
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      lastFour: row.last_four,
      permissions: row.permissions,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      lastUsedAt: row.last_used_at,
    }));
  }

  async revokeToken(id: number): Promise<void> {
    await this.#pool.query('update api_tokens set revoked_at = $2 where id = $1 and revoked_at is null', [
      id,
      this.#clock.now(),
    ]);
  }

  audit(entry: AuditEntry): void {
    this.#audit.add(entry, this.#clock.now());
  }

  async readAudit(limit: number): Promise<readonly AuditRow[]> {
    await this.#audit.flush();
    const { rows } = await this.#pool.query('select * from audit order by id desc limit $1', [limit]);
    return rows.map((row) => ({
      happenedAt: row.happened_at,
      accountName: row.account_name,
      tokenId: row.token_id,
      address: row.address,
      action: row.action,
      object: row.object,
      reason: row.reason,
    }));
  }

  async close(): Promise<void> {
    await this.#audit.flush();
  }
}

async function hashPassword(password: string): Promise<string> {
  const { passwordCharactersMin: min, passwordCharactersMax: max } = peopleLimits;
  if (password.length < min.value || password.length > max.value)
    throw new SalvageError(peopleErrors.person_invalid, `A password has ${min.value} to ${max.value} characters.`);
  return hash(password);
}

function accountOf(record: AccountRecord): Account {
  return {
    id: record.id,
    name: record.name,
    role: record.role,
    products: record.products,
    hasPassword: record.password_hash !== null,
    isActive: record.is_active,
    createdAt: record.created_at,
  };
}

/** Products that both the owner and the token may see; null = all. */
function bothOf(owner: readonly string[] | null, token: readonly string[] | null): readonly string[] | null {
  if (owner === null || token === null) return owner ?? token;
  return token.filter((product) => owner.includes(product));
}

function readerOf(record: AccountRecord, via: Reader['via']): Reader {
  return {
    via,
    accountId: record.id,
    name: record.name,
    tokenId: null,
    permissions: permissionsOf(record.role),
    products: record.products,
  };
}
