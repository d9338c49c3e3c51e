// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Looks whether a report is processed: every 5 s, slower while the page is hidden, and for ten minutes at most.

interface State {
  readonly state: 'waiting' | 'failed' | 'expected' | 'processed';
  readonly age_s: number | null;
  readonly progress: string;
}

const head = document.getElementById('pending');
const how = document.getElementById('pending-how');
const startedMs = performance.now();
const longestMs = 600_000;

if (head?.dataset['stateUrl'] && how) {
  how.textContent = 'This page shows the result as soon as there is one; it looks every 5 s and stops after 10 min.';
  void look(head.dataset['stateUrl'], how);
}

async function look(url: string, how: HTMLElement): Promise<void> {
  let waitMs = 5000;
  while (performance.now() - startedMs < longestMs) {
    await new Promise((resolve) => setTimeout(resolve, document.hidden ? waitMs * 4 : waitMs));
    try {
      const response = await fetch(url, { headers: { accept: 'application/json' } });
      if (response.status === 429 || response.status === 503) {
        waitMs = Math.max(waitMs, 1000 * Number(response.headers.get('retry-after') ?? '10'));
        continue;
      }
      if (!response.ok) break;
      waitMs = 5000;
      const state = (await response.json()) as State;
      if (state.state === 'processed' || state.state === 'failed') {
        location.reload();
        return;
      }
      show(state);
    } catch {
      waitMs = Math.min(60_000, waitMs * 2);
    }
  }
  how.textContent = 'Stopped looking. Reload this page to look again.';
}

function show(state: State): void {
  const status = document.getElementById('pending-status');
  if (status && status.textContent !== state.progress) status.textContent = state.progress;
}
