// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { processedFieldOf } from '../crash/processed-crash.ts';
import type { FieldPermission } from '../crash/processed-schema.ts';

/**
 * How a field is matched (web.md §4). text: any token; identity: the whole value, case-blind; keyword and enum: the
 * exact value; parts: any part of a list, case-blind; list: an array of keywords.
 */
export type FieldKind = 'text' | 'identity' | 'keyword' | 'enum' | 'parts' | 'integer' | 'float' | 'boolean' | 'date';

/** One searchable field. Schema, API, form and docs page all follow from this table. */
export interface SearchField {
  readonly name: string;
  readonly kind: FieldKind;
  /** Path in the processed crash, e.g. `json_dump.system_info.cpu_count`. */
  readonly path: string;
  readonly permission: FieldPermission;
  /** Has a typed column of its own in `reports`; every other field lies in its jsonb. */
  readonly hasColumn: boolean;
  readonly choices: readonly string[];
  readonly description: string;
}

const processTypes = ['content', 'gpu', 'parent', 'plugin', 'rdd', 'socket', 'utility'];

/** Fields that pages and top crashers filter or group by. */
const columns = new Set(
  `uuid date signature product platform version release_channel cpu_arch build_id uptime install_time process_type
  report_type platform_pretty_version platform_version proto_signature reason address hang startup_crash
  is_garbage_collecting dom_fission_enabled crashing_thread last_crash install_age client_id
  modules_in_stack topmost_filenames missing_symbols signature_provisional symbol_gap dump_hash`.split(/\s+/),
);

/** `name` or `name<path` where the path in the processed crash differs; grouped by kind and permission. */
const table: readonly (readonly [FieldKind, FieldPermission, string])[] = [
  [
    'enum',
    'public',
    'uuid version release_channel cpu_arch android_cpu_abi android_cpu_abi2 android_device productid ipc_shutdown_state useragent_locale',
  ],
  ['date', 'public', 'date<date_processed'],
  [
    'identity',
    'public',
    `product platform<os_name vendor plugin_filename plugin_name plugin_version android_manufacturer android_model
    android_board android_brand android_display android_fingerprint android_hardware`,
  ],
  [
    'text',
    'public',
    `signature platform_pretty_version<os_pretty_version platform_version<os_version proto_signature reason cpu_info
    app_notes processor_notes moz_crash_reason adapter_driver_version adapter_subsys_id android_version
    android_packagename java_stack_trace mac_crash_info abort_message async_shutdown_timeout shutdown_progress
    quota_manager_shutdown_timeout graphics_critical_error ipc_channel_error ipc_fatal_error_msg
    ipc_fatal_error_protocol ipc_message_name minidump_sha256_hash cpu_microcode_version co_marshal_interface_failure`,
  ],
  [
    'keyword',
    'public',
    `process_type report_type address hang crashing_thread_name last_error_value distribution_id submitted_from
    stackwalk_version adapter_vendor_id adapter_device_id shutdown_reason xpcom_spin_event_loop_stack
    background_task_name js_large_allocation_failure mac_memory_pressure utility_actors_name accessibility_client
    accessibility_in_proc_client electron_process_type dump_hash symbol_gap`,
  ],
  [
    'parts',
    'public',
    'crash_inconsistencies addons crash_report_keys modules_in_stack topmost_filenames missing_symbols app_init_dlls',
  ],
  [
    'integer',
    'public',
    `build_id<build uptime install_time crashing_thread thread_count possible_bit_flips_max_confidence major_version
    cpu_count install_age last_crash startup_time application_build_id oom_allocation_size
    ipc_message_size system_memory_use_percentage total_virtual_memory available_virtual_memory total_physical_memory
    available_physical_memory total_page_file available_page_file memory_explicit<memory_measures.explicit
    memory_gfx_textures<memory_measures.gfx_textures memory_ghost_windows<memory_measures.ghost_windows
    memory_heap_allocated<memory_measures.heap_allocated memory_heap_overhead<memory_measures.heap_overhead
    memory_heap_unclassified<memory_measures.heap_unclassified memory_host_object_urls<memory_measures.host_object_urls
    memory_images<memory_measures.images memory_js_main_runtime<memory_measures.js_main_runtime
    memory_private<memory_measures.private memory_resident<memory_measures.resident
    memory_resident_unique<memory_measures.resident_unique
    memory_system_heap_allocated<memory_measures.system_heap_allocated
    memory_top_none_detached<memory_measures.top_none_detached memory_vsize<memory_measures.vsize
    memory_vsize_max_contiguous<memory_measures.vsize_max_contiguous ipc_system_error mac_memory_pressure_sysctl
    mac_available_memory_sysctl content_sandbox_capabilities utility_process_sandboxing_kind content_sandbox_level`,
  ],
  ['float', 'public', 'uptime_ts'],
  [
    'boolean',
    'public',
    `startup_crash is_garbage_collecting dom_fission_enabled dom_ipc_enabled safe_mode accessibility throttleable
    marionette remote_agent gmp_plugin em_check_compatibility windows_error_reporting graphics_startup_test
    has_device_touch_screen has_mac_boot_args content_sandbox_capable content_sandbox_enabled addons_checked
    signature_provisional`,
  ],
  [
    'text',
    'protected',
    `user_comments moz_crash_reason_raw java_stack_trace_raw mac_boot_args dumper_error
    collector_notes<collector_metadata.collector_notes phc_base_address phc_alloc_stack phc_free_stack`,
  ],
  ['keyword', 'protected', 'url glean_client_id gmp_library_path soft_errors phc_kind client_id'],
  ['enum', 'protected', 'remote_type'],
  ['boolean', 'protected', 'has_guard_page_access'],
  ['integer', 'protected', 'phc_usable_size'],
];

