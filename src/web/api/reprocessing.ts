// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import { crashIdInText } from '../../crash/crash-id-text.ts';
import { SalvageError } from '../../lib/errors.ts';
import type { CrashQueue, QueueMessage } from '../../queue/crash-queue.ts';
import { webErrors } from '../errors.ts';
import { webLimits } from '../limits.ts';
import type { WebParts } from '../web-parts.ts';
import { type ApiCall, type ApiEndpoint, crashIdParameter } from './api-endpoint.ts';
import { requireVisibleId, resolveCrashId } from './read-crash.ts';

/** Reads `id` or `id:ruleset`; throws `bad_request` for a bad id or a rule set that no processor knows. */
function parseWish(text: string, parts: WebParts): QueueMessage {
  const [idText = '', ruleset] = text.split(/:(?!\/\/)/);
  const crashId = crashIdInText(idText);
  if (!crashId)
    throw new SalvageError(
      webErrors.bad_request,
      `Bad request: BadArgumentError: Bad value for parameter crash_ids: ${idText.slice(0, 100)} is not a valid crash id`,
    );
  if (ruleset === undefined) return { crashId };
  if (!parts.rulesets.has(ruleset))
    throw new SalvageError(
      webErrors.bad_request,
      `Bad request: BadArgumentError: Bad value for parameter crash_ids: no rule set ${ruleset.slice(0, 100)}`,
    );
  return { crashId, ruleset };
}

export const reprocessingEndpoint: ApiEndpoint = {
  name: 'Reprocessing',
  methods: ['POST'],
  summary: 'Asks for crashes to be processed again. One bad id or rule set, and nothing is queued.',
  parameters: [
    { name: 'crash_ids', kind: 'list', isRequired: true, description: 'Crash ids, each `id` or `id:ruleset`.' },
  ],
  needs: ['view', 'reprocess_crashes'],
  answer: { type: 'boolean' },
  async handle(call) {
    const texts = call.values.list('crash_ids').flatMap((text) => text.split(/[\s,]+/).filter(Boolean));
    if (texts.length > webLimits.reprocessIdsMax.value)
      throw new SalvageError(
        webErrors.bad_request,
        `Bad request: BadArgumentError: Bad value for parameter crash_ids: more than ${webLimits.reprocessIdsMax.value} crash ids`,
      );
    const wishes = texts.map((text) => parseWish(text, call.parts));
    for (const { crashId } of wishes) await requireVisibleId(crashId, call.reader, call.parts);
    for (const wish of wishes) await call.parts.queue.publish('reprocessing', wish, call.signal);
    auditReprocessing(call, wishes);
    return { json: true };
  },
};

/** Names every crash, so a large wish takes several rows. */
function auditReprocessing({ parts, reader, access }: ApiCall, wishes: readonly QueueMessage[]): void {
  const size = webLimits.reprocessIdsPerAuditRow.value;
  for (let at = 0; at < wishes.length; at += size) {
    const object = wishes
      .slice(at, at + size)
      .map(({ crashId }) => crashId)
      .join(' ');
    parts.people.audit({ action: 'reprocess', object, reader, address: access.address });
  }
}

/** Crashes that somebody waits for, each asked for at most once a minute however many look (web.md §1.3). */
export class PriorityWishes {
  readonly #askedAtMs = new Map<CrashId, number>();

  async ask(crashId: CrashId, parts: WebParts): Promise<boolean> {
    const nowMs = parts.clock.monotonicMs();
    for (const [id, askedAtMs] of this.#askedAtMs) {
      if (nowMs - askedAtMs < 60_000) break;
      this.#askedAtMs.delete(id);
    }
    if (this.#askedAtMs.has(crashId)) return false;
    this.#askedAtMs.set(crashId, nowMs);
    try {
      await parts.queue.publish('priority', { crashId });
    } catch (error) {
      this.#askedAtMs.delete(crashId);
      throw error;
    }
    return true;
  }
}

const wishesByQueue = new WeakMap<CrashQueue, PriorityWishes>();

/** The wishes of everybody who asks the API. */
export function priorityWishesOf({ queue }: WebParts): PriorityWishes {
  const wishes = wishesByQueue.get(queue) ?? new PriorityWishes();
  wishesByQueue.set(queue, wishes);
  return wishes;
}

export const priorityJobEndpoint: ApiEndpoint = {
  name: 'PriorityJob',
  methods: ['POST'],
  summary: 'Asks for a crash to be processed before others.',
  parameters: [crashIdParameter],
  needs: ['view', 'reprocess_crashes'],
  answer: { type: 'boolean' },
  async handle(call) {
    const crashId = await resolveCrashId(call.values.text('crash_id'), call.reader, call.parts);
    await requireVisibleId(crashId, call.reader, call.parts);
    await call.parts.queue.publish('priority', { crashId }, call.signal);
    return { json: true };
  },
};
