// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { nullLogger } from '../../lib/log.ts';
import { type Role, roles } from '../../people/permissions.ts';
import { PostgresPeople } from '../../people/postgres-people.ts';
import { openContext, type ProcessContext } from '../context.ts';
import { openDatabase } from '../parts/database.ts';

/** Runs `action` with the people of the site that is configured, which may be running. */
async function withPeople(action: (people: PostgresPeople, context: ProcessContext) => Promise<void>): Promise<void> {
  const context = await openContext('admin', { logsTo: 'stderr', announcesConfig: false });
  try {
    const { pool } = await openDatabase(context);
    const people = new PostgresPeople({ pool, clock: context.clock, logger: nullLogger });
    await action(people, context);
    await people.close();
  } finally {
    await context.releasers.releaseAll();
  }
}

/** `salvage admin`: the way in that needs no password, and accounts from the command line. */
export function addAdminCommand(program: Command): void {
  const admin = program.command('admin').description('sign-in links and accounts');
  admin
    .command('link')
    .description('print a link that signs in as the admin (works once, for 30 minutes)')
    .option('--url <url>', 'address under which you reach the site')
    .action((options: { url?: string }) =>
      withPeople(async (people, context) => {
        const base = options.url ?? `http://127.0.0.1:${context.process.port}`;
        process.stdout.write(`${base.replace(/\/+$/, '')}/claim?link=${await people.makeClaimSecret()}\n`);
      }),
    );
  admin
    .command('add')
    .description('add an account; its password is read from standard input')
    .argument('<name>', 'name to sign in with')
    .requiredOption('--role <role>', `one of ${roles.join(', ')}`)
    .option('--product <product...>', 'products that the account may see; none = all')
    .action((name: string, options: { role: Role; product?: string[] }) =>
      withPeople(async (people) => {
        if (!roles.includes(options.role)) throw new Error(`--role is one of ${roles.join(', ')}`);
        const password = (await readStandardInput()).trim();
        const account = { name, role: options.role, products: options.product ?? null };
        await people.makeAccount(password === '' ? account : { ...account, password });
        process.stdout.write(`${name} may sign in${password === '' ? ' by link only: no password was given' : ''}.\n`);
      }),
    );
  admin
    .command('ls')
    .description('list accounts')
    .action(() =>
      withPeople(async (people) => {
        for (const { name, role, products, isActive } of await people.listAccounts())
          process.stdout.write(
            `${name}\t${role}\t${products?.join(',') ?? 'all products'}\t${isActive ? 'active' : 'not active'}\n`,
          );
      }),
    );
}

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password (12 characters or more), then Enter and Ctrl+D: ');
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
  return text;
}
