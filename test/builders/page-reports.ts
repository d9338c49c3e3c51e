// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Whole crashes for pages: a rich one, and one with hostile content in every field. All invented.
import type { ProcessedCrash } from '../../src/crash/processed-crash.ts';
import type { RawCrash } from '../../src/crash/raw-crash.ts';

export interface PageReport {
  readonly rawCrash: RawCrash;
  readonly processed: ProcessedCrash;
}

interface FrameSpec {
  readonly module: string;
  readonly name: string | null;
  readonly file?: string;
  readonly line?: number;
  readonly trust?: string;
  readonly offset?: string;
  readonly inlines?: readonly { function: string; file: string; line: number }[];
}

const modules = [
  ['lantern.exe', 'lantern.pdb', '4F0A6E118B7C4D559A3D20C4E97B60121', 'loaded', '4.2.0.0'],
  ['tank.dll', 'tank.pdb', '9C1F40A7D2E34B0B8E0C7D5A61B2F9331', 'loaded', '4.2.0.0'],
  ['wick_overlay.dll', 'wick_overlay.pdb', 'B7720E94A13F4F6C8D1B5C93E0A4D7F51', 'missing', '2.4.1.0'],
  ['ntdll.dll', 'ntdll.pdb', '1EB9FACB04C73C5DEA7160764CD333D01', 'http', '10.0.22631.4460'],
  ['kernel32.dll', 'kernel32.pdb', 'B07C97792B439ABC0DF83499536C7AE51', 'http', '10.0.22631.4391'],
  ['codec.dll', 'codec.pdb', '63A80F1BD9274E1CAE0577B21D8C94F01', 'corrupt', '1.9.0.0'],
] as const;

const crashingFrames: readonly FrameSpec[] = [
  {
    module: 'tank.dll',
    name: 'lantern::tank::Level::lower(unsigned long long, lantern::tank::DrainReason)',
    file: 'git:code.example.org/lantern/lantern:native/tank/level.cc:9f2c1e7a',
    line: 412,
    trust: 'context',
    inlines: [
      {
        function:
          'std::_Tree_const_iterator<std::_Tree_val<std::_Tree_simple_types<std::pair<lantern::tank::Key const, lantern::tank::Cell*>>>>::operator++()',
        file: 'include/xtree',
        line: 112,
      },
      { function: 'lantern::tank::Level::unlink(lantern::tank::Cell*)', file: 'native/tank/level.h', line: 88 },
    ],
  },
  {
    module: 'tank.dll',
    name: 'lantern::tank::Pump::commit(lantern::base::Span<std::shared_ptr<lantern::tank::Cell> const>, std::function<void (lantern::tank::Result const&)>)',
    file: 'native/tank/pump.cc',
    line: 1093,
  },
  {
    module: 'tank.dll',
    name: 'lantern::base::TaskQueue::drain(lantern::base::Deadline)',
    file: 'native/base/task_queue.cc',
    line: 231,
  },
  { module: 'wick_overlay.dll', name: null, offset: '0x000000000001d3a0' },
  { module: 'wick_overlay.dll', name: null, offset: '0x0000000000009c14', trust: 'scan' },
  {
    module: 'lantern.exe',
    name: '<alloc::vec::Vec<T,A> as core::iter::Extend<T>>::extend',
    file: 'library/alloc/src/vec/mod.rs',
    line: 3011,
    trust: 'scan',
  },
  {
    module: 'lantern.exe',
    name: 'lantern_index::view::range_changed::{{closure}}',
    file: 'crates/index/src/view.rs',
    line: 96,
    trust: 'frame_pointer',
  },
  { module: 'lantern.exe', name: 'wWinMain', file: 'shell/main_win.cc', line: 238 },
  { module: 'kernel32.dll', name: 'BaseThreadInitThunk' },
  { module: 'ntdll.dll', name: 'RtlUserThreadStart' },
];

