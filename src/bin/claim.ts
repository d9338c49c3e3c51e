// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { People } from '../people/people.ts';
import type { ProcessContext } from './context.ts';

/**
 * Tells who started us how to sign in, as long as nobody has: the link goes to a terminal; elsewhere logs are kept and
 * shipped, so it goes to a file that only this user can read (decisions.md 43).
 */
export async function announceClaim(context: ProcessContext, people: People, baseUrl: string): Promise<void> {
  if (await people.hasAdmin()) return;
  const link = `${baseUrl}/claim?link=${await people.makeClaimSecret()}`;
  if (process.stdout.isTTY) {
    process.stdout.write(`\n  Open this link to sign in (works once, for 30 minutes):\n  ${link}\n\n`);
    return;
  }
  const path = join(context.dataDir, 'claim-link');
  await writeFile(path, `${link}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  context.logger.info(
    `nobody can sign in yet: open the link in ${path}, or run \`salvage admin link\` (works once, for 30 minutes)`,
  );
}
