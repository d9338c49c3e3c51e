// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type {} from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import { SalvageError } from '../lib/errors.ts';
import type { People, Session } from '../people/people.ts';
import { anonymousReader, type Permission, permissionTitles, type Reader } from '../people/permissions.ts';
import { hashSecret, isSameSecret } from '../people/secrets.ts';
import { webErrors } from './errors.ts';
import type { WebParts } from './web-parts.ts';

/** Who sent a request, found once and kept with it. */
export interface Access {
  readonly reader: Reader;
  readonly session: Session | null;
  /** Address of the client, through believed proxies only. */
  readonly address: string;
}

export const sessionCookieNames = ['__Host-salvage_session', 'salvage_session'] as const;

/** On plain http the cookie can be neither Secure nor `__Host-` (decisions.md 43). */
export function sessionCookieName(isHttps: boolean): string {
  return isHttps ? sessionCookieNames[0] : sessionCookieNames[1];
}

/** The secret in the session cookie, if any. Over HTTPS a plain cookie counts nothing: sibling sites can plant one. */
function sessionSecretOf(request: FastifyRequest): string | null {
  return request.cookies[sessionCookieName(request.protocol === 'https')] || null;
}

const found = new WeakMap<FastifyRequest, Access>();

/**
 * Token first (`Auth-Token`, or `Authorization: Bearer`), then session, then nobody. An empty Auth-Token counts as
 * nobody, as clients of crash-stats send one (web.md §2.1). Throws `token_refused`.
 */
export async function findAccess(request: FastifyRequest, parts: WebParts): Promise<Access> {
  const access = found.get(request) ?? (await lookUpAccess(request, parts));
  found.set(request, access);
  return access;
}

async function lookUpAccess(request: FastifyRequest, parts: WebParts): Promise<Access> {
  const address = request.ip;
  const token = headerToken(request);
  if (token) {
    const owner = await parts.people.findToken(token, address);
    if (typeof owner === 'string') throw new SalvageError(webErrors.token_refused, owner);
    return { reader: owner, session: null, address };
  }
  const secret = sessionSecretOf(request);
  const session = secret ? await parts.people.findSession(secret) : null;
  return { reader: session?.reader ?? anonymousReader(parts.options.public), session, address };
}

function headerToken(request: FastifyRequest): string {
  const own = request.headers['auth-token'];
  if (typeof own === 'string' && own.trim() !== '') return own.trim();
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  return bearer?.[1] ?? '';
}

/** The token or session secret that a request shows, hashed; null for none. What it is worth is not looked at. */
export function shownCredential(request: FastifyRequest): string | null {
  const secret = headerToken(request) || sessionSecretOf(request);
  return secret ? hashSecret(secret) : null;
}

/** True if this request's credential was found to be good. */
export function isProven(request: FastifyRequest): boolean {
  return (found.get(request)?.reader.via ?? 'anonymous') !== 'anonymous';
}

const claimed = new WeakSet<People>();

/** Throws `not_claimed` until somebody can sign in (web.md §7.2). */
export async function requireClaimed(people: People): Promise<void> {
  if (claimed.has(people)) return;
  if (!(await people.hasAdmin())) throw new SalvageError(webErrors.not_claimed);
  claimed.add(people);
}

/** Throws `login_required` or `permission_required` unless the reader has all of them. */
export function requirePermissions(reader: Reader, needed: readonly Permission[]): void {
  const missing = needed.filter((permission) => !reader.permissions.has(permission));
  if (missing.length === 0) return;
  if (missing.includes('view') && reader.via === 'anonymous') throw new SalvageError(webErrors.login_required);
  const titles = missing.map((permission) => permissionTitles[permission]).join(', ');
  throw new SalvageError(webErrors.permission_required, `Use of this endpoint requires the '${titles}' permission`);
}

/**
 * Refuses state changes that another site's page could have caused: with a cookie, the request must come from our own
 * origin and carry the session's secret. Tokens are never sent by browsers on their own.
 */
export function refuseForgedRequest(request: FastifyRequest, access: Access, formSecret: string | null): void {
  if (access.reader.via === 'token') return;
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  // Browsers that state the site are believed on it; they send `Origin: null` from pages with the policy no-referrer.
  const isOwnSite =
    site === 'same-origin' || site === 'none' || (site === undefined && isOwnOrigin(origin, request.host));
  const contradicts = origin !== undefined && origin !== 'null' && !isOwnOrigin(origin, request.host);
  const header = request.headers['x-csrf-token'];
  const given = formSecret ?? (typeof header === 'string' ? header : '');
  const isSecretRight = access.session === null || isSameSecret(given, access.session.csrfSecret);
  if (!isOwnSite || contradicts || !isSecretRight) throw new SalvageError(webErrors.forged_request);
}

/** Programs send no Origin; old browsers send one with every POST. */
function isOwnOrigin(origin: string | undefined, host: string): boolean {
  return origin === undefined || URL.parse(origin)?.host === host;
}

/** True if crashes of this product exist for the reader; those of others answer 404, not 403 (web.md §7.2). */
export function mayReadProduct(reader: Reader, product: unknown): boolean {
  return reader.products === null || (typeof product === 'string' && reader.products.includes(product));
}
