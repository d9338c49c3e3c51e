// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { breadcrumbsShape } from '../../crash/processed-shapes.ts';
import { isJsonObject } from '../../lib/json.ts';
import { bigIntegerOf, integerOf, trim } from '../../lib/python-text.ts';
import { annotationJson } from '../annotation-json.ts';
import { dig, objectsIn } from '../dig.ts';
import { pythonJson } from '../json-text.ts';
import { processorLimits } from '../limits.ts';
import type { Rule } from '../rule.ts';
import { misfitOf } from './copy-from-raw-crash.ts';

export const phc: Rule = {
  name: 'PHCRule',
  doc: 'Copies what the probabilistic heap checker saw; the base address becomes hexadecimal.',
  predicate: ({ raw }) => raw['PHCKind'] !== undefined,
  action({ raw, processed }) {
    processed['phc_kind'] = raw['PHCKind'] ?? null;
    const address = bigIntegerOf(raw['PHCBaseAddress']);
    if (address !== null)
      processed['phc_base_address'] = `${address < 0n ? '-' : ''}0x${(address < 0n ? -address : address).toString(16)}`;
    const size = integerOf(raw['PHCUsableSize']);
    if (size !== null) processed['phc_usable_size'] = size;
    if (raw['PHCAllocStack'] !== undefined) processed['phc_alloc_stack'] = raw['PHCAllocStack'];
    if (raw['PHCFreeStack'] !== undefined) processed['phc_free_stack'] = raw['PHCFreeStack'];
  },
};

export const breadcrumbs: Rule = {
  name: 'BreadcrumbsRule',
  doc: 'Decodes and checks `Breadcrumbs`, a list or an object with the list under `values`.',
  predicate: ({ raw }) => {
    const value = raw['Breadcrumbs'];
    return Array.isArray(value) ? value.length > 0 : !!value;
  },
  action({ raw, processed, notes }) {
    const json = annotationJson(raw['Breadcrumbs'] ?? null);
    if ('problem' in json) {
      notes.add(`Breadcrumbs: malformed: ${json.problem}`);
      return;
    }
    const decoded = json.value;
    const list = isJsonObject(decoded) && decoded['values'] !== undefined ? decoded['values'] : decoded;
    const misfit = misfitOf(breadcrumbsShape, list);
    if (misfit) notes.add(`Breadcrumbs: malformed: a value is not of type '${misfit.wanted.join("' or '")}'`);
    else processed['breadcrumbs'] = list;
  },
};

export const macBootArgs: Rule = {
  name: 'MacBootArgsRule',
  doc: 'Sets `mac_boot_args` and `has_mac_boot_args` when the Mac was started with boot arguments.',
  predicate: ({ processed }) => !!dig(processed, 'json_dump.mac_boot_args'),
  action({ processed, notes }) {
    const value = dig(processed, 'json_dump.mac_boot_args');
    if (typeof value !== 'string') {
      notes.add(`MacBootArgsRule: mac_boot_args is ${Array.isArray(value) ? 'a list' : typeof value} and not text`);
      return;
    }
    const bootArgs = trim(value);
    if (bootArgs === '') return;
    processed['mac_boot_args'] = bootArgs;
    processed['has_mac_boot_args'] = true;
  },
};

export const macCrashInfo: Rule = {
  name: 'MacCrashInfoRule',
  doc: 'Sets `mac_crash_info` to JSON text with sorted keys when there are records.',
  action({ processed }) {
    delete processed['mac_crash_info'];
    const info = dig(processed, 'json_dump.mac_crash_info');
    const count = dig(info, 'num_records');
    if (info !== undefined && typeof count === 'number' && count > 0)
      processed['mac_crash_info'] = pythonJson(info, { sortKeys: true });
  },
};

export const softErrors: Rule = {
  name: 'SoftErrorsRule',
  doc: "Sets `soft_errors` to the dump writer's own errors as JSON text.",
  predicate: ({ processed }) => (dig(processed, 'json_dump.soft_errors') ?? null) !== null,
  action({ processed }) {
    const text = pythonJson(dig(processed, 'json_dump.soft_errors') ?? null);
    processed['soft_errors'] = text.slice(0, processorLimits.softErrorsCharactersMax.value);
  },
};

export const possibleBitFlips: Rule = {
  name: 'PossibleBitFlipsRule',
  doc: 'Sets `possible_bit_flips_max_confidence` in percent.',
  predicate: ({ processed }) => objectsIn(dig(processed, 'json_dump.crash_info.possible_bit_flips')).length > 0,
  action({ processed }) {
    const flips = objectsIn(dig(processed, 'json_dump.crash_info.possible_bit_flips'));
    const confidences = flips.map(({ confidence }) => (typeof confidence === 'number' ? confidence : 0));
    // Cut, not rounded, in binary floating point: 0.29 gives 28 there and here.
    processed['possible_bit_flips_max_confidence'] = Math.trunc(Math.max(...confidences) * 100);
  },
};

export const crashInconsistencies: Rule = {
  name: 'CrashInconsistenciesRule',
  doc: 'Copies the inconsistencies that the walker found.',
  predicate: ({ processed }) => isJsonObject(processed['json_dump']),
  action({ processed }) {
    processed['crash_inconsistencies'] = dig(processed, 'json_dump.crash_info.crash_inconsistencies') ?? null;
  },
};

export const hasGuardPageAccess: Rule = {
  name: 'HasGuardPageAccessRule',
  doc: 'Sets `has_guard_page_access` when an access hit what is likely a guard page.',
  predicate: ({ processed }) =>
    objectsIn(dig(processed, 'json_dump.crash_info.memory_accesses')).some((access) => access['is_likely_guard_page']),
  action({ processed }) {
    processed['has_guard_page_access'] = true;
  },
};
