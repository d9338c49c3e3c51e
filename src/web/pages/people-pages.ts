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
import { notice, sectionHead } from '../parts/notices.ts';
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
  const content = html`<div class="page-head"><h1>People</h1><p class="lead">${accounts.length} account${accounts.length === 1 ? '' : 's'}</p><div class="actions"><a class="btn quiet" href="/api/v1/audit">Audit trail</a><a class="btn quiet" href="/api/v1/accounts">JSON</a></div></div>
${problem === null ? nothing : notice('danger', html`<strong>That was not changed.</strong> ${problem}`, { slug: 'person_invalid' })}
<div class="table-wrap"><table role="table" class="data stack people">
  <caption class="vh">Accounts</caption>
  <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col" class="grow">Role, products, new password</th><th role="columnheader" scope="col"><span class="vh">Active</span></th></tr></thead>
  <tbody role="rowgroup">${accounts.map((account) => accountRow(account, csrf))}</tbody>
</table></div>
<section class="section" aria-labelledby="add-person">
${sectionHead('add-person', 'Add a person')}
<form class="fields below people-form" method="post" action="/admin/people">
  <input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="action" value="add">
  <p class="field"><label for="new-name">Name</label><input class="input" id="new-name" name="name" required maxlength="100" autocomplete="off"></p>
  <p class="field"><label for="new-role">Role</label>${roleSelect('new-role', 'viewer', true)}</p>
  <p class="field"><label for="new-products">Products</label><input class="input" id="new-products" name="products" placeholder="all" autocomplete="off"><span class="hint">Separated by commas; empty = all</span></p>
  <p class="field"><label for="new-password">Password</label><input class="input" id="new-password" name="password" type="password" minlength="12" autocomplete="new-password"><span class="hint">12 characters or more; none = tokens only</span></p>
  <p class="field"><span class="label">&nbsp;</span><button class="btn primary" type="submit">Add</button></p>
</form>
</section>`;
  return renderPage({ title: 'People', nav: 'account', page: 'people', content }, context);
}

function roleSelect(id: string, chosen: Role, isLong: boolean): Html {
  return html`<select class="select" id="${id}" name="role" aria-label="Role">${roles.map((role) => html`<option value="${role}"${role === chosen ? html` selected` : nothing}>${isLong ? roleTitles[role] : (roleTitles[role].split(':')[0] ?? role)}</option>`)}</select>`;
}

function accountRow(account: Account, csrf: string): Html {
  const hidden = html`<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="id" value="${account.id}">`;
  const name = cutText(account.name, 100);
  return html`<tr role="row">
  <th role="rowheader" scope="row" class="nowrap">${name}</th>
  <td role="cell" class="nowrap"><span class="state ${account.isActive ? 'ok' : ''}">${account.isActive ? 'active' : 'not active'}</span>${account.hasPassword ? nothing : html` <span class="faint">no password</span>`}</td>
  <td role="cell" class="grow"><form class="actions" method="post" action="/admin/people">${hidden}<input type="hidden" name="action" value="change">${roleSelect(`role-${account.id}`, account.role, false)}<input class="input" name="products" aria-label="Products of ${name}" placeholder="all products" value="${account.products === null ? '' : account.products.join(', ')}"><input class="input" name="password" type="password" minlength="12" aria-label="New password of ${name}" placeholder="same password" autocomplete="new-password"><button class="btn" type="submit">Change</button></form></td>
  <td role="cell" class="nowrap"><form method="post" action="/admin/people">${hidden}<input type="hidden" name="action" value="${account.isActive ? 'deactivate' : 'activate'}"><button class="btn ${account.isActive ? 'danger' : ''}" type="submit">${account.isActive ? 'Deactivate' : 'Activate'}</button></form></td>
</tr>`;
}
