// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { anything, array, boolean, integer, number, object, type SchemaNode, text } from './processed-schema.ts';

const inlines = array(object({ function: text(), file: text(), line: integer() }));

/** A frame; registers may hold what the program was working on, so they are protected. */
const frame: SchemaNode = object({
  frame: integer(),
  trust: text(),
  offset: text(),
  module: text(),
  module_offset: text(),
  function: text(),
  function_offset: text(),
  file: text(),
  line: integer(),
  missing_symbols: boolean(),
  corrupt_symbols: boolean(),
  normalized: text(),
  inlines,
  unloaded_modules: array(object({ module: text(), offsets: array(text()) })),
  registers: { ...object({}, text()), permission: 'protected' },
  truncated: object({ msg: text() }),
});

const threadShape = {
  thread_id: integer(),
  thread_name: text(),
  last_error_value: text(),
  frame_count: integer(),
  total_frames: integer(),
  frames_truncated: boolean(),
  truncated: boolean(),
  frames: array(frame),
};

const module: SchemaNode = object({
  base_addr: text(),
  end_addr: text(),
  code_id: text(),
  debug_file: text(),
  debug_id: text(),
  filename: text(),
  version: text(),
  missing_symbols: boolean(),
  loaded_symbols: boolean(),
  corrupt_symbols: boolean(),
  symbol_url: text(),
  cert_subject: text(),
});

const crashInfo: SchemaNode = object({
  type: text(),
  address: text(),
  crashing_thread: integer(),
  assertion: text(),
  instruction: text(),
  adjusted_address: object({ kind: text(), address: text(), offset: text() }),
  memory_accesses: array(
    object({ address: text(), size: integer(), access_type: text(), is_likely_guard_page: boolean('protected') }),
  ),
  instruction_pointer_update: object({ address: text(), is_likely_guard_page: boolean('protected') }),
  possible_bit_flips: array(
    object({ address: text(), confidence: number(), source_register: text(), details: object({}, boolean()) }),
  ),
  crash_inconsistencies: array(text()),
});

const macCrashInfo = object({
  num_records: integer(),
  records: array(object({}, anything())),
});

/** The stackwalk document as readers see it (stackwalker.md §9, processor.md §3.4). */
export const jsonDumpShape: SchemaNode = object({
  status: text(),
  pid: integer(),
  process_uptime: integer(),
  crash_info: crashInfo,
  system_info: object({}, { types: ['string', 'integer', 'number', 'null'] }),
  lsb_release: object({ id: text(), release: text(), codename: text(), description: text() }),
  linux_memory_map_count: integer(),
  mac_boot_args: text('protected'),
  mac_crash_info: macCrashInfo,
  soft_errors: anything('protected'),
  thread_count: integer(),
  threads: array(object(threadShape)),
  crashing_thread: object({ ...threadShape, threads_index: integer() }),
  main_module: integer(),
  modules: array(module),
  modules_contains_cert_info: boolean(),
  unloaded_modules: array(
    object({ base_addr: text(), end_addr: text(), code_id: text(), filename: text(), cert_subject: text() }),
  ),
  largest_free_vm_block: text(),
  write_combine_size: text(),
  tiny_block_size: text(),
  sensitive: { ...object({}, anything()), permission: 'protected' },
});

/** What stands under `upload_file_minidump_*` for each further dump. */
export const additionalDumpShape: SchemaNode = object({
  json_dump: jsonDumpShape,
  mdsw_return_code: integer('protected'),
  mdsw_status_string: text(),
  mdsw_stderr: text('protected'),
  stackwalk_version: text(),
  success: boolean(),
  signature: text(),
});

const javaFrame = object({
  module: text(),
  function: text(),
  filename: text(),
  lineno: integer(),
  in_app: boolean(),
});

/** A structured Java exception. Its message may quote anything, so `value` is protected. */
export const javaExceptionShape: SchemaNode = {
  types: ['object'],
  properties: {
    exception: {
      types: ['object'],
      required: ['values'],
      properties: {
        values: {
          types: ['array'],
          items: object({
            stacktrace: object({
              type: text(),
              module: text(),
              value: text('protected'),
              frames: array(javaFrame),
            }),
          }),
        },
      },
    },
  },
  required: ['exception'],
};

export const breadcrumbsShape: SchemaNode = {
  types: ['array'],
  items: {
    types: ['object'],
    properties: {
      timestamp: { types: ['string', 'integer', 'number'] },
      message: { types: ['string'] },
      category: { types: ['string'] },
      level: { types: ['string'] },
      type: { types: ['string'] },
      data: { types: ['object'], others: anything() },
    },
  },
};

/** The parts of the telemetry environment that name neither a person nor a machine. */
export const telemetryEnvironmentShape: SchemaNode = {
  types: ['object'],
  properties: {
    build: object({
      applicationId: text(),
      applicationName: text(),
      architecture: text(),
      buildId: text(),
      version: text(),
      displayVersion: text(),
      platformVersion: text(),
      vendor: text(),
      xpcomAbi: text(),
      updaterAvailable: boolean(),
    }),
    partner: object({ distributionId: text(), distributionVersion: text(), partnerId: text(), distributor: text() }),
    settings: object({
      locale: text(),
      e10sEnabled: boolean(),
      fissionEnabled: boolean(),
      telemetryEnabled: boolean(),
      isDefaultBrowser: boolean(),
      update: object({ channel: text(), enabled: boolean(), autoDownload: boolean() }),
    }),
    system: object({
      memoryMB: integer(),
      isWow64: boolean(),
      os: object({ name: text(), version: text(), locale: text(), kernelVersion: text() }),
      cpu: object({ count: integer(), cores: integer(), vendor: text(), family: integer(), model: integer() }),
    }),
  },
};

export const memoryMeasuresShape: SchemaNode = object({}, integer());

/** Names of functions, lists and rules: nothing in it comes from annotations that are protected. */
export const signatureExplanationShape: SchemaNode = object({
  era: text(),
  source: text(),
  thread: integer(),
  frames: array(
    object({
      frame: integer(),
      inline: integer(),
      text: text(),
      source: text(),
      rewrites: array(text()),
      fate: text(),
      entry: object({ file: text(), line: integer(), entry: text() }),
      is_sentinel: boolean(),
    }),
  ),
  rules: array(object({ rule: text(), outcome: text(), signature: text() })),
});
