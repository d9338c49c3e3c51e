// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { raw } from 'hono/html';
import { isErrorOf, SalvageError } from '../../lib/errors.ts';
import { peopleErrors } from '../../people/errors.ts';
import type { ApiToken } from '../../people/people.ts';
import { type Permission, permissions, permissionTitles } from '../../people/permissions.ts';
import { refuseForgedRequest, sessionCookieName, sessionCookieNames } from '../access.ts';
import { webErrors } from '../errors.ts';
import { type Html, html, nothing } from '../html.ts';
import { icon, type PageContext, renderPage, sendPage } from '../page.ts';
import { pageHead } from '../parts/heads.ts';
import { command, copyButton, sectionHead } from '../parts/notices.ts';
import { cell, columnHead, dataTable, rowHead } from '../parts/tables.ts';
import type { WebParts } from '../web-parts.ts';
import type { AddPage } from './page-route.ts';

/** Signing in and out, the claim link, one's own profile and tokens. */
export function addAccountPages(add: AddPage, parts: WebParts): void {
  add({ url: '/claim', isOpen: true, handle: claimPage });
  add({
    url: '/claim',
    method: 'POST',
    isOpen: true,
    handle: (context, request, reply) => claim(context, request, reply, parts),
  });
  add({
    url: '/sign-in',
    isOpen: true,
    handle: async (context, request, reply) => sendPage(reply, signInPage(context, nextOf(request), null)),
  });
  add({
    url: '/sign-in',
    method: 'POST',
    isOpen: true,
    handle: (context, request, reply) => signIn(context, request, reply, parts),
  });
  add({
    url: '/sign-out',
    method: 'POST',
    isOpen: true,
    handle: (context, request, reply) => signOut(context, request, reply, parts),
  });
  add({ url: '/profile/', handle: async (context, _request, reply) => sendPage(reply, profilePage(context)) });
  add({
    url: '/api/tokens/',
    handle: async (context, _request, reply) => sendPage(reply, await tokensPage(context, null)),
  });
  add({
    url: '/api/tokens/',
    method: 'POST',
    handle: (context, request, reply) => makeToken(context, request, reply, parts),
  });
  add({
    url: '/api/tokens/revoke',
    method: 'POST',
    handle: (context, request, reply) => revokeToken(context, request, reply, parts),
  });
}

function formOf(request: FastifyRequest): URLSearchParams {
  return request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
}

/** Only addresses on this site: an open redirect would lend our name to others. */
function nextOf(request: FastifyRequest): string {
  const next = (request.query as URLSearchParams).get('next') ?? formOf(request).get('next') ?? '/';
  if (!next.startsWith('/')) return '/';
  // Read as browsers do: they drop tabs and take a backslash for a slash, and a path may come out as //host.
  const url = URL.parse(next, 'http://here.invalid');
  const path = url?.host === 'here.invalid' ? `${url.pathname}${url.search}${url.hash}` : '/';
  return path.startsWith('//') ? '/' : path;
}

/** Ends what this browser was signed in as, under either name of the cookie. */
async function endSessions(request: FastifyRequest, parts: WebParts): Promise<void> {
  for (const name of sessionCookieNames) {
    const secret = request.cookies[name];
    if (secret) await parts.people.signOut(secret);
  }
}

async function openSession(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  sessionSecret: string,
): Promise<void> {
  await endSessions(request, context.parts);
  reply.setCookie(sessionCookieName(context.isHttps), sessionSecret, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: context.isHttps,
    maxAge: 7 * 86_400,
  });
}

/** The link opens a page with one button, so that a program that merely previews links does not use it up. */
async function claimPage(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const secret = (request.query as URLSearchParams).get('link') ?? '';
  const content = html`${pageHead('Welcome to Salvage')}
<p class="prose">This link signs you in as the admin of this installation. It works once.</p>
<form class="form" method="post" action="/claim">
  <input type="hidden" name="link" value="${secret}">
  <button class="btn primary" type="submit" autofocus>Sign in</button>
</form>`;
  // A person at the machine itself needs no second press; the form is sent by the island.
  return sendPage(
    reply,
    renderPage({ title: 'Welcome', nav: null, page: 'claim', content, scripts: ['claim.js'] }, context),
  );
}

