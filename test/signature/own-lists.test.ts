// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import { generateSignature, type SignatureResult } from '../../src/signature/signature.ts';
import { ownLists, ownTexts } from './lists.ts';

function sign(os: string, frames: readonly (string | object)[]): SignatureResult {
  const crash = {
    os,
    crashing_thread: 0,
    threads: [{ frames: frames.map((frame) => (typeof frame === 'string' ? { function: frame } : frame)) }],
  };
  return generateSignature(crash as never, { lists: ownLists, era: 'today', provisional: true });
}

test('our own lists have no warnings', () => assert.deepEqual(ownLists.warnings, []));

for (const [what, os, frames, expected] of [
  [
    'glibc assertion',
    'Linux',
    [
      '__pthread_kill_implementation',
      'raise',
      'abort',
      '__assert_fail_base',
      '__assert_fail',
      'lantern::Wick::Light(int)',
      'main',
    ],
    'lantern::Wick::Light',
  ],
  [
    'glibc heap corruption',
    'Linux',
    [
      '__pthread_kill_internal',
      'raise',
      'abort',
      '__libc_message',
      'malloc_printerr',
      '_int_free',
      'free',
      'lantern::Tank::~Tank()',
      'main',
    ],
    'abort | free | lantern::Tank::~Tank',
  ],
  [
    'Rust panic',
    'Linux',
    [
      'abort',
      'std::sys::unix::abort_internal',
      { function: 'rust_begin_unwind', file: '/rustc/x/panicking.rs' },
      { function: 'core::panicking::panic_fmt', file: '/rustc/x/panicking.rs' },
      { function: 'core::option::unwrap_failed', file: '/rustc/x/option.rs' },
      { function: 'lantern::wick::light::h0011aabb', file: '/b/wick.rs' },
    ],
    'lantern::wick::light',
  ],
  [
    'C++ exception on Windows',
    'Windows NT',
    [
      'RaiseException',
      '_CxxThrowException',
      'std::vector<int,std::allocator<int> >::_Xlen()',
      'public: void __cdecl lantern::Tank::Pour(int)',
    ],
    'std::vector<T>::_Xlen | lantern::Tank::Pour',
  ],
  [
    'Chromium CHECK',
    'Linux',
    [
      'base::ImmediateCrash()',
      'logging::LogMessage::HandleFatal(unsigned long, std::string const&) const',
      'logging::LogMessageFatal::~LogMessageFatal()',
      'lantern::ui::Window::Show()',
    ],
    'lantern::ui::Window::Show',
  ],
  [
    'V8 out of memory in Electron',
    'Mac OS X',
    [
      'v8::base::FatalOOM(v8::base::OOMType, char const*)',
      'v8::internal::V8::FatalProcessOutOfMemory(v8::internal::Isolate*, char const*, v8::OOMDetails const&)',
      'v8::internal::Heap::FatalProcessOutOfMemory(char const*)',
      'lantern::ReadEverything()',
    ],
    'lantern::ReadEverything',
  ],
  [
    'Qt fatal message',
    'Linux',
    [
      'raise',
      'abort',
      'qt_message_fatal(QtMsgType, QString const&)',
      'QMessageLogger::fatal(char const*, ...) const',
      'lantern::Load()',
    ],
    'lantern::Load',
  ],
  [
    'Unreal assertion',
    'Windows NT',
    [
      'FWindowsErrorOutputDevice::Serialize(int)',
      'FDebug::AssertFailed(char const *, char const *, int)',
      'ALantern::Tick(float)',
    ],
    'ALantern::Tick',
  ],
  [
    'uncaught Objective-C exception',
    'Mac OS X',
    ['__pthread_kill', 'abort', 'objc_exception_throw', '-[NSException raise]', '-[LanternView drawRect:]'],
    'objc_exception_throw | -[NSException raise] | -[LanternView drawRect:]',
  ],
  [
    'Android without symbols of the system',
    'Android',
    [
      { module: 'libc.so', module_offset: '0x10' },
      { module: 'libart.so', module_offset: '0x20' },
      'Java_org_lantern_Wick_light',
    ],
    'libc.so | libart.so | Java_org_lantern_Wick_light',
  ],
  [
    'call through a null pointer',
    'Windows NT',
    [{ offset: '0x0' }, 'lantern::Pane::Draw()'],
    '@0x0 | lantern::Pane::Draw',
  ],
  [
    'glibc heap corruption found late',
    'Linux',
    [
      '__GI_raise',
      '__GI_abort',
      '__libc_message_impl',
      'malloc_printerr',
      'malloc_consolidate',
      '_int_malloc',
      '__GI___libc_malloc',
      'operator new(unsigned long)',
      'lantern::Tank::Fill()',
    ],
    '__GI___libc_malloc | new | lantern::Tank::Fill',
  ],
  [
    'musl heap corruption',
    'Linux',
    ['a_crash', 'get_meta', '__libc_free', 'lantern::Tank::~Tank()'],
    'get_meta | __libc_free | lantern::Tank::~Tank',
  ],
  [
    'GLib fatal error',
    'Linux',
    ['_g_log_abort', 'g_log_default_handler', 'g_logv', 'g_log', 'lantern_window_new'],
    'lantern_window_new',
  ],
  [
    'address sanitizer',
    'Linux',
    [
      '__sanitizer::Die()',
      '__asan::ReportGenericError(unsigned long)',
      '__asan_report_load8',
      'lantern::Wick::Trim(int)',
    ],
    'lantern::Wick::Trim',
  ],
  [
    'hardened libc++',
    'Mac OS X',
    [
      '__pthread_kill',
      'pthread_kill',
      'abort',
      'std::__1::__libcpp_verbose_abort(char const*, ...)',
      'lantern::Pane::At(unsigned long)',
    ],
    'abort | lantern::Pane::At',
  ],
  [
    'Swift precondition',
    'Mac OS X',
    ['Swift._assertionFailure', 'Swift._ArrayBuffer._checkInoutAndNativeBounds', 'closure #1 in Lantern.Wick.light'],
    'Swift._ArrayBuffer._checkInoutAndNativeBounds | Lantern.Wick.light',
  ],
  [
    'Swift trap, inlined',
    'Mac OS X',
    ['Swift runtime failure: arithmetic overflow', 'Lantern.Wick.light'],
    'Swift runtime failure: arithmetic overflow | Lantern.Wick.light',
  ],
  [
    'heap corruption on Windows',
    'Windows NT',
    [
      'RtlReportCriticalFailure',
      'RtlpHeapHandleError',
      'RtlpHpHeapHandleError',
      'RtlpLogHeapFailure',
      'RtlpFreeHeapInternal',
      'RtlFreeHeap',
      '_free_base',
      'lantern::Tank::Drain(void)',
    ],
    'RtlpFreeHeapInternal | RtlFreeHeap | _free_base | lantern::Tank::Drain',
  ],
  [
    'exception of .NET in native code',
    'Windows NT',
    ['RaiseException', 'RaiseTheExceptionInternalOnly', 'IL_Throw', 'Lantern.Wick.Light(Int32)'],
    'Lantern.Wick.Light',
  ],
  [
    'Rust slice index, and async',
    'Linux',
    [
      { function: 'core::panicking::panic_bounds_check', file: '/rustc/x/panicking.rs' },
      {
        function: '<core::ops::range::Range<usize> as core::slice::index::SliceIndex<[T]>>::index',
        file: '/rustc/x/slice/index.rs',
      },
      {
        function: '<tracing::instrument::Instrumented<T> as core::future::future::Future>::poll',
        file: '/cargo/tracing/instrument.rs',
      },
      { function: 'lantern::wick::light::{{closure}}', file: '/b/wick.rs' },
    ],
    'lantern::wick::light::{{closure}}',
  ],
  [
    'Rust unwrap on Windows',
    'Windows NT',
    [
      { function: 'core::panicking::panic_fmt', file: '/rustc/x/panicking.rs' },
      { function: 'core::result::unwrap_failed', file: '/rustc/x/result.rs' },
      { function: 'enum2$<core::result::Result<u8,alloc::string::String> >::unwrap', file: '/rustc/x/result.rs' },
      { function: 'lantern::wick::light', file: '/b/wick.rs' },
    ],
    'lantern::wick::light',
  ],
  [
    'Node add-on',
    'Linux',
    [
      'node::Abort()',
      'node::OnFatalError(char const*, char const*)',
      'napi_fatal_error',
      'Napi::Error::Fatal(char const*, char const*)',
      'lantern_addon::Open(Napi::CallbackInfo const&)',
    ],
    'Napi::Error::Fatal | lantern_addon::Open',
  ],
  [
    'a Qt list that is no QList',
    'Linux',
    ['QList<int>::at(int) const', 'QListLantern::paint()', 'main'],
    'QList<T>::at | QListLantern::paint',
  ],
  [
    'Unreal fatal log, and script',
    'Windows NT',
    [
      'FWindowsErrorOutputDevice::Serialize(wchar_t const *)',
      'FOutputDevice::LogfImpl(wchar_t const *,...)',
      'UE::Logging::Private::BasicFatalLog(void)',
      'D3D12RHI::VerifyD3D12Result(long,char const *)',
      'ALantern::Light(void)',
    ],
    'D3D12RHI::VerifyD3D12Result | ALantern::Light',
  ],
  [
    'Unreal script',
    'Windows NT',
    ['UFunction::Invoke(UObject *,FFrame &)', 'UObject::ProcessEvent(UFunction *,void *)', 'ALantern::Burn(void)'],
    'UFunction::Invoke | UObject::ProcessEvent | ALantern::Burn',
  ],
  [
    'Unity with IL2CPP',
    'Android',
    [
      'il2cpp::vm::Exception::Raise(Il2CppException*)',
      'il2cpp_codegen_raise_exception(Exception_t*)',
      'Wick_Light_m1234ABCD',
    ],
    'Wick_Light_m1234ABCD',
  ],
  [
    'Firefox out of memory',
    'Windows NT',
    ['mozalloc_abort', 'mozalloc_handle_oom', 'moz_xmalloc', 'lantern::Wick::Light()'],
    'OOM | unknown | mozalloc_handle_oom | moz_xmalloc | lantern::Wick::Light',
  ],
  [
    'Firefox IPC',
    'Windows NT',
    [
      'MOZ_CrashSequence',
      'mozilla::ipc::FatalError(char const*, bool)',
      'mozilla::ipc::IProtocol::HandleFatalError(char const*)',
      'mozilla::lantern::PWickParent::OnMessageReceived(IPC::Message const&)',
    ],
    'mozilla::ipc::FatalError | mozilla::ipc::IProtocol::HandleFatalError | mozilla::lantern::PWickParent::OnMessageReceived',
  ],
] as const)
  test(`our own lists find the culprit: ${what}`, () => assert.equal(sign(os, frames).signature, expected));