function frameOf(spec: FrameSpec, at: number): ProcessedCrash {
  return {
    frame: at,
    trust: spec.trust ?? 'cfi',
    offset: `0x00007ffa1c2e${(0x1000 + at * 64).toString(16)}`,
    module: spec.module,
    module_offset: spec.offset ?? `0x${(0x12000 + at * 64).toString(16).padStart(16, '0')}`,
    function: spec.name,
    function_offset: spec.name === null ? null : '0x0000000000000017',
    file: spec.file ?? null,
    line: spec.line ?? null,
    missing_symbols: spec.name === null,
    inlines: spec.inlines ? spec.inlines.map((inline) => ({ ...inline })) : null,
    unloaded_modules: null,
    ...(at === 0
      ? {
          registers: {
            rip: '0x00007ffa1c2ed3f7',
            rsp: '0x000000dbf2bfe6a0',
            rcx: '0x0000000000000000',
            rdi: '0x000001d48e11a040',
          },
        }
      : {}),
  };
}

const threadNames = [
  'ui main',
  'cell raster 0',
  'cell raster 1',
  'index merge',
  'audio mixer',
  'pool worker',
  'net service',
  'timer',
];

function threadOf(index: number): ProcessedCrash {
  const frames: readonly FrameSpec[] =
    index === 0
      ? crashingFrames
      : [
          { module: 'ntdll.dll', name: 'NtWaitForSingleObject', trust: 'context' },
          {
            module: 'tank.dll',
            name: 'lantern::base::Semaphore::wait(std::chrono::milliseconds)',
            file: 'native/base/semaphore.cc',
            line: 51,
          },
          { module: 'kernel32.dll', name: 'BaseThreadInitThunk' },
        ];
  return {
    thread_id: 4100 + index * 4,
    thread_name: threadNames[index % threadNames.length] as string,
    last_error_value: null,
    frame_count: frames.length,
    frames: frames.map(frameOf),
  };
}

const signature = 'lantern::tank::Level::lower';

const explanation = {
  era: 'today',
  source: 'native',
  thread: 0,
  frames: [
    step(0, 0, 'std::_Tree_const_iterator<T>::operator++', 'irrelevant', {
      file: 'irrelevant_signature_re.txt',
      line: 41,
      entry: 'std::_Tree',
    }),
    step(0, 1, 'lantern::tank::Level::unlink', 'irrelevant', {
      file: 'irrelevant_signature_re.txt',
      line: 77,
      entry: '.*::unlink',
    }),
    step(0, null, signature, 'ended', null),
    step(1, null, 'lantern::tank::Pump::commit', 'below', null),
  ],
  rules: [
    { rule: 'SignatureGenerationRule', outcome: 'changed', signature },
    { rule: 'StackOverflow', outcome: 'unchanged', signature },
  ],
};

function step(
  frame: number,
  inline: number | null,
  text: string,
  fate: string,
  entry: { file: string; line: number; entry: string } | null,
) {
  return { frame, inline, text, source: 'function', rewrites: ['cpp'], fate, entry, is_sentinel: false };
}