async function claim(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  refuseForgedRequest(request, { ...context.access, session: null }, null);
  const { sessionSecret, reader } = await parts.people.claim(
    formOf(request).get('link') ?? '',
    request.headers['user-agent'] ?? '',
  );
  parts.people.audit({ action: 'claim', object: reader.name ?? '', reader, address: context.access.address });
  await openSession(context, request, reply, sessionSecret);
  return reply.redirect('/', 303);
}

function signInPage(context: PageContext, next: string, problem: string | null): Html {
  const alert = html`<p class="notice danger" role="alert">${icon('warn')}<span class="body">${problem}</span></p>`;
  const content = html`${pageHead('Sign in')}
${problem ? alert : nothing}
<form class="form" method="post" action="/sign-in">
  <input type="hidden" name="next" value="${next}">
  <p class="field">
    <label for="name">Name</label>
    <input class="input" id="name" name="name" autocomplete="username" required>
  </p>
  <p class="field">
    <label for="password">Password</label>
    <input class="input" id="password" name="password" type="password" autocomplete="current-password" required>
  </p>
  <p><button class="btn primary" type="submit">Sign in</button></p>
</form>
<section class="section form">
  <p class="soft">Without a password: run this on the server and open what it prints.</p>
  ${command('cmd-link', './salvage admin link')}
</section>`;
  return renderPage({ title: 'Sign in', nav: null, page: 'sign-in', content }, context);
}

async function signIn(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  refuseForgedRequest(request, { ...context.access, session: null }, null);
  const form = formOf(request);
  const { reader: nobody, address } = context.access;
  try {
    const { sessionSecret, reader } = await parts.people.signIn(
      form.get('name') ?? '',
      form.get('password') ?? '',
      request.headers['user-agent'] ?? '',
    );
    parts.people.audit({ action: 'sign_in', object: reader.name ?? '', reader, address });
    await openSession(context, request, reply, sessionSecret);
    return reply.redirect(nextOf(request), 303);
  } catch (error) {
    if (!isErrorOf(error, peopleErrors.sign_in_failed)) throw error;
    parts.people.audit({ action: 'sign_in_failed', object: form.get('name') ?? '', reader: nobody, address });
    return sendPage(reply, signInPage(context, nextOf(request), error.message), 403);
  }
}

async function signOut(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  refuseForgedRequest(request, context.access, formOf(request).get('csrf'));
  await endSessions(request, parts);
  const { reader, address } = context.access;
  parts.people.audit({ action: 'sign_out', object: reader.name ?? '', reader, address });
  // Both names: a browser that came over http before holds the plain one too.
  for (const name of sessionCookieNames)
    reply.clearCookie(name, { path: '/', httpOnly: true, sameSite: 'lax', secure: name.startsWith('__Host-') });
  return reply.redirect('/sign-in', 303);
}

function profilePage(context: PageContext): Html {
  const { reader } = context.access;
  const rows = permissions.map((permission) => {
    const granted = reader.permissions.has(permission)
      ? html`<span class="state ok">Yes</span>`
      : html`<span class="faint">No</span>`;
    return html`<tr><th scope="row" class="grow">${permissionTitles[permission]}</th><td>${granted}</td></tr>`;
  });
  const lead = `may see ${reader.products === null ? 'all products' : reader.products.join(', ')}`;
  const tokens = html`<a class="btn quiet" href="/api/tokens/">API tokens</a>`;
  const content = html`${pageHead(reader.name ?? 'Nobody', lead, tokens)}
<table class="data tight plain profile">
  <caption class="vh">Permissions</caption>
  <thead><tr><th scope="col" class="grow">Permission</th><th scope="col">Granted</th></tr></thead>
  <tbody>${rows}</tbody>
</table>`;
  return renderPage({ title: 'Profile', nav: 'account', page: 'profile', content }, context);
}

