// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import { webLimits } from '../limits.ts';
import { bytesText } from '../parts/figures.ts';
import { cutText, processName } from '../parts/text.ts';
import { dateIn, dateTimeText, durationText } from '../parts/times.ts';
import { numberAt, shownValue, textAt, valueAt } from './report-values.ts';

/** One fact of a report: what it is called, its value, and what stands faint behind it. */
export interface FactView {
  readonly name: string;
  readonly value: string;
  readonly note: string | null;
}

type Fact = readonly [name: string, value: string | null, note?: string | null];

/** The facts that fit a line, in the order in which people ask for them (web.md §1.4); absent ones are left out. */
export function factViews(processed: ProcessedCrash): readonly FactView[] {
  const facts: Fact[] = [
    ...productFacts(processed),
    ...machineFacts(processed),
    ...timeFacts(processed),
    ...memoryFacts(processed),
  ];
  return present(facts);
}

function present(facts: readonly Fact[]): FactView[] {
  return facts.flatMap(([name, value, note]) =>
    value === null || value === ''
      ? []
      : [{ name, value: cutText(value, 300), note: says(note, value) ? cutText(note, 300) : null }],
  );
}

/** A note that repeats its value, or is a program's word for nothing, says nothing. */
function says(note: string | null | undefined, value: string): note is string {
  return Boolean(note) && note !== 'unknown' && !` ${value}`.endsWith(` ${note}`);
}

function productFacts(processed: ProcessedCrash): Fact[] {
  const text = (name: string) => textAt(processed, name);
  const process = text('process_type') ?? 'parent';
  const hang = text('report_type') === 'hang' ? 'hang' : null;
  return [
    ['Product', joined([text('product'), text('version')]), text('release_channel')],
    ['Build', text('build'), text('distribution_id')],
    ['Application', text('android_packagename'), text('application_build_id')],
    ['System', text('os_pretty_version') ?? text('os_name'), text('os_version')],
    ['Android', joined([text('android_manufacturer'), text('android_model')]), text('android_version')],
    ['Process', processName(process), hang ?? text('electron_process_type')],
    ['Plug-in', joined([text('plugin_name'), text('plugin_version')]), text('plugin_filename')],
    ['At startup', text('startup_crash') === 'true' ? 'yes' : null],
    ['Windows Error Reporting', text('windows_error_reporting') === 'true' ? 'yes' : null],
  ];
}

function machineFacts(processed: ProcessedCrash): Fact[] {
  const text = (name: string) => textAt(processed, name);
  const cores = numberAt(processed, 'cpu_count') ?? numberAt(processed, 'json_dump.system_info.cpu_count');
  const cpu = [text('cpu_arch'), cores === null || cores === 0 ? null : `${cores} core${cores === 1 ? '' : 's'}`];
  const flips = numberAt(processed, 'possible_bit_flips_max_confidence');
  const inconsistencies = valueAt(processed, 'crash_inconsistencies');
  return [
    ['Processor', cpu.filter(Boolean).join(', '), text('cpu_info')],
    ['Instruction set', text('android_cpu_abi')],
    ['Graphics', joined([text('adapter_vendor_id'), text('adapter_device_id')]), text('adapter_driver_version')],
    ['Bit flip', flips === null ? null : `possible, ${flips} % sure`],
    [
      'Inconsistent',
      Array.isArray(inconsistencies) && inconsistencies.length > 0 ? inconsistencies.map(shownValue).join(', ') : null,
    ],
    ['Last error', text('last_error_value')],
    ['Threads', text('thread_count')],
  ];
}

function timeFacts(processed: ProcessedCrash): Fact[] {
  const before = (name: string) => {
    const seconds = numberAt(processed, name);
    return seconds === null ? null : `${durationText(seconds)} before`;
  };
  const date = (value: Date | null) => (value === null ? null : dateTimeText(value));
  const uptime = numberAt(processed, 'uptime');
  const started = dateIn(valueAt(processed, 'started_datetime'));
  const ended = dateIn(valueAt(processed, 'completed_datetime'));
  const tookMs = started && ended ? ended.getTime() - started.getTime() : null;
  return [
    ['Uptime', uptime === null ? null : durationText(uptime)],
    ['Installed', before('install_age')],
    ['Last crash', before('last_crash')],
    ['Crashed', date(dateIn(valueAt(processed, 'client_crash_date')) ?? dateIn(numberAt(processed, 'crash_time')))],
    ['Received', date(dateIn(valueAt(processed, 'date_processed')))],
    [
      'Processed',
      date(ended),
      tookMs === null || tookMs === 0 ? null : tookMs < 1000 ? `in ${tookMs} ms` : `in ${(tookMs / 1000).toFixed(1)} s`,
    ],
  ];
}

