// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { isJsonObject } from '../../lib/json.ts';
import { readSiteStatus } from '../api/v1-status.ts';
import { type PageContext, renderPage, sendPage } from '../page.ts';
import { statusView } from '../views/status.ts';
import type { AddPages } from './page-route.ts';

/** `/status`, and what monitors of crash-stats ask. */
export const addStatusPages: AddPages = (add) => {
  add({ url: '/status', handle: statusPage });
  add({ url: '/status/', handle: async (_context, _request, reply) => reply.redirect('/status', 301) });
  add({ url: '/monitoring/', handle: async (_context, _request, reply) => reply.redirect('/status', 302) });
  add({ url: '/monitoring/cron/', isOpen: true, handle: cronAnswer });
};

async function statusPage(context: PageContext, _request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const status = await readSiteStatus(context.parts);
  // Shown again by itself, without script; ten seconds is how often the parts tell their state.
  reply.header('refresh', '10');
  const content = statusView(status);
  return sendPage(reply, renderPage({ title: 'Status', nav: 'status', page: 'status', content }, context));
}

/** `{status: ALLGOOD | Stale | Broken, last_run?, broken?}`: Stale = no job ran for two hours. */
async function cronAnswer(
  { parts }: PageContext,
  _request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const jobs = (await parts.status.rows()).flatMap(({ details }) =>
    Array.isArray(details['jobs']) ? details['jobs'].filter(isJsonObject) : [],
  );
  const broken = jobs.filter((job) => Number(job['errorsInARow'] ?? 0) > 0).map((job) => String(job['name']));
  const lastRun =
    jobs
      .map((job) => String(job['lastRunAt'] ?? ''))
      .sort()
      .at(-1) ?? '';
  const isStale = jobs.length > 0 && !(parts.clock.now().getTime() - Date.parse(lastRun) < 7_200_000);
  const answer = broken.length > 0 ? { status: 'Broken', broken } : { status: isStale ? 'Stale' : 'ALLGOOD' };
  const whole = { ...answer, ...(lastRun === '' ? {} : { last_run: lastRun }) };
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(whole));
}
