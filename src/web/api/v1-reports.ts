// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/json.ts';
import { webErrors } from '../errors.ts';
import { webLimits } from '../limits.ts';
import { pendingView } from '../views/pending-view.ts';
import { reportNeighbours } from '../views/report-neighbours.ts';
import { reportMarkdown, reportPlainText } from '../views/report-text.ts';
import { publicReportView, type ReportSource, wholeReportView } from '../views/report-view.ts';
import { entryProblem, triableListNamed, trySignature } from '../views/signature-change.ts';
import type { ApiAnswer, ApiCall, ApiEndpoint, ApiParameter } from './api-endpoint.ts';
import {
  auditProtectedRead,
  notFound,
  readWholeCrash,
  reduceProcessedFor,
  requireVisible,
  resolveCrashId,
} from './read-crash.ts';

const idParameter: ApiParameter = {
  name: 'id',
  kind: 'text',
  isRequired: true,
  isPath: true,
  description: 'Crash id in any spelling: bare, `bp-`, 32 hex digits, or the first 16 of them.',
};

const noStore = { 'cache-control': 'no-store' };

/** The crash that a call is about, or null while it is stored and not processed. Throws `not_found`. */
async function findSource(
  call: ApiCall,
): Promise<ReportSource | { readonly crashId: string; readonly pending: unknown }> {
  const { parts, reader } = call;
  const crashId = await resolveCrashId(call.values.text('id'), reader, parts);
  const { rawCrash, processed } = await readWholeCrash(crashId, parts);
  if (rawCrash === null && processed === null) throw notFound(crashId);
  requireVisible(crashId, reader, rawCrash, processed);
  if (processed === null) return { crashId, pending: await pendingView(crashId, rawCrash, parts) };
  const dumpNames = reader.permissions.has('view_rawdump')
    ? await parts.storage.getDumpNames(crashId, call.signal).catch(() => [])
    : null;
  return { crashId, rawCrash: rawCrash ?? {}, processed, dumpNames };
}

/** Answers from a processed report; 202 with the pending view while there is none. */
async function answerFrom(
  call: ApiCall,
  answer: (source: ReportSource) => Promise<ApiAnswer> | ApiAnswer,
): Promise<ApiAnswer> {
  const source = await findSource(call);
  if ('pending' in source) return { status: 202, json: source.pending, headers: { ...noStore, 'retry-after': '5' } };
  return answer(source);
}

function partEndpoint(
  name: string,
  summary: string,
  answer: JsonValue,
  part: (source: ReportSource, call: ApiCall) => unknown,
): ApiEndpoint {
  return {
    name: `v1/reports/{id}${name}`,
    methods: ['GET'],
    summary,
    parameters: [idParameter],
    needs: ['view'],
    mayBePending: true,
    answer,
    handle: (call) =>
      answerFrom(call, async (source) => {
        auditProtectedRead(call.reader, call.access.address, source.crashId, call.parts);
        return { json: await part(source, call), headers: noStore };
      }),
  };
}

const reportEndpoint = partEndpoint(
  '',
  'A report as its page shows it: reason, facts, crashing thread, why this signature, processing; 202 while it is not processed.',
  { type: 'object', required: ['crash_id', 'signature', 'reason', 'facts', 'crashing_thread'] },
  async (source, { reader, parts }) => ({
    ...wholeReportView(source, reader, parts).report,
    neighbours: await reportNeighbours(source.processed, reader, parts),
  }),
);

const threadsEndpoint = partEndpoint(
  '/threads',
  'All threads of a report with all their frames.',
  { type: 'object', required: ['threads'] },
  (source, { reader, parts }) => ({ threads: wholeReportView(source, reader, parts).threads }),
);

const modulesEndpoint = partEndpoint(
  '/modules',
  'Loaded and unloaded modules of a report, and whether symbols were found.',
  { type: 'object', required: ['modules', 'unloaded_modules'] },
  (source, { reader, parts }) => {
    const { modules, unloadedModules } = wholeReportView(source, reader, parts, 0);
    return { modules, unloaded_modules: unloadedModules };
  },
);

