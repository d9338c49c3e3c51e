// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The report: says so when a link to a frame or module leads nowhere, and marks the part of the page in view.

function markMoved(): void {
  document.getElementById('moved')?.remove();
  const name = decodeURIComponent(location.hash.slice(1));
  if (!/^(t\d+-f\d+|m-)/.test(name)) return;
  const target = document.getElementById(name);
  if (target) {
    for (let up = target.parentElement; up; up = up.parentElement) if (up instanceof HTMLDetailsElement) up.open = true;
    target.scrollIntoView({ block: 'center' });
    return;
  }
  const notice = document.createElement('p');
  notice.id = 'moved';
  notice.className = 'notice warn';
  notice.setAttribute('role', 'status');
  const body = document.createElement('span');
  body.className = 'body';
  body.textContent = `This link led to ${name}, which is not in this report any more: it was processed again since.`;
  notice.append(document.createElement('span'), body);
  document.querySelector('.tabs')?.after(notice);
}

const tabs = [...document.querySelectorAll<HTMLAnchorElement>('.tabs.sticky a')];
const heads = tabs.map((tab) => document.querySelector(tab.hash));

function markTab(): void {
  let current = 0;
  heads.forEach((head, at) => {
    if (head && head.getBoundingClientRect().top < 140) current = at;
  });
  tabs.forEach((tab, at) => {
    if (at === current) tab.setAttribute('aria-current', 'true');
    else tab.removeAttribute('aria-current');
  });
}

addEventListener('hashchange', markMoved);
addEventListener('scroll', markTab, { passive: true });
markMoved();
markTab();
