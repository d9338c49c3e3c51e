// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Spec processor.md §4.8: what the rules of 2015 and 2016 did differently.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonValue } from '../../src/lib/json.ts';
import { generateSignature, type SignatureOptions, type SignatureResult } from '../../src/signature/signature.ts';
import { listsOf } from './lists.ts';

const lists = listsOf({
  sentinels: ['_purecall'],
  irrelevant: ['@0x[0-9a-f]{2,}', 'RaiseException'],
  prefix: ['malloc', 'shade\\.dll'],
  lineNumbers: ['js_Interpret'],
  trimDll: ['shade\\.dll@0x'],
});

function sign(
  frames: JsonValue[],
  more: Record<string, JsonValue> = {},
  options: Partial<SignatureOptions> = {},
): SignatureResult {
  const crash = { crashing_thread: 0, threads: [{ frames }], os: 'Linux', ...more };
  return generateSignature(crash, { lists, era: '2015', provisional: false, ...options });
}

test('functions keep return type and arguments; types are collapsed, commas and stars spaced', () => {
  const [frame] = [{ function: 'void lantern::f<Oil<int> >(char * ,int &)' }];
  assert.equal(sign([frame]).signature, 'void lantern::f<T>(char*, int&)');
  assert.equal(sign([frame], {}, { collapsesArguments: true }).signature, 'void lantern::f<T>');
});

test('frames without a name are module@offset, or @offset when there is no module either', () => {
  assert.equal(sign([{ module: 'liblantern.so', module_offset: '0x1f' }]).signature, 'liblantern.so@0x1f');
  assert.equal(sign([{ offset: '0x000012' }]).signature, '@0x000012');
  assert.equal(sign([{ file: '/x/lamp.cc', line: 4 }]).signature, 'lamp.cc#4');
});

test('the trim list cuts the offset and merges runs', () => {
  const shade = (offset: string): JsonValue => ({ module: 'shade.dll', module_offset: offset });
  assert.equal(sign([shade('0x1'), shade('0x2'), { function: 'f' }]).signature, 'shade.dll | f');
});

test('inlines do not take part', () => {
  assert.equal(sign([{ function: 'outer', inlines: [{ function: 'inner' }] }]).signature, 'outer');
});

test('module names are in lower case where the system’s name is a part of "Windows NT", even if it is empty', () => {
  const frame = { module: 'Lantern.exe', module_offset: '0x1' };
  for (const os of ['', 'NT', 'Windows', 'Windows NT'])
    assert.equal(sign([frame], { os }).signature, 'lantern.exe@0x1', os);
  assert.equal(sign([frame], { os: 'Linux' }).signature, 'Lantern.exe@0x1');
});

test('single quotes are doubled unless that is switched off', () => {
  assert.equal(sign([{ function: "f'g" }]).signature, "f''g");
  assert.equal(sign([{ function: "f'g" }], {}, { escapesSingleQuotes: false }).signature, "f'g");
});

test('hangs: a leading word, and for the whole browser the frames of thread 0', () => {
  const threads = [{ frames: [{ function: 'main' }] }, { frames: [{ function: 'plugin' }] }];
  assert.equal(sign([], { threads, crashing_thread: 1, hang_type: -1 }).signature, 'hang | plugin');
  assert.equal(sign([], { threads, crashing_thread: 1, hang_type: 1 }).signature, 'chromehang | main');
  assert.equal(sign([], { threads, crashing_thread: 1, hang_type: 0 }).signature, 'plugin');
});

test('a long signature is cut by the tool itself, at 255', () => {
  const { signature, notes } = sign([{ function: 'x'.repeat(300) }]);
  assert.equal(signature, `${'x'.repeat(252)}...`);
  assert.deepEqual(notes, ['SignatureTool: signature truncated due to length']);
});

