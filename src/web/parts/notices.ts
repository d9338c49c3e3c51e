// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html, nothing } from '../html.ts';
import { icon } from '../page.ts';

type NoticeKind = 'info' | 'warn' | 'danger' | 'ok' | 'secret';

const icons = { info: 'info', warn: 'warn', danger: 'stop', ok: 'ok', secret: 'lock' } as const;

/** A notice at the place that it is about: what is the case, then what to do, the slug last and faint. */
export function notice(
  kind: NoticeKind,
  body: Html,
  options: { readonly slug?: string; readonly actions?: Html } = {},
): Html {
  const slug = options.slug ? html` <span class="faint">${options.slug}</span>` : nothing;
  return html`<div class="notice ${kind === 'info' ? '' : kind}">${icon(icons[kind])}
  <div class="body">${body}${slug}</div>
  ${options.actions ? html`<div class="actions">${options.actions}</div>` : nothing}
</div>`;
}

/** The mark of protected data. */
export function lockBadge(text: string, title = ''): Html {
  return title === ''
    ? html`<span class="badge secret">${icon('lock')}${text}</span>`
    : html`<span class="badge secret" title="${title}">${icon('lock')}${text}</span>`;
}

/** A button that copies the text of an element. */
export function copyButton(target: string, label: string, style: 'copy' | 'btn' | 'btn quiet' = 'copy'): Html {
  const face = html`${icon('copy')}<span data-label>${label}</span>`;
  return html`<button class="${style}" type="button" data-copy="${target}">${face}</button>`;
}

/** A shell command with its prompt and a button to copy it. */
export function command(id: string, text: string): Html {
  const prompt = html`<span class="prompt" aria-hidden="true">$ </span>`;
  return html`<div class="command"><code>${prompt}<span id="${id}">${text}</span></code>${copyButton(id, 'Copy')}</div>`;
}

/** Text to be taken along as it is, such as a snippet of code, with a button to copy it. */
export function snippet(id: string, text: string): Html {
  return html`<div class="command"><code id="${id}">${text}</code>${copyButton(id, 'Copy')}</div>`;
}

/** The head of a section: title, what it counts, and what can be done there. */
export function sectionHead(id: string, title: string, aside: string | null = null, actions: Html = nothing): Html {
  const counted = aside === null ? nothing : html` <span class="faint">${aside}</span>`;
  return html`<div class="section-head">
  <h2 id="${id}">${title}${counted}</h2>
  ${String(actions) === '' ? nothing : html`<div class="actions">${actions}</div>`}
</div>`;
}
