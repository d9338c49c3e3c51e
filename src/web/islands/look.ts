// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The script of every page: theme, keys, copying, toggles. Pages read fully without it.

const root = document.documentElement;
root.classList.add('js');
const savedTheme = localStorage.getItem('theme');
if (savedTheme === 'light' || savedTheme === 'dark') root.dataset['theme'] = savedTheme;

function flash(button: HTMLElement, text: string): void {
  const label = button.querySelector<HTMLElement>('[data-label]') ?? button;
  label.dataset['before'] ??= label.textContent ?? '';
  label.textContent = text;
  button.classList.add('is-done');
  setTimeout(() => {
    label.textContent = label.dataset['before'] ?? '';
    button.classList.remove('is-done');
  }, 1600);
}

/** Plain http away from loopback has no clipboard: the text is selected instead. */
async function copy(button: HTMLElement, target: string): Promise<void> {
  const source = document.getElementById(target);
  try {
    await navigator.clipboard.writeText(source?.textContent ?? target);
    flash(button, 'Copied');
  } catch {
    if (source && !source.hidden) getSelection()?.selectAllChildren(source);
    flash(button, source && !source.hidden ? 'Press Ctrl+C' : 'Cannot copy here');
  }
}

function switchTheme(): void {
  const isDark = root.dataset['theme']
    ? root.dataset['theme'] === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset['theme'] = isDark ? 'light' : 'dark';
  localStorage.setItem('theme', root.dataset['theme']);
}

function toggleAll(button: HTMLElement, selector: string): void {
  const all = [...document.querySelectorAll<HTMLDetailsElement>(selector)];
  const open = all.some((item) => !item.open);
  for (const item of all) item.open = open;
  button.textContent = open ? 'Close all' : 'Open all';
}

document.addEventListener('click', (event) => {
  const target = event.target as Element;
  const button = target.closest('button');
  if (!button) {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.menu[open]'))
      if (!menu.contains(target)) menu.open = false;
    return;
  }
  if ('theme' in button.dataset) switchTheme();
  if (button.dataset['copy']) void copy(button, button.dataset['copy']);
  if (button.dataset['openAll']) toggleAll(button, button.dataset['openAll']);
  if (button.dataset['pressClass']) {
    const isOn = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(isOn));
    document.getElementById(button.dataset['for'] ?? '')?.classList.toggle(button.dataset['pressClass'], isOn);
  }
});

/** Choosing in a list is applying it; without this script the button beside it does that. */
document.addEventListener('change', (event) => {
  const control = event.target as HTMLSelectElement;
  if ('submit' in control.dataset) control.form?.requestSubmit();
});

/** Rows that j and k walk through: those of the page's main table. */
function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('table[data-rows] tbody tr')];
  const at = rows.findIndex((row) => row.getAttribute('aria-selected') === 'true');
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
  if (!next) return;
  rows[at]?.removeAttribute('aria-selected');
  next.setAttribute('aria-selected', 'true');
  next.querySelector('a')?.focus();
}

const keys: Readonly<Record<string, () => void>> = {
  '/': () => document.getElementById('quick')?.focus(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  o: () => document.querySelector<HTMLElement>('tr[aria-selected="true"] a')?.click(),
  t: () => document.getElementById('threads')?.scrollIntoView(),
  c: () => document.querySelector<HTMLElement>('button[data-copy]')?.click(),
  '?': () => document.querySelector<HTMLDialogElement>('#keys')?.showModal(),
};

document.addEventListener('keydown', (event) => {
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '');
  const action = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
  if (!action || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});