/** A Windows crash with inlined calls, missing symbols, guesses, many threads and protected data. */
export function richReport(crashId: string, at: Date, threadCount = 12): PageReport {
  const time = (offsetMs: number) => new Date(at.getTime() + offsetMs).toISOString().replace('Z', '+00:00');
  const processed = {
    uuid: crashId,
    date_processed: time(0),
    started_datetime: time(500),
    completed_datetime: time(1900),
    client_crash_date: time(-4000),
    success: true,
    signature,
    proto_signature: `${signature} | lantern::tank::Pump::commit`,
    signature_provisional: false,
    signature_explanation: explanation,
    product: 'Lantern',
    version: '4.2.0',
    release_channel: 'stable',
    build: '20261110093012',
    os_name: 'Windows NT',
    os_pretty_version: 'Windows 11',
    os_version: '10.0.22631 23H2',
    cpu_arch: 'amd64',
    cpu_count: 12,
    cpu_info: 'family 25 model 33 stepping 2',
    process_type: 'parent',
    report_type: 'crash',
    reason: 'EXCEPTION_ACCESS_VIOLATION_READ',
    address: '0x0000000000000048',
    uptime: 372,
    install_age: 777_600,
    install_time: Math.round(at.getTime() / 1000) - 777_600,
    last_crash: 2471,
    adapter_vendor_id: '0x10de',
    adapter_device_id: '0x2684',
    adapter_driver_version: '32.0.15.6094',
    total_physical_memory: 17_071_734_784,
    available_physical_memory: 1_812_430_848,
    thread_count: threadCount,
    crashing_thread: 0,
    crashing_thread_name: 'ui main',
    app_notes: 'renderer: threaded; overlays: 1',
    processor_notes: 'processor: one\nthread 0: frame 4 found by scan',
    mdsw_status_string: 'OK',
    stackwalk_version: 'salvage 0.1.0',
    client_id: 'c0ffee',
    user_comments: 'It happens when I turn the wick down, third time today.',
    url: 'https://lantern.example/private/plan',
    json_dump: {
      status: 'OK',
      crash_info: {
        type: 'EXCEPTION_ACCESS_VIOLATION_READ',
        address: '0x0000000000000048',
        crashing_thread: 0,
        instruction: 'mov rax, qword [rcx + 0x48]',
        memory_accesses: [{ address: '0x0000000000000048', size: 8, access_type: 'read' }],
      },
      system_info: { os: 'Windows NT', cpu_arch: 'amd64', cpu_count: 12 },
      thread_count: threadCount,
      threads: Array.from({ length: threadCount }, (_, index) => threadOf(index)),
      modules: modules.map(([filename, debugFile, debugId, state, version], at) => ({
        base_addr: `0x00007ffa1${at}000000`,
        end_addr: `0x00007ffa1${at}0fffff`,
        code_id: '65a1b2c3d4000',
        debug_file: debugFile,
        debug_id: debugId,
        filename,
        version,
        missing_symbols: state === 'missing',
        loaded_symbols: state !== 'missing',
        corrupt_symbols: state === 'corrupt',
        symbol_url: state === 'http' ? `https://symbols.example.org/${debugFile}` : null,
        cert_subject: state === 'http' ? 'Example Systems' : null,
      })),
      unloaded_modules: [
        { base_addr: '0x1', end_addr: '0x2', code_id: 'ab', filename: 'gone.dll', cert_subject: null },
      ],
    },
  };
  const rawCrash = {
    uuid: crashId,
    submitted_timestamp: time(0),
    version: 2,
    ProductName: 'Lantern',
    Version: '4.2.0',
    BuildID: '20261110093012',
    ReleaseChannel: 'stable',
    ProcessType: 'browser',
    CrashTime: String(Math.round(at.getTime() / 1000)),
    Comments: processed.user_comments,
    URL: processed.url,
    LanternWorkspace: 'shared',
    metadata: {
      collector_notes: ['dropped attachment_log: 23068672 bytes, larger than 10485760 bytes'],
      dump_checksums: { upload_file_minidump: 'ab'.repeat(32) },
      payload: 'multipart',
      payload_compressed: '0',
      payload_size: 1_912_345,
      throttle_rule: 'ACCEPT_ALL',
      user_agent: 'lantern/4.2.0',
    },
  };
  return JSON.parse(JSON.stringify({ rawCrash, processed }));
}

/** What hostile clients put into every field. */
export const hostileText =
  '<script>globalThis.pwned=1</script>"><img src=x onerror="globalThis.pwned=1"> \u202egnp.exe\u202c \u0000 \ud800 javascript:globalThis.pwned=1 \'-->]]>{{7*7}}';

/** The rich report with hostile text in every text, and wrong types in some places. */
export function hostileReport(crashId: string, at: Date): PageReport {
  const { rawCrash, processed } = richReport(crashId, at, 4);
  const keep = new Set(['uuid', 'date_processed', 'started_datetime', 'completed_datetime', 'submitted_timestamp']);
  const poison = (value: unknown, key: string): unknown => {
    if (keep.has(key)) return value;
    if (typeof value === 'string') return hostileText;
    if (Array.isArray(value)) return value.map((item) => poison(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poison(item, name)]));
  };
  const hostile = poison(processed, '') as Record<string, unknown>;
  const long = 'A'.repeat(1_000_000);
  return {
    rawCrash: {
      ...(poison(rawCrash, '') as RawCrash),
      [hostileText]: hostileText,
      constructor: 'x',
      Version: hostileText,
    },
    processed: {
      ...(hostile as ProcessedCrash),
      signature: `${hostileText}${long}`,
      uptime: 'soon',
      addons: { not: 'a list' },
      process_type: 7 as never,
      product: 'Lantern',
    },
  };
}
