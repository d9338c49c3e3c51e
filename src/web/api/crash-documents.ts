// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import { mainDumpName } from '../../crash/raw-crash.ts';
import { isErrorOf, SalvageError } from '../../lib/errors.ts';
import { type SearchField, searchFields } from '../../search/search-fields.ts';
import { requirePermissions } from '../access.ts';
import { webErrors } from '../errors.ts';
import { type ApiAnswer, type ApiCall, type ApiEndpoint, crashIdParameter } from './api-endpoint.ts';
import {
  auditProtectedRead,
  notFound,
  readWholeCrash,
  reduceProcessedFor,
  reduceRawFor,
  requireVisible,
  resolveCrashId,
} from './read-crash.ts';
import { priorityWishesOf } from './reprocessing.ts';

export const processedCrashEndpoint: ApiEndpoint = {
  name: 'ProcessedCrash',
  methods: ['GET'],
  summary: 'The processed crash, reduced to public fields unless the reader may see protected data.',
  parameters: [crashIdParameter],
  needs: ['view'],
  answer: { type: 'object' },
  async handle(call) {
    const crashId = await resolveCrashId(call.values.text('crash_id'), call.reader, call.parts);
    const { rawCrash, processed } = await readWholeCrash(crashId, call.parts);
    if (!processed) throw notFound(crashId);
    requireVisible(crashId, call.reader, rawCrash, processed);
    auditProtectedRead(call.reader, call.access.address, crashId, call.parts);
    return {
      json: reduceProcessedFor(call.reader, processed, call.parts).document,
      headers: { 'cache-control': 'no-store' },
    };
  },
};

export const rawCrashEndpoint: ApiEndpoint = {
  name: 'RawCrash',
  methods: ['GET'],
  summary: 'The annotations of a crash report, or the bytes of one of its dumps.',
  parameters: [
    crashIdParameter,
    {
      name: 'format',
      kind: 'choice',
      choices: ['meta', 'raw'],
      isRequired: false,
      description: '`meta` (default): JSON; `raw`: the bytes of a dump.',
    },
    {
      name: 'name',
      kind: 'text',
      isRequired: false,
      description: 'Dump name; empty, `dump` or `upload_file_minidump` = the main dump.',
    },
  ],
  needs: ['view'],
  answer: { type: 'object' },
  async handle(call) {
    const isRaw = call.values.text('format') === 'raw';
    // Asked before anything is read: whether a dump exists is nobody's business without the permission.
    if (isRaw && !call.reader.permissions.has('view_rawdump'))
      throw new SalvageError(webErrors.permission_required, 'Binary response requires permissions: View Raw Dumps');
    const crashId = await resolveCrashId(call.values.text('crash_id'), call.reader, call.parts);
    const { rawCrash, processed } = await readWholeCrash(crashId, call.parts);
    if (!rawCrash) throw notFound(crashId);
    requireVisible(crashId, call.reader, rawCrash, processed);
    if (isRaw) return dumpAnswer(crashId, call);
    auditProtectedRead(call.reader, call.access.address, crashId, call.parts);
    return { json: reduceRawFor(call.reader, rawCrash, call.parts), headers: { 'cache-control': 'no-store' } };
  },
};

async function dumpAnswer(crashId: CrashId, call: ApiCall): Promise<ApiAnswer> {
  const asked = call.values.text('name');
  const name = asked === '' || asked === 'dump' ? mainDumpName : asked;
  const dump = await call.parts.storage.getDump(crashId, name, call.signal);
  const { parts, reader, access } = call;
  parts.people.audit({ action: 'dump_downloaded', object: `${crashId} ${name}`, reader, address: access.address });
  const filename =
    name === mainDumpName
      ? `${crashId}.dmp`
      : name === 'memory_report'
        ? 'memory_report.json.gz'
        : `${crashId}-${name}.dmp`;
  return {
    bytes: dump.open(),
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(dump.sizeBytes),
      'content-disposition': `attachment; filename="${filename.replace(/[^A-Za-z0-9._-]/g, '_')}"`,
      'cache-control': 'no-store',
    },
  };
}