function memoryFacts(processed: ProcessedCrash): Fact[] {
  const pair = (what: string) => {
    const total = numberAt(processed, `total_${what}`);
    const free = numberAt(processed, `available_${what}`);
    if (total === null && free === null) return null;
    if (total === null) return `${bytesText(free ?? 0)} free`;
    return free === null ? bytesText(total) : `${bytesText(total - free)} of ${bytesText(total)} used`;
  };
  const usage = numberAt(processed, 'system_memory_use_percentage');
  const allocation = numberAt(processed, 'oom_allocation_size');
  return [
    ['Memory', pair('physical_memory'), usage === null ? null : `${usage} % in use`],
    ['Address space', pair('virtual_memory')],
    ['Page file', pair('page_file')],
    [
      'Failed to allocate',
      allocation === null ? null : bytesText(allocation),
      allocation === null ? null : `${allocation} bytes`,
    ],
  ];
}

function joined(texts: readonly (string | null)[]): string | null {
  return texts.filter((text) => text !== null).join(' ') || null;
}

/** Fields whose values are longer than a line, with the names that readers know. */
const publicDetails: readonly (readonly [string, string])[] = [
  ['moz_crash_reason', 'Reason given by the program'],
  ['abort_message', 'Abort message'],
  ['java_stack_trace', 'Java stack trace'],
  ['mac_crash_info', 'macOS crash information'],
  ['async_shutdown_timeout', 'Shutdown timeout'],
  ['shutdown_progress', 'Shutdown progress'],
  ['ipc_channel_error', 'Channel error'],
  ['ipc_message_name', 'Message between processes'],
  ['graphics_critical_error', 'Graphics errors'],
  ['app_notes', 'Notes of the program'],
  ['accessibility', 'Accessibility'],
  ['em_check_compatibility', 'Add-on compatibility checked'],
];

const protectedDetails: readonly (readonly [string, string])[] = [
  ['user_comments', 'Comment'],
  ['url', 'Address (URL)'],
  ['moz_crash_reason_raw', 'Reason given, as sent'],
  ['java_stack_trace_raw', 'Java stack trace, as sent'],
  ['remote_type', 'Remote type'],
  ['has_guard_page_access', 'Access hit a guard page'],
  ['soft_errors', 'Errors of the dump writer'],
  ['phc_kind', 'Heap checker: kind'],
  ['phc_base_address', 'Heap checker: base address'],
  ['phc_usable_size', 'Heap checker: size'],
  ['phc_alloc_stack', 'Heap checker: allocated at'],
  ['phc_free_stack', 'Heap checker: freed at'],
];

/** Longer public texts of the program and the system, and the sums of the memory report. */
export function detailViews(processed: ProcessedCrash): readonly FactView[] {
  const measures = valueAt(processed, 'memory_measures');
  const sums: Fact[] =
    typeof measures === 'object' && measures !== null && !Array.isArray(measures)
      ? Object.entries(measures)
          .slice(0, 40)
          .flatMap(([name, value]): Fact[] =>
            typeof value === 'number' ? [[`Memory report: ${name.slice(0, 60)}`, bytesText(value)]] : [],
          )
      : [];
  return [...fieldsOf(processed, publicDetails), ...present(sums)];
}

/** What only readers of protected data see; callers hand in the whole document for nobody else. */
export function protectedDetailViews(processed: ProcessedCrash): readonly FactView[] {
  const crumbs = valueAt(processed, 'breadcrumbs');
  const last = Array.isArray(crumbs) ? crumbs.slice(-10).map(shownValue).join('\n') : '';
  return [
    ...fieldsOf(processed, protectedDetails),
    ...(last === ''
      ? []
      : [{ name: 'Last breadcrumbs', value: cutText(last, webLimits.valueShownMax.value), note: null }]),
  ];
}

function fieldsOf(processed: ProcessedCrash, fields: readonly (readonly [string, string])[]): FactView[] {
  return fields.flatMap(([key, name]) => {
    const value = valueAt(processed, key);
    if (value === undefined || value === null || value === '') return [];
    // What every report says that has nothing to say.
    if (value === '[]' || (Array.isArray(value) && value.length === 0) || (value === false && key === 'accessibility'))
      return [];
    return [{ name, value: cutText(shownValue(value), webLimits.valueShownMax.value), note: null }];
  });
}
