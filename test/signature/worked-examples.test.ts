// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The worked examples of spec processor.md §4.9, row by row.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { FrameExplanation } from '../../src/signature/explanation.ts';
import { frameText, readFrame } from '../../src/signature/frame-text.ts';
import { signatureOfJavaException, signatureOfJavaStackTrace } from '../../src/signature/java.ts';
import {
  collapseTypes,
  dropPrefix,
  normaliseCppFunction,
  normaliseRustFunction,
} from '../../src/signature/normalise-function.ts';
import {
  generateSignature,
  makeDraft,
  runSignatureRule,
  type Siglists,
  signatureRules,
} from '../../src/signature/signature.ts';
import { walkFrames } from '../../src/signature/walk-frames.ts';
import { listsOf } from './lists.ts';

const never = (): boolean => false;

test('rows 1-8: frames', () => {
  const rows: [object, string][] = [
    [{ module: 'module', file: 'source/', line: '23', module_offset: '0xfff' }, 'source#23'],
    [{ module: 'module', file: '\\a\\b\\c\\source', line: '', module_offset: '0xfff' }, 'module'],
    [{ module: 'module', module_offset: '0xfff' }, 'module'],
    [{ module: '[module]' }, 'module'],
    [
      {
        module: 'module',
        function: 'expect_failed::h7f635057bfba806a',
        file: 'hg:hg.mozilla.org/a/b:servio/wrapper.rs:44444444444',
        line: '23',
      },
      'expect_failed',
    ],
    [{ unloaded_modules: [{ module: 'unmod' }] }, '(unloaded unmod)'],
    [{ offset: '0x0000000000032ec0' }, '@0x32ec0'],
    [{}, ''],
  ];
  for (const [frame, expected] of rows) assert.equal(frameText(readFrame(frame), never).text, expected);
});

test('rows 9-27: C and C++ functions', () => {
  const rows: [string, string][] = [
    ['f( *s)', 'f'],
    ['f3(s,t,u)', 'f3'],
    ['operator()(s,t,u)', 'operator()'],
    ['::(anonymous namespace)::f3(s,t,u)', '::(anonymous namespace)::f3'],
    ['void nsDocumentViewer::DestroyPresShell()', 'nsDocumentViewer::DestroyPresShell'],
    ['f<3>(s,t,u)', 'f<T>'],
    ['Alpha<Bravo<Charlie>, Delta>::Echo<Foxtrot>', 'Alpha<T>::Echo<T>'],
    [
      'class JSObject* DoCallback<JSObject*>(class JS::CallbackTracer*, class JSObject**, const char*)',
      'DoCallback<T>',
    ],
    ['JS::Heap<JSObject*>::operator JSObject* const &()', 'JS::Heap<T>::operator JSObject* const&'],
    ['JSObject::allocKindForTenure const', 'JSObject::allocKindForTenure'],
    ['mozilla::Maybe<unsigned long>::value() const &', 'mozilla::Maybe<T>::value'],
    ["`anonymous namespace'::foo", '(anonymous namespace)::foo'],
    ['ShutdownWorkThreads::$_52::__invoke', 'ShutdownWorkThreads::$::__invoke'],
    ['js::jit::CodePosition::operator<(js::jit::CodePosition) const', 'js::jit::CodePosition::operator<'],
    ['nsXPConnect::InitStatics() [clone .cold.638]', 'nsXPConnect::InitStatics '],
    ['<name omitted>', '<name omitted>'],
    ['IPC::ParamTraits<mozilla::net::NetAddr>::Write', 'IPC::ParamTraits<mozilla::net::NetAddr>::Write'],
    ['operator new(unsigned int)', 'new'],
    ['{virtual override thunk({offset(-16)}, mozilla::Http2Session::SanityCheck())}', '{virtual override thunk}'],
  ];
  for (const [name, expected] of rows) assert.equal(normaliseCppFunction(name, null, never), expected);
});

test('rows 28-29: Rust functions', () => {
  const rows: [string, string][] = [
    [
      'static void servo_arc::Arc<style::gecko_properties::ComputedValues>::drop_slow<style::gecko_properties::ComputedValues>()',
      'servo_arc::Arc<T>::drop_slow<T>',
    ],
    [
      '<rayon_core::job::HeapJob<BODY> as rayon_core::job::Job>::execute',
      '<rayon_core::job::HeapJob<BODY> as rayon_core::job::Job>::execute',
    ],
  ];
  for (const [name, expected] of rows) assert.equal(normaliseRustFunction(name, null, never), expected);
});

