// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isErrorOf } from '../../src/lib/errors.ts';
import {
  generateSignature,
  LiveSiglists,
  parseSiglists,
  type SignatureResult,
  signatureErrors,
} from '../../src/signature/signature.ts';
import { ownLists, ownTexts } from './lists.ts';

test('a bad entry is refused with file, line, reason and text; all of them at once', () => {
  const texts = {
    ...ownTexts,
    'prefix_signature_re.txt': '# fine\n\n  memcpy  \nfoo(bar\n',
    'irrelevant_signature_re.txt': 'abort\n*x',
  };
  assert.throws(
    () => parseSiglists(texts),
    (error) => {
      assert.ok(isErrorOf(error, signatureErrors.siglist_invalid));
      assert.deepEqual(error.message.split('\n'), [
        'irrelevant_signature_re.txt:2: nothing to repeat (at character 1): *x',
        'prefix_signature_re.txt:4: missing ) (at character 8): foo(bar',
      ]);
      return true;
    },
  );
});

test('a set without one of its four files is refused by name', () => {
  const { 'signature_sentinels.txt': _, ...rest } = ownTexts;
  assert.throws(
    () => parseSiglists(rest),
    (error) => isErrorOf(error, signatureErrors.siglist_missing) && /signature_sentinels\.txt/.test(error.message),
  );
});

test('blanks, comments, empty lines, carriage returns and a byte-order mark are not part of entries', () => {
  const { prefix } = parseSiglists({
    ...ownTexts,
    'prefix_signature_re.txt': '\ufeff  alpha \r\n#beta\r\n\r\ngamma # x\r\n',
  });
  assert.equal(prefix.size, 2);
  assert.deepEqual(prefix.match('alphabet'), { file: 'prefix_signature_re.txt', line: 1, entry: 'alpha' });
  assert.equal(prefix.match('beta'), null);
  assert.equal(prefix.match('gamma'), null);
  assert.equal(prefix.match('gamma # x')?.line, 4);
});

test('lists that match every frame are used as they are, with a warning', () => {
  const read = parseSiglists({
    ...ownTexts,
    'prefix_signature_re.txt': '# nothing',
    'irrelevant_signature_re.txt': 'a*',
  });
  assert.notEqual(read.prefix.match('anything'), null);
  assert.deepEqual(read.warnings, [
    'irrelevant_signature_re.txt:1: matches even an empty frame: a*',
    'prefix_signature_re.txt: the list is empty, and an empty list matches every frame',
  ]);
});

test('too large lists are refused, not compiled', () => {
  assert.throws(() => parseSiglists({ ...ownTexts, 'prefix_signature_re.txt': 'a\n'.repeat(5001) }), /more than 5000/);
  assert.throws(() => parseSiglists({ ...ownTexts, 'prefix_signature_re.txt': ' '.repeat(1 << 21) }), /longer than/);
  assert.throws(() => parseSiglists({ ...ownTexts, 'prefix_signature_re.txt': 'a{999}\n'.repeat(200) }), /too many/);
});

test('replaced lists count at once; a set with a mistake leaves the old one in force', () => {
  const live = new LiveSiglists(ownLists);
  const crash = { threads: [{ frames: [{ function: 'Wick::Light()' }, { function: 'Lamp::Draw()' }] }] };
  const sign = (): string =>
    generateSignature(crash, { lists: live.current, era: 'today', provisional: false }).signature;
  assert.equal(sign(), 'Wick::Light');
  live.replace({ ...ownTexts, 'prefix_signature_re.txt': 'Wick::' });
  assert.equal(sign(), 'Wick::Light | Lamp::Draw');
  assert.throws(() => live.replace({ ...ownTexts, 'prefix_signature_re.txt': '(' }));
  assert.equal(sign(), 'Wick::Light | Lamp::Draw');
});

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
    'raise | abort | free | lantern::Tank::~Tank',
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
] as const)
  test(`our own lists find the culprit: ${what}`, () => assert.equal(sign(os, frames).signature, expected));