const annotationsEndpoint = partEndpoint(
  '/annotations',
  'Annotations of a report: public ones, and protected ones for those who may see them.',
  { type: 'object', required: ['public', 'protected'] },
  (source, { reader, parts }) => wholeReportView(source, reader, parts, 0).annotations,
);

/** What the page of a changed list shows (web.md X2). */
const signatureEndpoint: ApiEndpoint = {
  name: 'v1/reports/{id}/signature',
  methods: ['GET'],
  summary:
    'The signature of a report as stored, as the lists of now make it, and as they would with one more entry; and why.',
  parameters: [
    idParameter,
    { name: 'list', kind: 'text', isRequired: false, description: '`irrelevant`, `prefix` or `sentinels`.' },
    { name: 'entry', kind: 'text', isRequired: false, description: 'The entry to try in that list.' },
  ],
  needs: ['view'],
  mayBePending: true,
  answer: { type: 'object', required: ['stored', 'now', 'changed', 'why'] },
  handle: (call) =>
    answerFrom(call, (source) => {
      const { reader, parts, values } = call;
      auditProtectedRead(reader, call.access.address, source.crashId, parts);
      const entry = values.text('entry');
      const list = triableListNamed(values.text('list'));
      if (list === null && (values.text('list') !== '' || entry !== ''))
        throw new SalvageError(webErrors.bad_request, 'list is one of irrelevant, prefix, sentinels');
      if (entry.length > webLimits.signatureEntryMax.value)
        throw new SalvageError(webErrors.bad_request, `entry is longer than ${webLimits.signatureEntryMax.value}`);
      const change = list === null || entry === '' ? null : { list, entry };
      const { document } = reduceProcessedFor(reader, source.processed, parts);
      try {
        return { json: trySignature(document, parts, change), headers: noStore };
      } catch (error) {
        throw new SalvageError(webErrors.bad_request, entryProblem(error));
      }
    }),
};

const stateEndpoint: ApiEndpoint = {
  name: 'v1/reports/{id}/state',
  methods: ['GET'],
  summary: 'Whether a report is processed, and where it waits if not. Cheap enough to be asked every five seconds.',
  parameters: [idParameter],
  needs: ['view'],
  answer: { type: 'object', required: ['crash_id', 'state'] },
  async handle(call) {
    const { parts, reader } = call;
    const crashId = await resolveCrashId(call.values.text('id'), reader, parts);
    const { rawCrash, processed } = await readWholeCrash(crashId, parts);
    requireVisible(
      crashId,
      rawCrash === null && processed === null ? { ...reader, products: null } : reader,
      rawCrash,
      processed,
    );
    const view = await pendingView(crashId, rawCrash, parts);
    return { json: processed === null ? view : { ...view, state: 'processed', failure: null }, headers: noStore };
  },
};

function textEndpoint(
  file: 'report.md' | 'report.txt',
  contentType: string,
  write: (...parts: Parameters<typeof reportMarkdown>) => string,
): ApiEndpoint {
  return {
    name: `v1/reports/{id}/${file}`,
    methods: ['GET'],
    summary: `The report for a bug tracker, at most 4 kB, public data only, whoever asks (${file}).`,
    parameters: [idParameter],
    needs: ['view'],
    mayBePending: true,
    answer: { type: 'string' },
    answerType: contentType,
    handle: (call) =>
      answerFrom(call, (source) => ({
        text: write(publicReportView(source, call.parts), call.pageUrl(`/report/index/${source.crashId}`)),
        headers: { ...noStore, 'content-type': `${contentType}; charset=utf-8` },
      })),
  };
}

/** A report and its parts. */
export const reportEndpoints: readonly ApiEndpoint[] = [
  reportEndpoint,
  threadsEndpoint,
  modulesEndpoint,
  annotationsEndpoint,
  signatureEndpoint,
  stateEndpoint,
  textEndpoint('report.md', 'text/markdown', reportMarkdown),
  textEndpoint('report.txt', 'text/plain', reportPlainText),
];
