// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { type BuilderModule, type BuilderOs, codeView, MinidumpBuilder } from '../builders/minidump-builder.ts';

const open = (os: BuilderOs, ...modules: BuilderModule[]) => {
  const builder = new MinidumpBuilder({ cpu: 'amd64', os }).systemInfo().thread({ id: 1 });
  for (const module of modules) builder.module(module);
  return openMinidump(bytesSource(builder.build()));
};

const guid = [0x5a9832e5, 0x2872, 0x41c1, [0x83, 0x8e, 0xd9, 0x89, 0x14, 0xe9, 0xb7, 0xff]] as const;

const identity = (os: BuilderOs, module: Partial<BuilderModule>) => {
  const [read] = open(os, { base: 0x400000n, size: 0x2d000, name: 'C:\\app\\test_app.exe', ...module }).modules;
  return [read?.codeId, read?.debugFile, read?.debugId];
};

describe('module identity', () => {
  it('takes debug id and file of a PDB 7.0 record, and the code id of time stamp and size', () => {
    const pdb70 = codeView.pdb70(guid, 0x1a, 'c:\\test_app.pdb');
    assert.deepEqual(identity('windows', { timeDateStamp: 0x45d35f6c, codeView: pdb70 }), [
      '45d35f6c2d000',
      'c:\\test_app.pdb',
      '5A9832E5287241C1838ED98914E9B7FF1a',
    ]);
  });

  it('pads the time stamp, not the size', () => {
    assert.equal(identity('windows', { timeDateStamp: 0x1a })[0], '0000001a2d000');
  });

  it('takes an all-zero GUID as no debug id', () => {
    const zero = codeView.pdb70([0, 0, 0, new Uint8Array(8)], 1, 'a.pdb');
    assert.deepEqual(identity('windows', { codeView: zero }), ['000000002d000', 'a.pdb', null]);
  });

  it('takes the Mach-O uuid from the same record on macOS and iOS', () => {
    for (const os of ['mac', 'ios'] as const)
      assert.deepEqual(identity(os, { codeView: codeView.pdb70(guid, 0, 'app') }), [
        '5a9832e5287241c1838ed98914e9b7ff',
        'app',
        '5A9832E5287241C1838ED98914E9B7FF0',
      ]);
  });

  it('reads PDB 2.0 records', () => {
    assert.deepEqual(identity('windows', { timeDateStamp: 1, codeView: codeView.pdb20(0x3b7d84d5, 0x1f, 'old.pdb') }), [
      '000000012d000',
      'old.pdb',
      '3B7D84D51f',
    ]);
  });

  it('makes the debug id of an ELF build id by reading it as a little-endian GUID', () => {
    const buildId = Buffer.from('ce17e023542265fc11d9bc8f534bb4f070493d30', 'hex');
    assert.deepEqual(identity('linux', { name: '/lib/libpthread.so', codeView: codeView.elf(buildId) }), [
      'ce17e023542265fc11d9bc8f534bb4f070493d30',
      '/lib/libpthread.so',
      '23E017CE2254FC6511D9BC8F534BB4F00',
    ]);
  });

  it('pads short build ids and takes all-zero or empty ones as none', () => {
    assert.deepEqual(identity('linux', { name: 'a', codeView: codeView.elf([1, 2, 3, 4, 5]) }), [
      '0102030405',
      'a',
      '040302010005000000000000000000000',
    ]);
    assert.deepEqual(identity('linux', { name: 'a', codeView: codeView.elf(new Uint8Array(20)) }), [null, 'a', null]);
    assert.deepEqual(identity('linux', { name: 'a', codeView: codeView.elf([]) }), [null, 'a', null]);
  });

  it('has a code id without CodeView on Windows only', () => {
    assert.deepEqual(identity('windows', { timeDateStamp: 0x378bc3cd }), ['378bc3cd2d000', null, null]);
    assert.deepEqual(identity('linux', { timeDateStamp: 0x378bc3cd }), [null, null, null]);
  });

  it('keeps a module whose record is cut short or unknown', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' });
    const cut = codeView.pdb70(guid, 1, 'a');
    assert.deepEqual(identity('linux', { codeView: builder.section().bytes(cut.toBytes(() => 0).subarray(0, 20)) }), [
      null,
      null,
      null,
    ]);
    assert.deepEqual(identity('linux', { codeView: builder.section().ascii('????12345678') }), [null, null, null]);
  });
});

describe('modules', () => {
  it('tells versions in the way of each system', () => {
    const version = [0x0005_0001, 0x0a28_0884, 7, 8] as const;
    const of = (os: BuilderOs) => open(os, { base: 0x1000n, size: 1, name: 'a', version }).modules[0]?.version;
    assert.equal(of('windows'), '5.1.2600.2180');
    assert.equal(of('mac'), '5.1.2600.2180');
    assert.equal(of('linux'), `${version[0]}.${version[1]}.7.8`);
    assert.equal(open('windows', { base: 0x1000n, size: 1, name: 'a' }).modules[0]?.version, null);
  });

  it('finds modules by address; of overlapping ones the lower base wins', () => {
    const dump = open(
      'linux',
      { base: 0x5000n, size: 0x1000, name: 'c' },
      { base: 0x1000n, size: 0x1000, name: 'a' },
      { base: 0x1800n, size: 0x1000, name: 'overlaps a' },
      { base: 0x2000n, size: 0, name: 'empty' },
      { base: 0xffff_ffff_ffff_f000n, size: 0x2000, name: 'passes the end' },
    );
    const at = (address: bigint) => dump.moduleAt(address)?.codeFile;
    assert.deepEqual(
      [at(0xfffn), at(0x1000n), at(0x1fffn), at(0x2000n), at(0x27ffn)],
      [undefined, 'a', 'a', undefined, undefined],
    );
    assert.equal(at(0x5fffn), 'c');
    assert.equal(at(0xffff_ffff_ffff_f000n), undefined);
    assert.deepEqual(dump.modules.map((module) => module.codeFile).slice(0, 2), ['c', 'a']);
  });

  it('keeps a module whose name cannot be read', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo().thread({ id: 1 });
    const list = builder.section().u32(1).u64(0x1000).u32(0x1000).u32(0).u32(0).u32(0x7ffffff0).zeros(84);
    const dump = openMinidump(bytesSource(builder.stream(4, list).build()));
    assert.equal(dump.moduleAt(0x1000n)?.codeFile, '');
    assert.match(dump.warnings[0]?.message ?? '', /name of module 0/);
  });

  it('keeps hostile names as they are', () => {
    assert.equal(
      open('linux', { base: 1n, size: 1, name: '../../etc/passwd\0x' }).modules[0]?.codeFile,
      '../../etc/passwd\0x',
    );
  });

  it('reads unloaded modules, whose ranges may overlap and repeat', () => {
    const builder = new MinidumpBuilder({ cpu: 'x86', os: 'windows' }).systemInfo().thread({ id: 1 });
    builder.unloadedModule([
      { base: 0x1000n, size: 0x2000, name: 'a.dll', timeDateStamp: 0xabcdef },
      { base: 0x2000n, size: 0x2000, name: 'b.dll' },
      { base: 0x1000n, size: 0x2000, name: 'a.dll' },
    ]);
    const dump = openMinidump(bytesSource(builder.build()));
    assert.deepEqual(
      dump.unloadedModulesAt(0x2fffn).map((module) => module.codeFile),
      ['a.dll', 'b.dll', 'a.dll'],
    );
    assert.deepEqual(dump.unloadedModulesAt(0x4000n), []);
    assert.equal(dump.unloadedModules[0]?.codeId, '00abcdef2000');
  });
});
