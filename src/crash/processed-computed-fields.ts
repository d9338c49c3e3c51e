// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { anything, integer, type JsonType, number, object, type ProcessedField, text } from './processed-schema.ts';
import { breadcrumbsShape, jsonDumpShape, memoryMeasuresShape, signatureExplanationShape } from './processed-shapes.ts';

/** A field that a rule computes; `?` after the type allows null. */
function computed(
  name: string,
  type: JsonType | `${JsonType}?`,
  description: string,
  extras: Partial<ProcessedField> = {},
): ProcessedField {
  const types = type.endsWith('?') ? [type.slice(0, -1) as JsonType, 'null' as const] : [type as JsonType];
  return { name, types, permission: 'public', description, ...extras };
}

const hidden: Partial<ProcessedField> = { permission: 'protected' };
const old: Partial<ProcessedField> = { is2015: true };
const texts: Partial<ProcessedField> = { items: text() };
const anyValue: Partial<ProcessedField> = { others: anything() };

/** Fields that rules compute, by theme (processor.md §5.2, and ours at the end). */
export const computedFields: readonly ProcessedField[] = [
  // The report and its processing
  computed('crash_id', 'string', 'Crash id.'),
  computed('uuid', 'string', 'Crash id, under its older name.'),
  computed('submitted_timestamp', 'string', 'When the collector took the report in.'),
  computed('date_processed', 'string', 'Same as `submitted_timestamp`; the date by which crashes are kept and found.'),
  computed('started_datetime', 'string', 'When processing started.'),
  computed('completed_datetime', 'string', 'When processing ended.'),
  computed('success', 'boolean', 'Whether processing came to its end.'),
  computed(
    'processor_notes',
    'string',
    'What the rules noted, a line each. Never holds annotation values that are protected.',
  ),
  computed('processor_history', 'array', 'Notes of earlier passes, newest first.', texts),
  computed('collector_metadata', 'object?', 'What the collector knew of the report.', { ...hidden, ...anyValue }),
  computed('crash_report_keys', 'array', 'Names of the annotations and dumps of the report.', texts),
  computed('minidump_sha256_hash', 'string?', 'SHA-256 of the main minidump.'),
  computed('report_type', 'string', '`crash` or `hang`.'),
  computed('submitted_from', 'string?', 'Where in the product the report was sent from.'),
  computed('submitted_from_infobar', 'boolean', 'Whether it was sent from the bar of unsent reports.', hidden),

  // Stackwalking
  computed('json_dump', 'object?', 'The stackwalk document of the main minidump.', { ...jsonDumpShape }),
  computed('additional_minidumps', 'array', 'Names of the other minidumps; each has a field of that name.', texts),
  computed(
    'mdsw_return_code',
    'integer?',
    'Exit code of the stackwalker; below zero, the signal that ended it.',
    hidden,
  ),
  computed('mdsw_status_string', 'string?', '`OK`, or what hindered the stackwalker.'),
  computed('mdsw_stderr', 'string?', 'Last lines that the stackwalker logged.', hidden),
  computed('stackwalk_version', 'string?', 'Version of the stackwalker.'),
  computed('crashing_thread', 'integer?', 'Index of the crashing thread.'),
  computed('crashing_thread_name', 'string?', 'Name of the crashing thread.'),
  computed('reason', 'string?', 'Crash reason, such as `SIGSEGV / SEGV_MAPERR`.'),
  computed('address', 'string?', 'Crash address, adjusted for null pointers and non-canonical addresses.'),
  computed('last_error_value', 'string?', 'Last error of the crashing thread (Windows).'),
  computed('thread_count', 'integer?', 'Number of threads.'),
  computed('topmost_filenames', 'string?', 'First source file on the crashing stack.'),
  computed('modules_in_stack', 'string', '`file/debug id` of the modules on the crashing stack, `;` between.'),
  computed(
    'missing_symbols',
    'string',
    '`file/version/debug id[/code id]` of modules whose symbols were not found, `;` between.',
  ),
  computed(
    'possible_bit_flips_max_confidence',
    'integer?',
    'Confidence in percent that a flipped bit explains the crash.',
  ),
  computed('crash_inconsistencies', 'array?', 'Signs that the hardware did something impossible.', texts),
  computed('has_guard_page_access', 'boolean', 'Whether an access hit what is likely a guard page.', hidden),
  computed('soft_errors', 'string?', 'Errors the dump writer met, as JSON text.', hidden),
  computed('mac_crash_info', 'string', 'Records of the macOS crash information, as JSON text.'),
  computed('mac_boot_args', 'string', 'Boot arguments of the Mac.', hidden),
  computed('has_mac_boot_args', 'boolean', 'Whether the Mac had boot arguments.'),

  // Signature
  computed('signature', 'string', 'The signature that groups crashes.'),
  computed('proto_signature', 'string', 'All normalised frames of the crashing stack.'),
  computed('signature_debug', 'string', 'How the signature came about, a line each.', hidden),

  // Product, process and machine
  computed('major_version', 'integer', 'First part of the version; 0 when it is no number.'),
  computed('process_type', 'string?', 'Kind of process: `parent`, `content`, `gpu` and others.'),
  computed('distribution_id', 'string?', 'Id of the distribution.'),
  computed('plugin_filename', 'string?', 'File of the plug-in.'),
  computed('plugin_name', 'string?', 'Name of the plug-in.'),
  computed('plugin_version', 'string?', 'Version of the plug-in.'),
  computed('accessibility', 'boolean', 'Whether accessibility was active.'),
  computed('addons', 'array', 'Add-ons as `id:version`.', { items: { types: ['string', 'array'], items: text() } }),
  computed('addons_checked', 'boolean?', 'Whether add-on compatibility was checked.'),
  computed('utility_actors_name', 'array', 'Actors that the utility process hosted.', texts),
  computed('cpu_arch', 'string?', 'CPU architecture.'),
  computed('cpu_info', 'string?', 'CPU family, model and stepping.'),
  computed('cpu_count', 'integer?', 'Number of processors.'),
  computed('cpu_microcode_version', 'string?', 'Microcode version, as hex text.'),
  computed('os_name', 'string?', 'Name of the operating system.'),
  computed('os_version', 'string?', 'Version of the operating system.'),
  computed('os_pretty_version', 'string?', 'Operating system with the version that people know.'),

  // Times
  computed('crash_time', 'integer', 'Seconds since 1970 when it crashed, by the client.'),
  computed('client_crash_date', 'string', 'The same as a date.'),
  computed('install_age', 'integer', 'Seconds from installation to crash; negative when the clock was set back.'),
  computed('uptime', 'integer', 'Seconds from start to crash.'),
  computed('last_crash', 'integer?', 'Seconds since the previous crash.'),

  // Texts of the program
  computed('breadcrumbs', 'array', 'What the program did before.', {
    ...hidden,
    ...breadcrumbsShape,
    types: ['array'],
  }),
  computed('java_stack_trace', 'string?', 'Java stack trace without messages and causes.'),
  computed('java_stack_trace_raw', 'string', 'Java stack trace as sent.', hidden),
  computed('moz_crash_reason', 'string', 'Reason that the program gave, free of user data.'),
  computed('moz_crash_reason_raw', 'string', 'Reason that the program gave.', hidden),
  computed('memory_report', 'any', 'The memory report.', hidden),
  computed('memory_report_error', 'string', 'Why there is no memory report.', hidden),
  computed('memory_measures', 'object', 'Sums from the memory report, in bytes.', { ...memoryMeasuresShape }),
  computed('phc_kind', 'string?', 'Kind of heap page the checker saw.', hidden),
  computed('phc_base_address', 'string', 'Base address of the checked allocation.', hidden),
  computed('phc_usable_size', 'integer', 'Usable bytes of the checked allocation.', hidden),
  computed('phc_alloc_stack', 'string?', 'Addresses of the allocating stack.', hidden),
  computed('phc_free_stack', 'string?', 'Addresses of the freeing stack.', hidden),

  // Ours
  computed('platform', 'string', 'Platform word of the client where no minidump tells the system.'),
  computed('client_id', 'string', 'Salted hash of the client id, for counting installations.', hidden),
  computed('signature_provisional', 'boolean', 'Whether the signature was made without symbols and may change.'),
  computed(
    'signature_explanation',
    'object?',
    'Why the signature is what it is, frame by frame and rule by rule (docs/signatures.md).',
    { ...signatureExplanationShape },
  ),
  computed('symbol_gap', 'string', 'Whether frames of the crashing thread lack symbols: `none`, `some`, `all`.'),
  computed('dump_hash', 'string', 'SHA-256 of the main minidump, where the collector told it.'),
  computed('electron_process_type', 'string', "Electron's own name of the process."),
  computed('is_degraded', 'boolean', 'Whether a rule failed or time ran out.'),

  // socorro-2015 alone
  computed('startedDateTime', 'string', 'Same as `started_datetime`.', old),
  computed('completeddatetime', 'string', 'Same as `completed_datetime`.', old),
  computed('original_signature', 'string', 'Signature before a rule replaced it.', old),
  computed('distributor', 'string?', 'Distributor.', old),
  computed('distributor_version', 'string?', 'Version of the distribution.', old),
  computed('ReleaseChannel', 'string?', 'Same as `release_channel`.', old),
  computed('email', 'string?', 'Address that the user left.', { ...old, ...hidden }),
  computed('user_id', 'string', 'Always empty.', { ...old, ...hidden }),
  computed('hangid', 'string?', 'Id that pairs the two reports of a hang.', old),
  computed('hang_type', 'integer', '1 browser, -1 plug-in, 0 no hang.', old),
  computed('PluginFilename', 'string?', 'File of the plug-in.', old),
  computed('PluginName', 'string?', 'Name of the plug-in.', old),
  computed('PluginVersion', 'string?', 'Version of the plug-in.', old),
  computed('Winsock_LSP', 'string?', 'Network providers of Windows.', old),
  computed('crashedThread', 'integer?', 'Index of the crashing thread.', old),
  computed('truncated', 'boolean?', 'Whether the walker cut the crashing stack.', old),
  computed('cpu_name', 'string', 'CPU architecture.', old),
  computed('exploitability', 'string?', 'How exploitable the walker thought it.', { ...old, ...hidden }),
  computed('flash_version', 'string', 'Version of the Flash player.', old),
  computed('classifications', 'object', 'Answers of the classifiers.', {
    ...old,
    ...object({
      support: object({}, anything()),
      jit: object({ category: text(), category_return_code: number() }),
      skunk_works: object({
        classification: text(),
        classification_data: anything(),
        classification_version: text(),
        result: integer(),
      }),
    }),
    types: ['object'],
  }),
];