async function tokensPage(context: PageContext, made: string | null): Promise<Html> {
  const { reader, session } = context.access;
  if (!session || reader.accountId === null) throw new SalvageError(webErrors.login_required);
  const tokens = await context.parts.people.listTokens(reader.accountId);
  const heads = [
    columnHead('For'),
    columnHead('Ends in'),
    columnHead('Permissions', 'grow'),
    columnHead('Made'),
    columnHead('Expires'),
    columnHead('Last used'),
    columnHead(html`<span class="vh">Revoke</span>`),
  ];
  const rows = tokens.map((token) => tokenRow(token, session.csrfSecret));
  const boxes = permissions
    .filter((permission) => reader.permissions.has(permission))
    .map((permission) => {
      // Without this one a token opens nothing.
      const checked = permission === 'view' ? raw(' checked') : nothing;
      const box = html`<input type="checkbox" name="permissions" value="${permission}"${checked}>`;
      return html`<label class="check">${box} ${permissionTitles[permission]}</label>`;
    });
  const content = html`${pageHead('API tokens')}
${made ? madeNotice(made) : nothing}
${tokens.length === 0 ? noTokens : dataTable('Tokens', heads, rows, { look: 'tight plain stack' })}
<section class="section" aria-labelledby="make">
${sectionHead('make', 'Make a token')}
<form class="form" method="post" action="/api/tokens/">
  <input type="hidden" name="csrf" value="${session.csrfSecret}">
  <p class="field">
    <label for="token-name">What it is for</label>
    <input class="input" id="token-name" name="name" required maxlength="100">
  </p>
  <fieldset class="field"><legend class="label">What it may do</legend>${boxes}</fieldset>
  <p class="field short-field">
    <label for="days">Days until it ends</label>
    <input class="input" id="days" name="days" type="number" min="1" max="366" value="90">
  </p>
  <p><button class="btn primary" type="submit">Make a token</button></p>
</form>
</section>`;
  return renderPage({ title: 'API tokens', nav: 'account', page: 'tokens', content }, context);
}

const noTokens = html`<p class="prose">
  No tokens yet. Programs send one in the header <code>Auth-Token</code>; <a href="/api/">what they can ask for</a>.
</p>`;

/** The only time that the whole token is shown. */
function madeNotice(token: string): Html {
  return html`<div class="notice ok" role="status">${icon('ok')}
  <div class="body">
    <strong>Copy it now; it is not shown again.</strong>
    <code id="token">${token}</code>
    ${copyButton('token', 'Copy')}
  </div>
</div>`;
}

function tokenRow(token: ApiToken, csrf: string): Html {
  const day = (date: Date | null) => (date ? date.toISOString().slice(0, 10) : 'never');
  const titles = token.permissions.map((permission) => permissionTitles[permission]).join(', ');
  const expires = token.revokedAt ? html`<span class="state danger">revoked</span>` : day(token.expiresAt);
  const revoke = html`<form method="post" action="/api/tokens/revoke">
  <input type="hidden" name="csrf" value="${csrf}">
  <input type="hidden" name="id" value="${token.id}">
  <button class="btn" type="submit">Revoke</button>
</form>`;
  return html`<tr role="row">
  ${rowHead(html`<span class="strong">${token.name}</span>`)}
  ${cell(html`<span class="id">…${token.lastFour}</span>`, 'nowrap', 'Ends in')}
  ${cell(titles, 'grow soft')}
  ${cell(day(token.createdAt), 'nowrap', 'Made')}
  ${cell(expires, 'nowrap', 'Expires')}
  ${cell(day(token.lastUsedAt), 'nowrap', 'Last used')}
  ${cell(token.revokedAt ? nothing : revoke)}
</tr>`;
}

async function makeToken(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  const form = formOf(request);
  refuseForgedRequest(request, context.access, form.get('csrf'));
  const { reader, address } = context.access;
  if (reader.via !== 'session' || reader.accountId === null) throw new SalvageError(webErrors.login_required);
  const wanted = form
    .getAll('permissions')
    .filter((name): name is Permission => permissions.some((permission) => permission === name));
  const days = Number(form.get('days') ?? '90');
  const { token, id } = await parts.people.makeToken(reader.accountId, {
    name: form.get('name') ?? '',
    permissions: wanted,
    days: Number.isInteger(days) ? days : 90,
  });
  parts.people.audit({ action: 'token_made', object: String(id), reader, address });
  return sendPage(reply, await tokensPage(context, token));
}

async function revokeToken(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  const form = formOf(request);
  refuseForgedRequest(request, context.access, form.get('csrf'));
  const { reader, address } = context.access;
  if (reader.via !== 'session' || reader.accountId === null) throw new SalvageError(webErrors.login_required);
  const own = (await parts.people.listTokens(reader.accountId)).find((token) => String(token.id) === form.get('id'));
  if (!own) throw new SalvageError(webErrors.not_found);
  await parts.people.revokeToken(own.id);
  parts.people.audit({ action: 'token_revoked', object: String(own.id), reader, address });
  return reply.redirect('/api/tokens/', 303);
}
