// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonValue } from '../../src/lib/json.ts';
import { generateSignature, type SignatureResult } from '../../src/signature/signature.ts';
import { ownLists } from './lists.ts';

function sign(frames: JsonValue[], provisional = true, more: Record<string, JsonValue> = {}): SignatureResult {
  const crash = { os: 'Windows NT', crashing_thread: 0, threads: [{ frames }], ...more };
  return generateSignature(crash, { lists: ownLists, era: 'today', provisional });
}

const ntdll = { module: 'ntdll.dll', module_offset: '0x9a120', offset: '0x7ff812349a120' };
const studio = (offset: string): JsonValue => ({
  module: 'Studio.exe',
  module_offset: offset,
  offset: '0x7ff600001000',
});

test('crashes at two places of a module without symbols fall into two groups', () => {
  const [one, other] = [sign([ntdll, studio('0x1a2b')]), sign([ntdll, studio('0x99f0')])];
  assert.equal(one.signature, 'provisional | studio.exe@0x1a2b');
  assert.equal(other.signature, 'provisional | studio.exe@0x99f0');
  assert.ok(one.is_provisional && other.is_provisional);
});

test('offsets are shown without leading zeros, as stackwalkers write them', () => {
  assert.equal(sign([studio('0x00000000002f41d0')]).signature, 'provisional | studio.exe@0x2f41d0');
});

test('without the option, as in the Socorro presets, they share one', () => {
  const result = sign([ntdll, studio('0x1a2b')], false);
  assert.equal(result.signature, 'ntdll.dll | studio.exe');
  assert.equal(result.is_provisional, false);
});

test('named frames that were kept stay in front', () => {
  const memcpy = { function: 'memcpy', module: 'vcruntime140.dll', module_offset: '0x1' };
  assert.equal(sign([memcpy, studio('0x1a2b')]).signature, 'provisional | memcpy | studio.exe@0x1a2b');
});

test('a stack that ends at a named frame keeps its signature', () => {
  const draw = { function: 'Lamp::Draw()', module: 'Studio.exe', module_offset: '0x77' };
  const result = sign([{ module: 'plugin.dll', module_offset: '0x1' }, draw]);
  assert.equal(result.signature, 'plugin.dll | Lamp::Draw');
  assert.equal(result.is_provisional, false);
});

test('modules of the system only: the innermost of them stands in', () => {
  assert.equal(
    sign([ntdll, { module: 'KERNEL32.DLL', module_offset: '0x2' }]).signature,
    'provisional | ntdll.dll@0x9a120',
  );
});

test('rules work on provisional signatures as on others', () => {
  assert.equal(
    sign([studio('0x1a2b')], true, { oom_allocation_size: 999_999 }).signature,
    'OOM | large | provisional | studio.exe@0x1a2b',
  );
});

test('frames with neither symbols nor modules have nothing to stand in for', () => {
  assert.equal(sign([{ offset: '0x1234' }]).signature, '@0x1234');
  assert.equal(sign([]).signature, 'EMPTY: no frame data available');
});

test('a signature of which nothing is printable gets a name', () => {
  assert.equal(sign([{ module: '灯籠' }]).signature, 'EMPTY: no readable frame');
});
