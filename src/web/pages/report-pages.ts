// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { isCrashId } from '../../crash/crash-id.ts';
import { crashIdInText, crashIdPrefixInText } from '../../crash/crash-id-text.ts';
import { SalvageError } from '../../lib/errors.ts';
import { refuseForgedRequest, requirePermissions } from '../access.ts';
import {
  auditProtectedRead,
  notFound,
  readWholeCrash,
  reduceProcessedFor,
  requireVisible,
  resolveCrashId,
} from '../api/read-crash.ts';
import { type PriorityWishes, priorityWishesOf } from '../api/reprocessing.ts';
import { webErrors } from '../errors.ts';
import { webLimits } from '../limits.ts';
import { type PageContext, sendPage } from '../page.ts';
import { pageUrl } from '../page-url.ts';
import { isFresh, pendingView } from '../views/pending-view.ts';
import { reportNeighbours } from '../views/report-neighbours.ts';
import { textAt } from '../views/report-values.ts';
import { publicReportView, type ReportSource, wholeReportView } from '../views/report-view.ts';
import { entryProblem, triableListNamed, trySignature } from '../views/signature-change.ts';
import type { WebParts } from '../web-parts.ts';
import type { AddPage } from './page-route.ts';
import { pendingPage } from './pending-page.ts';
import { sendReportOfPrefix } from './quick-search.ts';
import { absentPage, reportPage } from './report-page.ts';
import { signatureChangePage } from './signature-change-page.ts';

/** `/report/index/<id>` with all its outcomes (web.md §1.3). */
export function addReportPages(add: AddPage, parts: WebParts): void {
  const wishes = priorityWishesOf(parts);
  add({
    url: '/report/index/:id',
    handle: (context, request, reply) => showReport(context, request, reply, parts, wishes),
  });
  add({
    url: '/report/index/:id/signature',
    handle: (context, request, reply) => showSignatureChange(context, request, reply, parts),
  });
  add({
    url: '/report/index/:id/reprocess',
    method: 'POST',
    handle: (context, request, reply) => reprocess(context, request, reply, parts),
  });
}

async function showReport(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
  wishes: PriorityWishes,
): Promise<FastifyReply> {
  const text = (request.params as { id: string }).id;
  if (!isCrashId(text)) return sendOtherSpelling(text, context, reply);
  const { reader, address } = context.access;
  const { rawCrash, processed } = await readWholeCrash(text, parts);
  if (rawCrash === null && processed === null) {
    if (!isFresh(text, parts.clock.now())) return sendPage(reply, absentPage(text, context), 404);
    return sendPage(reply, pendingPage(await pendingView(text, null, parts), context));
  }
  requireVisible(text, reader, rawCrash, processed);
  if (processed === null) {
    const view = await pendingView(text, rawCrash, parts);
    // A crash that was given up is not asked for again by looking at it.
    if (view.state === 'waiting') await wishes.ask(text, parts).catch(() => false);
    return sendPage(reply, pendingPage(view, context));
  }
  auditProtectedRead(reader, address, text, parts);
  const dumpNames = reader.permissions.has('view_rawdump')
    ? await parts.storage.getDumpNames(text).catch(() => [])
    : null;
  const source: ReportSource = { crashId: text, rawCrash: rawCrash ?? {}, processed, dumpNames };
  const page = {
    whole: wholeReportView(source, reader, parts, webLimits.framesOfOthersMax.value),
    publicReport: publicReportView(source, parts),
    neighbours: await reportNeighbours(processed, reader, parts),
    url: pageUrl(`/report/index/${text}`, request, parts),
    done: (request.query as URLSearchParams).get('done') === 'reprocess' ? ('reprocess' as const) : null,
  };
  return sendPage(reply, reportPage(page, context));
}

async function showSignatureChange(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  const { reader, address } = context.access;
  const crashId = await resolveCrashId((request.params as { id: string }).id, reader, parts);
  const { rawCrash, processed } = await readWholeCrash(crashId, parts);
  requireVisible(crashId, reader, rawCrash, processed);
  if (processed === null) return reply.redirect(`/report/index/${crashId}`, 302);
  auditProtectedRead(reader, address, crashId, parts);
  const query = request.query as URLSearchParams;
  const list = triableListNamed(query.get('list') ?? '');
  const entry = (query.get('entry') ?? '').slice(0, webLimits.signatureEntryMax.value);
  const change = list === null || entry === '' ? null : { list, entry };
  const { document } = reduceProcessedFor(reader, processed, parts);
  const trial = (() => {
    try {
      return trySignature(document, parts, change);
    } catch (error) {
      return { problem: entryProblem(error) };
    }
  })();
  const page = { crashId, product: textAt(document, 'product'), change, trial };
  return sendPage(reply, signatureChangePage(page, context), 'problem' in trial ? 400 : 200);
}

/** Any other spelling leads to the report; a date that no calendar has is 400, anything else is no address of ours. */
async function sendOtherSpelling(text: string, context: PageContext, reply: FastifyReply): Promise<FastifyReply> {
  const crashId = crashIdInText(text);
  if (crashId) return reply.redirect(`/report/index/${crashId}`, 302);
  const prefix = crashIdPrefixInText(text);
  if (prefix) return sendReportOfPrefix(text, prefix, context, reply);
  if (/^(?:[a-z]{2}-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    throw new SalvageError(webErrors.bad_request, 'Invalid crash ID');
  throw new SalvageError(webErrors.not_found, `There is no report ${text.slice(0, 100)}`);
}

async function reprocess(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: WebParts,
): Promise<FastifyReply> {
  const { access } = context;
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  refuseForgedRequest(request, access, form.get('csrf'));
  requirePermissions(access.reader, ['reprocess_crashes']);
  const crashId = crashIdInText((request.params as { id: string }).id);
  if (!crashId) throw new SalvageError(webErrors.bad_request, 'Invalid crash ID');
  const { rawCrash, processed } = await readWholeCrash(crashId, parts);
  if (rawCrash === null) throw notFound(crashId);
  requireVisible(crashId, access.reader, rawCrash, processed);
  // A crash that was given up goes back to where it was; any other one is asked for anew.
  const replayed = processed === null ? await parts.queue.replayDeadLetters([crashId]) : 0;
  if (replayed === 0) await parts.queue.publish(processed === null ? 'priority' : 'reprocessing', { crashId });
  parts.people.audit({ action: 'reprocess', object: crashId, reader: access.reader, address: access.address });
  return reply.redirect(`/report/index/${crashId}?done=reprocess`, 303);
}
