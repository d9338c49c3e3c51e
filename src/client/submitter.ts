// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import type { DoneLog } from '../lib/done-log.ts';
import { eachConcurrently } from '../lib/each-concurrently.ts';
import { isErrorOf, SalvageError } from '../lib/errors.ts';
import { clientErrors } from './errors.ts';
import { type ReplayRequest, replayRequest, type StoredReport } from './replay-request.ts';
import { crashIdIn, type HttpAnswer, postBody } from './submit.ts';

/** One stored crash to be sent; loaded only when it is its turn. */
export interface ReplayItem {
  /** A crash id, or the path of a file. */
  readonly key: string;
  load(): Promise<StoredReport>;
}

export interface SubmitterParts {
  readonly url: URL;
  /** With it crashes keep their ids; null = the collector gives new ones. */
  readonly token: string | null;
  /** Loads and writes requests, sends none. */
  readonly isDryRun: boolean;
  readonly concurrency: number;
  /** Pause of each sender after a crash. */
  readonly delayMs: number;
  readonly timeoutMs: number;
  /** Tries of one crash while the collector is away or busy; other refusals are final at once. */
  readonly attemptsMax: number;
  readonly retryWaitMs: (failures: number) => number;
  readonly randomHex: (digits: number) => string;
  readonly clock: Clock;
  /** What was sent in an earlier run is skipped; null = nothing is remembered. */
  readonly done: DoneLog | null;
  readonly onProgress?: (progress: SubmitterProgress) => void;
  readonly onSent?: (key: string, answer: string) => void;
  readonly onFailure?: (key: string, error: unknown) => void;
  readonly signal?: AbortSignal;
}

export interface SubmitterProgress {
  readonly sent: number;
  /** Taken, and thrown away by the collector's rules. */
  readonly discarded: number;
  readonly skipped: number;
  readonly failed: number;
}

/** Sends stored crashes to a collector. A crash that fails is told and counted, the rest goes on. */
export async function replayCrashes(
  items: AsyncIterable<ReplayItem>,
  parts: SubmitterParts,
): Promise<SubmitterProgress> {
  const progress = { sent: 0, discarded: 0, skipped: 0, failed: 0 };
  const replay = async (item: ReplayItem) => {
    try {
      progress[await replayOnce(item, parts)] += 1;
    } catch (error) {
      if (parts.signal?.aborted) return;
      progress.failed += 1;
      parts.onFailure?.(item.key, error);
    }
    parts.onProgress?.(progress);
    if (parts.delayMs > 0) await parts.clock.sleep(parts.delayMs, parts.signal).catch(() => {});
  };
  await eachConcurrently(items, parts.concurrency, replay, parts.signal);
  return progress;
}

async function replayOnce(item: ReplayItem, parts: SubmitterParts): Promise<'sent' | 'discarded' | 'skipped'> {
  if (await parts.done?.has(item.key)) return 'skipped';
  const outcome = parts.isDryRun ? await tryOut(item, parts) : await sendPatiently(item, parts);
  if (!parts.isDryRun) await parts.done?.add(item.key);
  return outcome;
}

/** Reads every byte that would be sent. */
async function tryOut(item: ReplayItem, parts: SubmitterParts): Promise<'sent'> {
  const { body } = await requestOf(item, parts);
  let sizeBytes = 0;
  for await (const chunk of body) sizeBytes += chunk.length;
  parts.onSent?.(item.key, `would send ${sizeBytes} bytes`);
  return 'sent';
}

async function sendPatiently(item: ReplayItem, parts: SubmitterParts): Promise<'sent' | 'discarded'> {
  for (let failures = 1; ; failures++) {
    const answer = await send(item, parts).catch((error: unknown) => {
      if (!isErrorOf(error, clientErrors.submit_unreachable) || failures >= parts.attemptsMax) throw error;
      return null;
    });
    if (answer && !isForNow(answer.status)) return judge(item, answer, parts);
    if (answer && failures >= parts.attemptsMax) throw refusal(answer);
    const waitMs = answer?.retryAfterS ? answer.retryAfterS * 1000 : parts.retryWaitMs(failures);
    await parts.clock.sleep(waitMs, parts.signal);
  }
}

/** Busy, away or too slow: the same report may be taken later. */
function isForNow(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

async function send(item: ReplayItem, parts: SubmitterParts): Promise<HttpAnswer & { readonly uuid: string | null }> {
  const { headers, body, uuid } = await requestOf(item, parts);
  const authorization = parts.token === null ? {} : { authorization: `Bearer ${parts.token}` };
  const answer = await postBody(parts.url, { ...headers, ...authorization }, body, parts.timeoutMs);
  return { ...answer, uuid };
}

async function requestOf(item: ReplayItem, parts: SubmitterParts): Promise<ReplayRequest> {
  const boundary = `${'-'.repeat(24)}${parts.randomHex(16)}`;
  return replayRequest(await item.load(), { keepsId: parts.token !== null, boundary });
}

function judge(item: ReplayItem, answer: HttpAnswer & { uuid: string | null }, parts: SubmitterParts) {
  const crashId = answer.status === 200 ? crashIdIn(answer.text) : null;
  const isDiscarded = answer.status === 200 && /^Discarded=(rule_|1$)/.test(answer.text);
  if (crashId === null && !isDiscarded) throw refusal(answer);
  if (crashId !== null && parts.token !== null && answer.uuid !== null && crashId !== answer.uuid)
    throw new SalvageError(clientErrors.submit_refused, `taken under another id: ${crashId}`);
  parts.onSent?.(item.key, answer.text);
  return isDiscarded ? 'discarded' : 'sent';
}

function refusal({ status, text }: HttpAnswer): SalvageError {
  return new SalvageError(clientErrors.submit_refused, `HTTP ${status} ${text.slice(0, 200)}`.trim());
}
