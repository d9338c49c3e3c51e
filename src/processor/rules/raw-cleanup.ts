// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject } from '../../lib/json.ts';
import { pythonJson } from '../json-text.ts';
import { processorLimits } from '../limits.ts';
import { processorMetrics } from '../metrics.ts';
import type { Rule, RuleContext } from '../rule.ts';

function removeNuls({ raw, services }: RuleContext, keepsCleanValues: boolean): void {
  let hadNuls = false;
  for (const [key, value] of Object.entries(raw)) {
    const newKey = key.replaceAll('\0', '');
    const hasNulInValue = typeof value === 'string' && value.includes('\0');
    if (newKey === key && !hasNulInValue) continue;
    hadNuls = true;
    delete raw[key];
    if (hasNulInValue) raw[newKey] = value.replaceAll('\0', '');
    else if (keepsCleanValues && newKey !== '' && !Object.hasOwn(raw, newKey)) raw[newKey] = value;
  }
  if (hadNuls) services.metrics.incr(processorMetrics.hasNulls);
}

/** Socorro's form loses an annotation that has a NUL in its name alone. */
export const deNull: Rule = {
  name: 'DeNullRule',
  doc: 'Removes NUL characters from names and texts of annotations.',
  action(context) {
    removeNuls(context, false);
  },
};

export const deNullKeepingValues: Rule = {
  name: 'DeNullKeepingValuesRule',
  doc: 'As DeNullRule, but an annotation with a NUL in its name alone is kept under the cleaned name.',
  action(context) {
    removeNuls(context, true);
  },
};

export const deNone: Rule = {
  name: 'DeNoneRule',
  doc: 'Drops annotations whose value is null.',
  action({ raw, services }) {
    const nulls = Object.keys(raw).filter((key) => raw[key] === null);
    for (const key of nulls) delete raw[key];
    if (nulls.length > 0) services.metrics.incr(processorMetrics.hadNones);
  },
};

/** `$` of the reference also matches before a final newline. */
const validKey = /^[a-zA-Z0-9_-]+\n?$/;

export const crashReportKeys: Rule = {
  name: 'CrashReportKeysRule',
  doc: 'Lists the names of annotations and dumps in `crash_report_keys`; odd names are left out with a note.',
  action({ raw, dumps, processed, notes }) {
    const max = processorLimits.reportKeyCharactersMax.value;
    const names = [...Object.keys(raw), ...dumps.keys()];
    const valid = names.filter((name) => validKey.test(name));
    processed['crash_report_keys'] = [...new Set(valid.map((name) => name.slice(0, max)))].sort();
    if (valid.length < names.length || valid.some((name) => name.length > max))
      notes.add('invalidkeys: Crash report contains invalid keys');
  },
};

export const collectorMetadata: Rule = {
  name: 'CollectorMetadataRule',
  doc: "Copies the collector's metadata to `collector_metadata`.",
  action({ raw, processed }) {
    const metadata = raw['metadata'];
    processed['collector_metadata'] = isJsonObject(metadata) ? metadata : ({} satisfies JsonObject);
  },
};

export const convertModuleSignatureInfo: Rule = {
  name: 'ConvertModuleSignatureInfoRule',
  doc: 'Turns `ModuleSignatureInfo` into the JSON text that stackwalkers read.',
  predicate: ({ raw }) => raw['ModuleSignatureInfo'] !== undefined && typeof raw['ModuleSignatureInfo'] !== 'string',
  action({ raw }) {
    raw['ModuleSignatureInfo'] = pythonJson(raw['ModuleSignatureInfo'] ?? null);
  },
};

export const submittedFromInfobarFix: Rule = {
  name: 'SubmittedFromInfobarFixRule',
  doc: 'Corrects `SubmittedFromInfobar` from `true` to `1` (bug 1626586). In no preset.',
  predicate: ({ raw }) => raw['SubmittedFromInfobar'] === 'true',
  action({ raw }) {
    raw['SubmittedFromInfobar'] = '1';
  },
};