/** What fields mean that no processed-crash field describes under the same key. */
const descriptions: Readonly<Record<string, string>> = {
  date: 'When the report was received (UTC).',
  client_id: 'Salted hash of the installation’s id, for counting clients.',
  symbol_gap: 'Whether frames of the crashing thread lack symbols: none, some, all.',
  dump_hash: 'SHA-256 of the main minidump.',
  signature_provisional: 'The signature was made without symbols and may change once they arrive.',
  electron_process_type: 'Electron’s own name of the process.',
};

function makeField(kind: FieldKind, permission: FieldPermission, text: string): SearchField {
  const [name = '', path = name] = text.split('<');
  return {
    name,
    kind,
    path,
    permission,
    hasColumn: columns.has(name),
    choices: name === 'process_type' ? processTypes : name === 'report_type' ? ['crash', 'hang'] : [],
    description: descriptions[name] ?? processedFieldOf(path.split('.')[0] as string)?.description ?? '',
  };
}

/** Every declared field, by name. `annotation.<Name>` exists beside them without declaration. */
export const searchFields: ReadonlyMap<string, SearchField> = new Map(
  table
    .flatMap(([kind, permission, names]) => names.split(/\s+/).map((text) => makeField(kind, permission, text)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((field) => [field.name, field]),
);

const annotationName = /^annotation\.([A-Za-z0-9_.:-]{1,128})$/;

/**
 * The field of that name, or null. Any annotation is a field: a keyword, protected unless `publicAnnotations` names it.
 */
export function searchFieldOf(name: string, publicAnnotations: ReadonlySet<string> = new Set()): SearchField | null {
  const declared = searchFields.get(name);
  if (declared) return declared;
  const annotation = annotationName.exec(name)?.[1];
  if (!annotation) return null;
  return {
    name,
    kind: 'keyword',
    path: name,
    permission: publicAnnotations.has(annotation) ? 'public' : 'protected',
    hasColumn: false,
    choices: [],
    description: `Annotation ${annotation} as the client sent it.`,
  };
}

export const isTextual = (kind: FieldKind): boolean => ['text', 'identity', 'keyword', 'enum', 'parts'].includes(kind);

/** Fields that may have a histogram. */
export const isOrdered = (kind: FieldKind): boolean => kind === 'date' || kind === 'integer' || kind === 'float';