test('rows 30-36: prefixes and types', () => {
  const prefixes: [string, string][] = [
    [
      'static void * Allocator<MozJemallocBase>::malloc(unsigned __int64)',
      'Allocator<MozJemallocBase>::malloc(unsigned __int64)',
    ],
    [
      'bool CCGraphBuilder::BuildGraph(class js::SliceBudget & const)',
      'CCGraphBuilder::BuildGraph(class js::SliceBudget & const)',
    ],
    [
      'static <NoType> std::panicking::begin_panic<str*>(struct str*, struct (str*, u32, u32) *)',
      'std::panicking::begin_panic<str*>(struct str*, struct (str*, u32, u32) *)',
    ],
    [
      "[thunk]:CShellItem::QueryInterface`adjustor{12}' (_GUID const&, void**)",
      "[thunk]:CShellItem::QueryInterface`adjustor{12}' (_GUID const&, void**)",
    ],
  ];
  for (const [name, expected] of prefixes) assert.equal(dropPrefix(name), expected);
  for (const [name, expected] of [
    ['Foo<bar <baz> >', 'Foo<T>'],
    ['Foo<bar', 'Foo<T>'],
    ['<unknown in ntdll.pdb>', '<unknown in ntdll.pdb>'],
  ])
    assert.equal(collapseTypes(name!), expected);
});

const letters = listsOf({
  sentinels: ['sentinel'],
  irrelevant: ['a', 'b', 'c'],
  prefix: ['d', 'e', 'f', 'foo32\\.dll'],
});

function walk(texts: readonly string[], lists: Siglists): string {
  const frames = texts.map(
    (text, frame): FrameExplanation => ({
      frame,
      inline: null,
      text,
      source: 'function',
      rewrites: [],
      fate: 'below',
      entry: null,
      is_sentinel: false,
    }),
  );
  return walkFrames(frames, 0, lists).signature;
}

test('rows 37-39: walking', () => {
  assert.equal(walk([...'abcdefghijklmnopqrstuvwxyz'], letters), 'd | e | f | g');
  assert.equal(walk([...'abcdefg', 'sentinel', ...'abcfaeabdijkl'], letters), 'sentinel');
  assert.equal(walk(['a', 'd', 'foo32.dll', 'foo32.dll', 'foo32.dll', 'g'], letters), 'd | foo32.dll | g');
});

test('rows 40-44: Java stack traces', () => {
  const rows: [unknown, string, string[]][] = [
    [
      'SomeJavaException: totally made up  \nat org.mozilla.lars.myInvention(larsFile.java:666)',
      'SomeJavaException: totally made up at org.mozilla.lars.myInvention(larsFile.java)',
      [],
    ],
    [
      `   SomeJavaException: ${'t'.repeat(1000)} \nat org.mozilla.lars.myInvention(larsFile.java)`,
      'SomeJavaException: at org.mozilla.lars.myInvention(larsFile.java)',
      ['JavaSignatureTool: dropped Java exception description due to length'],
    ],
    [
      '   SomeJavaException\nat org.mozilla.lars.myInvention(larsFile.java:1234)',
      'SomeJavaException: at org.mozilla.lars.myInvention(larsFile.java)',
      ['JavaSignatureTool: stack trace line 1 is not in the expected format'],
    ],
    [17, 'EMPTY: Java stack trace not in expected format', ['JavaSignatureTool: stack trace not in expected format']],
    [
      'java.lang.IllegalArgumentException: Given view not a child of android.widget.AbsoluteLayout@4054b560\n\tat android.view.ViewGroup.updateViewLayout(ViewGroup.java:1968)\n\tat x',
      'java.lang.IllegalArgumentException: Given view not a child of android.widget.AbsoluteLayout@<addr>: at android.view.ViewGroup.updateViewLayout(ViewGroup.java)',
      [],
    ],
  ];
  for (const [trace, signature, notes] of rows)
    assert.deepEqual(signatureOfJavaStackTrace(trace), { signature, notes });
});

