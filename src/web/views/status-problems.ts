// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { SiteStatus } from '../api/v1-status.ts';
import { type Html, html } from '../html.ts';
import { countText } from '../parts/figures.ts';
import { notice } from '../parts/notices.ts';
import { cutText } from '../parts/text.ts';
import { ago, durationText } from '../parts/times.ts';
import {
  behindAfterS,
  depthsOf,
  disksOf,
  jobsOf,
  numberIn,
  rolesNamed,
  sharedRoles,
  silentAfterMs,
  sizeText,
  spoolOf,
  textIn,
} from './status-values.ts';

/** Below this share of free space somebody should look at a disk. */
const lowDiskShare = 0.05;

/** Everything that asks for somebody's attention, the worst first; each says what is still true. */
export function problemsOf(status: SiteStatus): readonly Html[] {
  return [
    ...silentParts(status),
    ...failingJobs(status),
    ...heldSpool(status),
    ...fullDisks(status),
    ...slowQueues(status),
    ...damagedEntries(status),
    ...strayReports(status),
  ];
}

function failingJobs(status: SiteStatus): Html[] {
  return jobsOf(status).flatMap((job) => {
    const times = numberIn(job['errorsInARow']);
    if (times === 0) return [];
    const why = `${countText(times)} times in a row: ${cutText(textIn(job['lastError']), 300)}`;
    return notice('danger', html`<strong>The job ${textIn(job['name'])} fails,</strong> ${why}`);
  });
}

function heldSpool(status: SiteStatus): Html[] {
  const down = rolesNamed(status, 'mover').flatMap((details) =>
    Array.isArray(details['down']) ? details['down'] : [],
  );
  if (down.length === 0) return [];
  const held = `${countText(spoolOf(status).entryCount)} are accepted and stay there`;
  const text = html`<strong>Reports cannot be moved out of the spool.</strong> ${held}; nothing is lost,
    and they move by themselves once the back end answers.`;
  return [notice('warn', text, { slug: down.map(String).join(', ').slice(0, 200) })];
}

function fullDisks(status: SiteStatus): Html[] {
  return disksOf(status)
    .filter(({ freeBytes, sizeBytes }) => freeBytes < sizeBytes * lowDiskShare)
    .map(({ instance, freeBytes, sizeBytes }) => {
      const free = `${sizeText(freeBytes)} of ${sizeText(sizeBytes)} are free`;
      const text = html`<strong>The disk of ${instance} is nearly full:</strong> ${free}. When it is full,
        intake answers 503 and clients keep their reports.`;
      return notice('warn', text);
    });
}

function slowQueues(status: SiteStatus): Html[] {
  return depthsOf(status)
    .filter(({ name, oldestAgeS }) => oldestAgeS > behindAfterS && name !== 'reprocessing')
    .map(({ name, oldestAgeS }) => {
      const wait = `its oldest crash has waited ${durationText(oldestAgeS)}`;
      const text = html`<strong>The ${name} queue is behind:</strong> ${wait}.
        More processors, or fewer reports, let it catch up.`;
      return notice('warn', text);
    });
}

function damagedEntries(status: SiteStatus): Html[] {
  const { damagedCount } = spoolOf(status);
  if (damagedCount === 0) return [];
  const text = html`<strong>${countText(damagedCount)} spool entries are damaged</strong> and were set aside.
    <code>salvage spool</code> shows them.`;
  return [notice('warn', text)];
}

function strayReports(status: SiteStatus): Html[] {
  const strays = rolesNamed(status, 'search').reduce((sum, details) => sum + numberIn(details['strayCount']), 0);
  if (strays === 0) return [];
  const text = html`<strong>${countText(strays)} reports have dates that no partition was made for.</strong>
    They are found as all others; the clock of a client or of this machine was wrong.`;
  return [notice('warn', text)];
}

/** Processes that have stopped talking, and parts that cannot answer now: their numbers are missing, not zero. */
function silentParts(status: SiteStatus): Html[] {
  return status.roles.flatMap((row) => {
    if (status.now.getTime() - row.updatedAt.getTime() > silentAfterMs)
      return notice(
        'danger',
        html`<strong>${row.role} ${row.instance} is silent</strong> since ${ago(row.updatedAt, status.now)}.
          If it was stopped on purpose, this goes away within a day.`,
      );
    const error = textIn(row.details['error']);
    if (error === '') return [];
    const who = sharedRoles.has(row.role) ? `${row.role} part` : `${row.role} ${row.instance}`;
    return notice(
      'danger',
      html`<strong>The ${who} cannot say how it is:</strong> ${cutText(error, 300)}.
        Its numbers are missing below; intake goes on.`,
    );
  });
}
