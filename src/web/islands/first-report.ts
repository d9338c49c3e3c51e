// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Leaves the page of the first day as soon as the first report has arrived.
const everyMs = 3000;

async function look(): Promise<void> {
  const response = await fetch('/api/v1/products').catch(() => null);
  const answer = response?.ok ? ((await response.json()) as { products: unknown[] }) : null;
  if (answer && answer.products.length > 0) location.reload();
  else setTimeout(() => void look(), everyMs);
}

setTimeout(() => void look(), everyMs);