test('modules of systems are told from those of applications, whose names may begin alike', () => {
  const { systemModules } = ownLists;
  const ofSystems = [
    ['ntdll.dll', 'kernelbase.dll', 'vcruntime140_1.dll', 'msvcp140.dll', 'd3dcompiler_47.dll', 'nvwgf2umx_cfg.dll'],
    ['windows.ui.xaml.dll', 'coreclr.dll', 'atidxx64.dll', 'igd10iumd64.dll', 'api-ms-win-core-heap-l1-1-0.dll'],
    [
      'libc.so.6',
      'libc-2.31.so',
      'ld-linux-x86-64.so.2',
      'ld-musl-x86_64.so.1',
      'libstdc++.so.6.0.30',
      'linux-vdso.so.1',
    ],
    ['libgtk-3.so.0.2404.29', 'libglib-2.0.so.0', 'libx11-xcb.so.1', 'iris_dri.so', 'libnvidia-glcore.so.535.129.03'],
    ['libart.so', 'libglesv2_adreno.so', 'app_process64', 'boot-framework.oat', 'libmonochrome_64.so'],
    ['libsystem_kernel.dylib', 'libobjc.a.dylib', 'libc++.1.dylib', 'appkit', 'agxmetalg13x', 'dyld'],
  ].flat();
  const ofApplications = [
    [
      'userprofile.dll',
      'shellapp.dll',
      'glue.dll',
      'versioncheck.dll',
      'mfoo.dll',
      'xul.dll',
      'qt6core.dll',
      'ffmpeg.dll',
    ],
    [
      'libcore.so',
      'libmain.so',
      'libclient.so',
      'libuikit.so',
      'liblogger.so',
      'libunity.so',
      'libil2cpp.so',
      'ldap.so',
    ],
    ['lantern', 'electron framework', 'appleworks', 'networkmonitor', 'libffmpeg.dylib', 'libcachelib.dylib'],
  ].flat();
  assert.deepEqual(
    ofSystems.filter((module) => !systemModules?.match(module)),
    [],
  );
  assert.deepEqual(
    ofApplications.filter((module) => systemModules?.match(module)),
    [],
  );
});

test('names of an application that only begin like machinery are its own', () => {
  for (const own of [
    'rust_engine_start',
    'tracing::PerfettoTracer::Stop',
    'abortUpload',
    'exitFullScreen',
    'sortRows',
    'killTimer',
  ])
    assert.ok(!ownLists.irrelevant.match(own) && !ownLists.prefix.match(own), own);
});

test('every sentinel is passed over or kept, so that what it leads to is told too', () => {
  const ends = ownTexts['signature_sentinels.txt']
    ?.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .filter((text) => !ownLists.irrelevant.match(text) && !ownLists.prefix.match(text));
  assert.deepEqual(ends, []);
});