test('rows 45-47: Java exceptions', () => {
  const exception = (stacktrace: object): object => ({ exception: { values: [{ stacktrace }] } });
  const frame = {
    module: 'org.mozilla.fenix.ext.AddonManagerKt',
    function: 'getFenixAddons',
    filename: 'AddonManager.kt',
  };
  assert.equal(
    signatureOfJavaException(exception({ frames: [frame], type: 'IOException', module: 'java.io' })).signature,
    'java.io.IOException: at org.mozilla.fenix.ext.AddonManagerKt.getFenixAddons(AddonManager.kt)',
  );
  assert.equal(
    signatureOfJavaException(exception({ frames: [], type: 'RemoteException', module: 'android.os' })).signature,
    'android.os.RemoteException',
  );
  assert.equal(signatureOfJavaException({}).signature, 'EMPTY: Java exception not in expected format');
});

/** As much of lists as the rows from 48 on need. */
const lists = listsOf({
  sentinels: ['_purecall', '_sigtramp', 'core::panicking::panic_fmt'],
  irrelevant: [
    '@0x[1-9a-fA-F]',
    'RaiseException',
    'KiFastSystemCall',
    '(Nt|Zw)?WaitForMultipleObjects(Ex)?',
    'WaitForMultipleObjectsExImplementation',
    'RealMsgWaitFor',
    '_sigtramp',
    'std::panicking::',
    'core::panicking::',
  ],
  prefix: ['@0x0', '.*\\.dll', '.*WaitFor', '_purecall', 'core::option::expect_failed'],
  lineNumbers: ['js_Interpret'],
});

interface Case {
  readonly crash: object;
  readonly signature: string;
  readonly notes?: readonly string[];
  readonly proto?: string;
}

const stack = (...frames: unknown[]): object => ({
  crashing_thread: 0,
  threads: [{ frames: frames.map((frame) => (typeof frame === 'string' ? { function: frame } : frame)) }],
});
const windows = { os: 'Windows NT' };
const noFrames = ['SignatureGenerationRule: CSignatureTool: no frame data for crashing thread (0)'];

const pipelines: Record<number, Case> = {
  48: { crash: {}, signature: 'EMPTY: no frame data available', notes: noFrames },
  49: { crash: { ...stack('foo'), crashing_thread: null }, signature: 'foo' },
  50: {
    crash: { mdsw_status_string: 'EmptyMinidump' },
    signature: 'EMPTY: no frame data available; EmptyMinidump',
    notes: noFrames,
  },
  51: { crash: stack('RaiseException', 'KiFastSystemCallRet'), signature: 'RaiseException', notes: noFrames },
  52: {
    crash: {
      ...windows,
      ...stack(
        'NtWaitForMultipleObjects',
        'WaitForMultipleObjectsEx',
        'WaitForMultipleObjectsExImplementation',
        'RealMsgWaitForMultipleObjectsEx',
        'MsgWaitForMultipleObjects',
        'F_1152915508_____',
        'g',
      ),
    },
    signature: 'MsgWaitForMultipleObjects | F_1152915508_____',
  },
  53: {
    crash: {
      ...windows,
      ...stack({ offset: '0x5e39bf21' }, { offset: '0x5e39bf21' }, { offset: '0x5e39bf21' }, { module: 'USER2.dll' }),
    },
    signature: 'user2.dll',
    proto: '@0x5e39bf21 | @0x5e39bf21 | @0x5e39bf21 | user2.dll',
  },
  54: { crash: stack({ function: 'js_Interpret', line: 42 }, 'x'), signature: 'js_Interpret:42' },
  55: { crash: stack('a', 'b', '_purecall', 'Foo::Bar', 'x'), signature: '_purecall | Foo::Bar' },
  56: { crash: stack('a', '_sigtramp', 'Foo::Bar'), signature: 'Foo::Bar' },
  57: {
    crash: stack(
      { function: 'std::panicking::rust_panic_with_hook', file: '/r/a.rs' },
      { function: 'core::panicking::panic_fmt', file: '/r/a.rs' },
      { function: 'core::option::expect_failed', file: '/r/a.rs' },
      { function: 'style::foo::bar::h0123456789abcdef', file: '/r/a.rs' },
      'baz',
    ),
    signature: 'core::option::expect_failed | style::foo::bar',
  },
  58: { crash: stack({ offset: '0x0000000000000000' }, 'Func'), signature: '@0x0 | Func' },
  59: { crash: stack({ offset: '0x0000000000000001' }, 'Func'), signature: 'Func' },
  60: {
    crash: { ...windows, ...stack({ module: 'Foo.DLL' }, { module: 'foo.dll' }, { module: 'BAR.dll' }, 'Func') },
    signature: 'foo.dll | bar.dll | Func',
  },
  61: {
    crash: stack({ function: 'outer', inlines: [{ function: 'inl<int>(x)', file: 'a.cpp', line: 1 }] }),
    signature: 'inl<T>',
  },
  62: {
    crash: stack(...Array.from({ length: 40 }, () => 'RaiseException'), 'Real'),
    signature: 'RaiseException',
    notes: noFrames,
  },
  63: { crash: { ...stack('Func'), oom_allocation_size: 262144 }, signature: 'OOM | small' },
  64: { crash: { ...stack('Func'), oom_allocation_size: 262145 }, signature: 'OOM | large | Func' },
  65: {
    crash: { ...stack('Func'), oom_allocation_size: 5, abort_message: 'boo' },
    signature: 'Abort | boo | OOM | small',
  },
  71: {
    crash: {
      crashing_thread: 1,
      threads: [
        { frames: [{ function: 'Main::Stuck' }] },
        { frames: [{ function: 'mozilla::(anonymous namespace)::RunWatchdog(void*)' }] },
      ],
      abort_message: 'hmm',
    },
    signature: 'shutdownhang | Main::Stuck',
  },
  72: {
    crash: {
      ...stack('Func'),
      ipc_channel_error: 'ShutDownKill',
      ipc_message_name: 'PFoo::Msg',
      abort_message: 'boo',
    },
    signature: 'IPCError-content | ShutDownKill | IPC_Message_Name=PFoo::Msg',
    notes: ['SignatureIPCChannelError: IPC Channel Error stomped on signature'],
  },
};