test('the walker’s status is appended to every EMPTY signature', () => {
  const unknown = sign([], { crashing_thread: null, mdsw_status_string: 'OK' });
  assert.equal(unknown.signature, 'EMPTY: no crashing thread identified; OK');
  assert.deepEqual(unknown.notes, [
    'CSignatureTool: No signature could be created because we do not know which thread crashed',
  ]);
});

test('a crashing thread that is not there is noted before what the tool says', () => {
  assert.deepEqual(sign([], { crashing_thread: 4 }).notes, [
    'No crashing frames found because of missing thread 4',
    'CSignatureTool: No signature could be created because no good data for the crashing thread (4) was found',
  ]);
});

test('the proto signature is there even when it is empty', () => assert.equal(sign([]).proto_signature, ''));

test('out of memory: only by size or by name; a size must be a number; the old signature is remembered', () => {
  const small = sign([{ function: 'f' }], { oom_allocation_size: '1024' });
  assert.deepEqual([small.signature, small.original_signature], ['OOM | small', 'f']);
  assert.equal(sign([{ function: 'f' }], { oom_allocation_size: 9e6 }).signature, 'OOM | large | f');
  assert.equal(sign([{ function: 'NS_ABORT_OOM' }]).signature, 'OOM | unknown | NS_ABORT_OOM');
  assert.equal(sign([{ function: 'f' }], { reason: 'STATUS_NO_MEMORY' }).signature, 'f');
  const text = sign([{ function: 'f' }], { oom_allocation_size: 'many' });
  assert.deepEqual([text.signature, text.original_signature], ['f', null]);
  assert.match(text.notes[0]!, /^OOMSignature: Rule failed:/);
});

test('aborts: the message is neither filtered nor freed of font names', () => {
  const font = 'unable to find a usable font (灯)';
  assert.equal(sign([{ function: 'f' }], { abort_message: font }).signature, `Abort | ${font} | f`);
  assert.equal(sign([{ function: 'f' }], { abort_message: '###!!! ABORT: file x' }).signature, 'Abort | f');
});

test('shutdown timeouts need phase and conditions', () => {
  const timeout = (value: object): string =>
    sign([{ function: 'f' }], { async_shutdown_timeout: JSON.stringify(value) }).signature;
  assert.equal(timeout({ phase: 'p', conditions: ['b', { name: 'a' }] }), 'AsyncShutdownTimeout | p | a,b');
  assert.equal(timeout({ phase: 'p' }), 'AsyncShutdownTimeout | UNKNOWN');
  assert.equal(timeout({ conditions: [] }), 'AsyncShutdownTimeout | UNKNOWN');
});

test('IPC errors: of the browser only if its dump is the only other one', () => {
  const error = (dumps: JsonValue): SignatureResult =>
    sign([{ function: 'f' }], { ipc_channel_error: 'ShutDownKill', additional_minidumps: dumps });
  assert.equal(error('browser').signature, 'IPCError-browser | ShutDownKill');
  assert.equal(error(['upload_file_minidump_browser']).signature, 'IPCError-browser | ShutDownKill');
  assert.equal(error(['upload_file_minidump_browser', 'x']).signature, 'IPCError-content | ShutDownKill');
  assert.deepEqual(error([]).notes, ['Signature replaced with an IPC Channel Error, was: "f"']);
});

test('the watchdog starts again with thread 0', () => {
  const threads = [{ frames: [{ function: 'stuck' }] }, { frames: [{ function: 'RunWatchdog' }] }];
  assert.equal(sign([], { threads, crashing_thread: 1 }).signature, 'shutdownhang | stuck');
});

test('a paired call is a sentinel only together with the frame that made the pair', () => {
  const call = { function: 'mozilla::ipc::RPCChannel::Call(IPC::Message*,IPC::Message*)' };
  const pair = { function: 'CrashReporter::CreatePairedMinidumps(void*)' };
  assert.equal(sign([{ function: 'a' }, call]).signature, 'a');
  assert.equal(
    sign([pair, call, { function: 'b' }]).signature,
    'mozilla::ipc::RPCChannel::Call(IPC::Message*, IPC::Message*)',
  );
});
