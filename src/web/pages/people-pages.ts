// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { isErrorOf, SalvageError } from '../../lib/errors.ts';
import { peopleErrors } from '../../people/errors.ts';
import type { Account } from '../../people/people.ts';
import { type Role, roles } from '../../people/permissions.ts';
import { refuseForgedRequest, requirePermissions } from '../access.ts';
import { webErrors } from '../errors.ts';
import { type Html, html, nothing } from '../html.ts';
import { type PageContext, renderPage, sendPage } from '../page.ts';
import { pageHead } from '../parts/heads.ts';
import { notice, sectionHead } from '../parts/notices.ts';
import { cell, columnHead, dataTable, rowHead } from '../parts/tables.ts';
import { cutText } from '../parts/text.ts';
import type { AddPages } from './page-route.ts';

/** `/admin/people`: who may sign in, and what they may do. */
export const addPeoplePages: AddPages = (add) => {
  add({ url: '/admin/people', handle: showPeople });
  add({ url: '/admin/people', method: 'POST', handle: changePeople });
};

const roleTitles: Readonly<Record<Role, string>> = {
  viewer: 'Viewer: public data',
  investigator: 'Investigator: also protected data, reprocessing',
  dump_reader: 'Dump reader: also dumps',
  admin: 'Admin: everything',
};

async function showPeople(context: PageContext, _request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  requirePermissions(context.access.reader, ['view', 'admin']);
  return sendPage(reply, await peoplePage(context, null));
}

async function changePeople(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  refuseForgedRequest(request, context.access, form.get('csrf'));
  requirePermissions(context.access.reader, ['view', 'admin']);
  try {
    await applyChange(context, form);
    return reply.redirect('/admin/people', 303);
  } catch (error) {
    if (!isErrorOf(error, peopleErrors.person_invalid)) throw error;
    return sendPage(reply, await peoplePage(context, error.message), 400);
  }
}