for (const [row, { crash, signature, notes = [], proto }] of Object.entries(pipelines))
  test(`row ${row}: the whole pipeline`, () => {
    const result = generateSignature({ ...crash }, { lists, era: 'today', provisional: false });
    assert.equal(result.signature, signature);
    assert.deepEqual(result.notes, notes);
    if (proto !== undefined) assert.equal(result.proto_signature, proto);
  });

const rules: [number, string, string, object, string][] = [
  [66, 'OOMSignature', 'hello', { js_large_allocation_failure: 'Reporting' }, 'OOM | large | hello'],
  [
    67,
    'BadHardware',
    'Text',
    { reason: 'EXCEPTION_IN_PAGE_ERROR_READ / STATUS_DEVICE_DATA_ERROR' },
    'bad hardware | Text',
  ],
  [
    68,
    'AbortSignature',
    'hello',
    { abort_message: '[5392] ###!!! ABORT: foo bar line 42' },
    'Abort | foo bar line 42 | hello',
  ],
  [
    69,
    'SignatureShutdownTimeout',
    'foo',
    { async_shutdown_timeout: '{"phase":"beginning","conditions":[{"name":"A"},{"name":"B"}]}' },
    'AsyncShutdownTimeout | beginning | A,B',
  ],
  [70, 'SignatureShutdownTimeout', 'foo', { async_shutdown_timeout: '{{{{' }, 'AsyncShutdownTimeout | UNKNOWN'],
  [73, 'StackOverflowSignature', 'hello', { reason: 'EXCEPTION_STACK_OVERFLOW' }, 'stackoverflow | hello'],
  [74, 'HungProcess', 'Text', { hang: 'ui' }, 'hang: ui | Text'],
  [75, 'SigPrintableCharsOnly', 'libxul.so\u0000 | frame2', {}, 'libxul.so | frame2'],
  [76, 'SigFixWhitespace', 'all\tgood', {}, 'all good'],
  [77, 'SigTruncate', '9'.repeat(256), {}, `${'9'.repeat(252)}...`],
];

for (const [row, name, before, crashData, expected] of rules)
  test(`row ${row}: ${name} alone`, () => {
    const options = { lists, era: 'today', provisional: false } as const;
    const rule = signatureRules(options).find((candidate) => candidate.name === name)!;
    const draft = makeDraft(before);
    assert.equal(runSignatureRule(rule, { ...crashData }, draft, options), 'changed');
    assert.equal(draft.signature, expected);
  });