export const crashVerifyEndpoint: ApiEndpoint = {
  name: 'CrashVerify',
  methods: ['GET'],
  summary: 'Which stores hold a crash.',
  parameters: [crashIdParameter],
  needs: ['view'],
  answer: {
    type: 'object',
    required: ['uuid', 'raw_crash', 'processed_crash', 'elasticsearch_crash', 'telemetry_crash'],
  },
  async handle(call) {
    const crashId = await resolveCrashId(call.values.text('crash_id'), call.reader, call.parts).catch(
      (error: unknown) => {
        // The words of crash-stats for this endpoint alone.
        if (isErrorOf(error, webErrors.bad_request)) throw new SalvageError(webErrors.bad_request, 'unknown crash id');
        throw error;
      },
    );
    const [{ rawCrash, processed }, row] = await Promise.all([
      readWholeCrash(crashId, call.parts),
      call.parts.search.getReport(crashId),
    ]);
    requireVisible(crashId, call.reader, rawCrash, processed ?? (row?.values as never));
    return {
      json: {
        uuid: crashId,
        raw_crash: rawCrash !== null,
        processed_crash: processed !== null,
        // The key keeps its old name for programs that read it; it says whether the search index has the report.
        elasticsearch_crash: row !== null,
        telemetry_crash: false,
      },
    };
  },
};

function fieldNamed(name: string): SearchField {
  return searchFields.get(name) as SearchField;
}

/** The seeds' service: one row of the index by id. */
export const crashEndpoint: ApiEndpoint = {
  name: 'crash',
  methods: ['GET'],
  summary: 'One report as the search index holds it.',
  parameters: [{ ...crashIdParameter, name: 'uuid' }],
  needs: ['view'],
  answer: { type: 'object', required: ['hits', 'total'] },
  async handle(call) {
    const crashId = await resolveCrashId(call.values.text('uuid'), call.reader, call.parts);
    const row = await call.parts.search.getReport(crashId);
    if (!row) return { json: { hits: [], total: 0 } };
    requireVisible(crashId, call.reader, null, row.values as never);
    auditProtectedRead(call.reader, call.access.address, crashId, call.parts);
    const shown = await call.parts.search.search(
      {
        filters: [{ field: fieldNamed('uuid'), conditions: [{ operator: 'is', negated: false, value: crashId }] }],
        from: { date: new Date(row.date), inclusive: true },
        to: { date: new Date(row.date), inclusive: true },
        products: call.reader.products,
        columns: [...searchFields.values()].filter(
          (field) => field.permission === 'public' || call.reader.permissions.has('view_pii'),
        ),
        sort: [],
        offset: 0,
        number: 1,
        facets: [],
        facetsSize: 0,
      },
      { timeoutMs: call.parts.options.searchTimeoutMs },
    );
    return { json: { hits: shown.hits, total: shown.total } };
  },
};

const datatypes = ['raw', 'meta', 'processed', 'unredacted'] as const;

/** The seeds' service with its five outcomes: 200, 400, 404, 202 while the crash is being processed, 403. */
export const crashDataEndpoint: ApiEndpoint = {
  name: 'crash_data',
  methods: ['GET'],
  summary: 'Raw, meta, processed or unredacted data of one crash; 202 with Retry-After while it is being processed.',
  parameters: [
    { ...crashIdParameter, name: 'uuid' },
    { name: 'datatype', kind: 'choice', choices: datatypes, isRequired: true, description: 'Which data.' },
    { name: 'name', kind: 'text', isRequired: false, description: 'Dump name for `raw`.' },
  ],
  needs: ['view'],
  answer: { type: 'object' },
  async handle(call) {
    const datatype = call.values.text('datatype') as (typeof datatypes)[number];
    if (datatype === 'raw') requirePermissions(call.reader, ['view_rawdump']);
    if (datatype === 'unredacted') requirePermissions(call.reader, ['view_pii']);
    const crashId = await resolveCrashId(call.values.text('uuid'), call.reader, call.parts);
    const { rawCrash, processed } = await readWholeCrash(crashId, call.parts);
    if (!rawCrash && !processed) throw notFound(crashId);
    requireVisible(crashId, call.reader, rawCrash, processed);
    if (datatype === 'raw') return dumpAnswer(crashId, call);
    if (datatype === 'meta') {
      if (!rawCrash) throw notFound(crashId);
      auditProtectedRead(call.reader, call.access.address, crashId, call.parts);
      return { json: reduceRawFor(call.reader, rawCrash, call.parts), headers: { 'cache-control': 'no-store' } };
    }
    if (!processed) {
      await priorityWishesOf(call.parts).ask(crashId, call.parts);
      return { status: 202, json: { message: `crash ${crashId} is being processed` }, headers: { 'retry-after': '5' } };
    }
    auditProtectedRead(call.reader, call.access.address, crashId, call.parts);
    const document =
      datatype === 'unredacted' ? processed : reduceProcessedFor(call.reader, processed, call.parts).document;
    return { json: document, headers: { 'cache-control': 'no-store' } };
  },
};