async function applyChange({ parts, access }: PageContext, form: URLSearchParams): Promise<void> {
  const { people } = parts;
  const { reader, address } = access;
  const role = roles.find((one) => one === form.get('role'));
  const names = (form.get('products') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const products = names.length > 0 ? names : null;
  const password = form.get('password') ?? '';
  if (form.get('action') === 'add') {
    if (!role) throw new SalvageError(webErrors.bad_request, 'Choose a role.');
    const name = (form.get('name') ?? '').trim();
    const account = await people.makeAccount({ name, role, products, ...(password === '' ? {} : { password }) });
    parts.people.audit({ action: 'account_made', object: `${account.id} ${account.name} ${role}`, reader, address });
    return;
  }
  const id = Number(form.get('id'));
  const account = (await people.listAccounts()).find((one) => one.id === id);
  if (!account) throw new SalvageError(webErrors.not_found, 'There is no such account.');
  const action = form.get('action');
  const change =
    action === 'deactivate'
      ? { isActive: false }
      : action === 'activate'
        ? { isActive: true }
        : { ...(role ? { role } : {}), products, ...(password === '' ? {} : { password }) };
  await people.changeAccount(id, change);
  const { password: _hidden, ...told } = change as Record<string, unknown>;
  const object = `${id} ${account.name} ${JSON.stringify(told)}${password === '' ? '' : ' password'}`;
  parts.people.audit({ action: 'account_changed', object, reader, address });
}

async function peoplePage(context: PageContext, problem: string | null): Promise<Html> {
  const accounts = await context.parts.people.listAccounts();
  const csrf = context.access.session?.csrfSecret ?? '';
  const lead = `${accounts.length} account${accounts.length === 1 ? '' : 's'}`;
  const actions = html`<a class="btn quiet" href="/api/v1/audit">Audit trail</a>
    <a class="btn quiet" href="/api/v1/accounts">JSON</a>`;
  const heads = [
    columnHead('Name'),
    columnHead('State'),
    columnHead('Role, products, new password', 'grow'),
    columnHead(html`<span class="vh">Active</span>`),
  ];
  const rows = accounts.map((account) => accountRow(account, csrf));
  const content = html`${pageHead('People', lead, actions)}
${problem === null ? nothing : problemNotice(problem)}
${dataTable('Accounts', heads, rows, { look: 'stack people' })}
<section class="section" aria-labelledby="add-person">
${sectionHead('add-person', 'Add a person')}
${addForm(csrf)}
</section>`;
  return renderPage({ title: 'People', nav: 'account', page: 'people', content }, context);
}

function problemNotice(problem: string): Html {
  return notice('danger', html`<strong>That was not changed.</strong> ${problem}`, { slug: 'person_invalid' });
}

function addForm(csrf: string): Html {
  return html`<form class="fields below people-form" method="post" action="/admin/people">
  ${hiddenInputs({ csrf, action: 'add' })}
  <p class="field">
    <label for="new-name">Name</label>
    <input class="input" id="new-name" name="name" required maxlength="100" autocomplete="off">
  </p>
  <p class="field">
    <label for="new-role">Role</label>
    ${roleSelect('new-role', 'viewer', true)}
  </p>
  <p class="field">
    <label for="new-products">Products</label>
    <input class="input" id="new-products" name="products" placeholder="all" autocomplete="off">
    <span class="hint">Separated by commas; empty = all</span>
  </p>
  <p class="field">
    <label for="new-password">Password</label>
    <input class="input" id="new-password" name="password" type="password" minlength="12" autocomplete="new-password">
    <span class="hint">12 characters or more; none = tokens only</span>
  </p>
  <p class="field">
    <span class="label">&nbsp;</span>
    <button class="btn primary" type="submit">Add</button>
  </p>
</form>`;
}

/** What a form sends besides what a person enters. */
function hiddenInputs(values: Readonly<Record<string, string>>): Html[] {
  return Object.entries(values).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
}

function roleSelect(id: string, chosen: Role, isLong: boolean): Html {
  const options = roles.map((role) => {
    const title = isLong ? roleTitles[role] : (roleTitles[role].split(':')[0] ?? role);
    return html`<option value="${role}"${role === chosen ? html` selected` : nothing}>${title}</option>`;
  });
  return html`<select class="select" id="${id}" name="role" aria-label="Role">${options}</select>`;
}

function accountRow(account: Account, csrf: string): Html {
  const state = account.isActive
    ? html`<span class="state ok">active</span>`
    : html`<span class="state">not active</span>`;
  const hint = account.hasPassword ? nothing : html` <span class="faint">no password</span>`;
  return html`<tr role="row">
  ${rowHead(cutText(account.name, 100), 'nowrap')}
  ${cell(html`${state}${hint}`, 'nowrap')}
  ${cell(changeForm(account, csrf), 'grow')}
  ${cell(activeForm(account, csrf), 'nowrap')}
</tr>`;
}

function changeForm(account: Account, csrf: string): Html {
  const name = cutText(account.name, 100);
  const products = account.products === null ? '' : account.products.join(', ');
  return html`<form class="actions" method="post" action="/admin/people">
  ${hiddenInputs({ csrf, id: String(account.id), action: 'change' })}
  ${roleSelect(`role-${account.id}`, account.role, false)}
  <input class="input" name="products" aria-label="Products of ${name}" placeholder="all products" value="${products}">
  <input class="input" name="password" type="password" minlength="12" aria-label="New password of ${name}"
    placeholder="same password" autocomplete="new-password">
  <button class="btn" type="submit">Change</button>
</form>`;
}

function activeForm({ id, isActive }: Account, csrf: string): Html {
  const button = isActive
    ? html`<button class="btn danger" type="submit">Deactivate</button>`
    : html`<button class="btn" type="submit">Activate</button>`;
  return html`<form method="post" action="/admin/people">
  ${hiddenInputs({ csrf, id: String(id), action: isActive ? 'deactivate' : 'activate' })}
  ${button}
</form>`;
}
