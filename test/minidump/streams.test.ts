// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesSource, type Minidump, openMinidump } from '../../src/minidump/minidump.ts';
import type { Section } from '../builders/dump-section.ts';
import { type BuilderOs, MinidumpBuilder } from '../builders/minidump-builder.ts';

const builder = (os: BuilderOs = 'linux') => new MinidumpBuilder({ cpu: 'amd64', os }).systemInfo().thread({ id: 1 });
const open = (made: MinidumpBuilder): Minidump => openMinidump(bytesSource(made.build()));

describe('system info', () => {
  const of = (os: BuilderOs, cpu: 'x86' | 'amd64' | 'arm', options: Parameters<MinidumpBuilder['systemInfo']>[0]) =>
    open(new MinidumpBuilder({ cpu, os }).systemInfo(options).thread({ id: 1 })).systemInfo;

  it('gives the version and the service pack on Windows', () => {
    const info = of('windows', 'x86', {
      version: [5, 1, 2600],
      csdVersion: 'Service Pack 2',
      level: 6,
      revision: 0x0d08,
    });
    assert.equal(info.os, 'Windows NT');
    assert.deepEqual([info.osVersion, info.osBuild], ['5.1.2600', 'Service Pack 2']);
    assert.equal(info.cpuInfo, 'GenuineIntel family 6 model 13 stepping 8');
    assert.equal(info.cpuCount, 8);
  });

  it('takes the kernel release from uname where Linux leaves the numbers at zero', () => {
    const linux = (csdVersion: string) => {
      const info = of('linux', 'amd64', { version: [0, 0, 0], csdVersion });
      return [info.osVersion, info.osBuild];
    };
    const build = '#1 SMP Mon Nov 6 16:00:12 UTC 2017';
    assert.deepEqual(linux(`Linux 4.9.60 ${build} x86_64 Linux/GNU`), ['4.9.60', build]);
    assert.deepEqual(linux(`Linux 4.9.60 ${build} x86_64`), ['4.9.60', build]);
    assert.deepEqual(linux(''), ['0.0.0', null]);
    assert.deepEqual(linux('Linux'), ['0.0.0', 'Linux']);
  });

  it('names parts and features of arm processors', () => {
    const cpuUnion = new Uint8Array(8);
    new DataView(cpuUnion.buffer).setUint32(0, 0x411fc091, true);
    new DataView(cpuUnion.buffer).setUint32(4, 0b1000000010, true);
    assert.equal(of('android', 'arm', { level: 7, cpuUnion }).cpuInfo, 'ARMv7 ARM Cortex-A9 features: half,iwmmxt');
    new DataView(cpuUnion.buffer).setUint32(0, 0x77001230, true);
    assert.match(
      of('android', 'arm', { level: 8, cpuUnion }).cpuInfo ?? '',
      /^ARMv8 vendor\(0x77\) part\(0x77001230\)/,
    );
  });

  it('keeps unknown systems and processors as such', () => {
    const info = of('linux', 'amd64', { platformId: 0x9999, architecture: 0x7777 });
    assert.deepEqual([info.os, info.cpu, info.platformId], ['unknown', 'unknown', 0x9999]);
  });
});

describe('threads', () => {
  it('joins names by id and drops unreadable names singly', () => {
    const made = new MinidumpBuilder({ cpu: 'amd64', os: 'windows' }).systemInfo();
    made.thread({ id: 10 }).thread({ id: 20, teb: 0x7ff000n }).thread({ id: 30 });
    const names = made.section().u32(3);
    names.u32(20).rva64(names.text('GeckoMain'));
    names.u32(10).rva64(names.section().u32(2).u16(0xd800));
    names.u32(30).u64(0xffff_ffff_ffff_ffffn);
    const dump = open(made.stream(24, names));
    assert.deepEqual(
      dump.threads.map((thread) => thread.name),
      [null, 'GeckoMain', null],
    );
    assert.equal(dump.threads[1]?.teb, 0x7ff000n);
    assert.equal(dump.warnings.length, 2);
    assert.equal(dump.threadIndexOf(20), 1);
    assert.equal(dump.threadIndexOf(99), undefined);
  });

  it('cuts very long names', () => {
    const dump = open(
      new MinidumpBuilder({ cpu: 'amd64', os: 'windows' }).systemInfo().thread({ id: 1, name: 'x😀'.repeat(3000) }),
    );
    assert.equal(dump.threads[0]?.name?.length, 4096);
  });

  it('reads start addresses', () => {
    const made = builder('windows');
    const infos = made.section().u32(12).u32(64).u32(1).u32(1).zeros(44).u64(0x401000).u64(0);
    assert.equal(open(made.stream(17, infos)).threads[0]?.startAddress, 0x401000n);
  });
});

describe('exception', () => {
  it('reads code, flags, address, parameters and registers', () => {
    const made = builder('windows').exception({
      threadId: 1,
      code: 0xc0000005,
      flags: 1,
      address: 0x401000n,
      parameters: [1n, 0x45n],
      registers: { rip: 0x401000n },
    });
    const { exception } = open(made);
    assert.deepEqual(
      [exception?.threadId, exception?.code, exception?.flags, exception?.address, exception?.parameters],
      [1, 0xc0000005, 1, 0x401000n, [1n, 0x45n]],
    );
    assert.equal(exception?.context?.registers.get('rip'), 0x401000n);
  });

  it('reads at most fifteen parameters whatever the count says', () => {
    const dump = open(builder().exception({ threadId: 1, code: 11, parameterCount: 0xffffffff }));
    assert.equal(dump.exception?.parameters.length, 15);
    assert.equal(dump.warnings.length, 1);
  });

  it('leaves out one that is too short', () => {
    const made = builder();
    const dump = open(made.stream(6, made.section().zeros(160)));
    assert.equal(dump.exception, null);
    assert.equal(dump.warnings.length, 1);
  });
});

describe('process facts', () => {
  for (const version of [1, 2, 3, 4, 5] as const)
    it(`reads version ${version} of the misc info`, () => {
      const dump = open(
        builder('windows').time(1000).miscInfo({ pid: 42, createTime: 900, version, build: '22621.ni_release' }),
      );
      assert.equal(dump.processId, 42);
      assert.equal(dump.processUptimeS, 100);
      assert.equal(dump.misc?.processUserTimeS, 7);
      assert.equal(dump.misc?.buildString, version >= 4 ? '22621.ni_release' : null);
      assert.equal(dump.misc?.debugBuildString, version >= 4 ? 'dbg' : null);
    });

  it('has no uptime when the process began after the dump', () => {
    assert.equal(open(builder().time(1000).miscInfo({ pid: 1, createTime: 1001 })).processUptimeS, null);
  });

  it('takes the process id of Linux from its status', () => {
    assert.equal(open(builder().text(0x47670004, 'Name:\tapp\nPid:\t1304\nPPid:\t1\n')).processId, 1304);
  });

  it('reads which threads wrote and asked for the dump', () => {
    const made = builder();
    const dump = open(made.stream(0x47670001, made.section().u32(3).u32(7).u32(8)));
    assert.deepEqual(dump.breakpadInfo, { dumpThreadId: 7, requestingThreadId: 8 });
    const partly = builder();
    partly.stream(0x47670001, partly.section().u32(2).u32(7).u32(8));
    assert.deepEqual(open(partly).breakpadInfo, { dumpThreadId: null, requestingThreadId: 8 });
  });

  it('reads assertions', () => {
    const made = builder('windows');
    const section = made.section().utf16Field('x != 0', 256).utf16Field('main', 256).utf16Field('a.cc', 256);
    assert.deepEqual(open(made.stream(0x47670002, section.u32(12).u32(1))).assertion, {
      kind: 'invalid_parameter',
      expression: 'x != 0',
      function: 'main',
      file: 'a.cc',
      line: 12,
    });
  });

  it('reads comments', () => {
    assert.equal(open(builder().text(10, 'plain\0')).comment, 'plain');
    const made = builder();
    assert.equal(open(made.text(10, 'plain').stream(11, made.section().utf16('wíde').u16(0))).comment, 'wíde');
  });

  it('reads handles with descriptors of both sizes', () => {
    for (const size of [32, 40]) {
      const made = builder('windows');
      const section = made.section().u32(16).u32(size).u32(2).u32(0);
      section
        .u64(0x44)
        .rva(section.text('File'))
        .rva(section.text('\\Device\\x'))
        .zeros(size - 16);
      section
        .u64(0x48)
        .u32(0)
        .u32(0xfffffff0)
        .zeros(size - 16);
      assert.deepEqual(open(made.stream(12, section)).handles, [
        { handle: 0x44n, typeName: 'File', objectName: '\\Device\\x' },
        { handle: 0x48n, typeName: null, objectName: null },
      ]);
    }
  });

  it('reads soft errors as JSON, and warns when they are none', () => {
    assert.deepEqual(open(builder().text(0x4d7a0004, '[{"InitErrors":[]}]')).softErrors, [{ InitErrors: [] }]);
    const deep = open(builder().text(0x4d7a0004, '['.repeat(100_000) + ']'.repeat(100_000)));
    assert.equal(deep.softErrors, null);
    const broken = open(builder().text(0x4d7a0004, '[{'));
    assert.equal(broken.softErrors, null);
    assert.equal(broken.warnings.length, 1);
  });
});

describe('Linux', () => {
  it('reads what /proc and /etc say', () => {
    const made = builder()
      .text(0x47670003, 'processor\t: 0\nmicrocode\t: 0xf4\n\nprocessor\t: 1\nmicrocode\t: 0xff\n')
      .text(
        0x47670005,
        'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=16.04\nDISTRIB_CODENAME=xenial\nDISTRIB_DESCRIPTION="Ubuntu 16.04.3 LTS"\n',
      )
      .text(0x47670006, '/usr/bin/app\0--flag\0\0')
      .text(0x47670007, 'HOME=/home/u\0A=b=c\0');
    const dump = open(made);
    assert.equal(dump.systemInfo.cpuMicrocodeVersion, 0xf4);
    assert.deepEqual(dump.lsbRelease, {
      id: 'Ubuntu',
      release: '16.04',
      codename: 'xenial',
      description: 'Ubuntu 16.04.3 LTS',
    });
    assert.deepEqual(dump.linux.commandLine, ['/usr/bin/app', '--flag']);
    assert.equal(dump.linux.environment?.get('A'), 'b=c');
  });

  it('reads os-release in the place of lsb-release', () => {
    const dump = open(builder().text(0x47670005, 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'));
    assert.deepEqual(dump.lsbRelease, {
      id: 'debian',
      release: '12',
      codename: '',
      description: 'Debian GNU/Linux 12',
    });
  });

  it('reads process limits by columns', () => {
    const text =
      'Limit                     Soft Limit           Hard Limit           Units     \n' +
      'Max cpu time              unlimited            unlimited            seconds   \n' +
      'Max open files            1024                 1048576              files     \n' +
      'Max nice priority         0                    x                    \n';
    assert.deepEqual(open(builder().text(0x4d7a0003, text)).procLimits, [
      { name: 'Max cpu time', soft: 'unlimited', hard: 'unlimited', unit: 'seconds' },
      { name: 'Max open files', soft: 1024, hard: 1048576, unit: 'files' },
      { name: 'Max nice priority', soft: 0, hard: 'err', unit: 'n/a' },
    ]);
  });
});

describe('Crashpad', () => {
  const dictionary = (section: Section, entries: Readonly<Record<string, string>>): Section => {
    const list = section.section().u32(Object.keys(entries).length);
    for (const [key, value] of Object.entries(entries)) list.rva(list.text8(key)).rva(list.text8(value));
    return list;
  };
  const info = (made: MinidumpBuilder, simple: Section | undefined, modules?: Section): Section => {
    const section = made.section().u32(1);
    section.u32(0x01020304).u16(0x0506).u16(0x0708).bytes([9, 10, 11, 12, 13, 14, 15, 16]).zeros(16);
    return section.location(simple).location(modules);
  };

  it('reads ids, annotations of the process and of modules, and the address mask', () => {
    const made = builder('mac');
    const objects = made.section().u32(2);
    objects.rva(objects.text8('ptype')).u16(1).u16(0).rva(objects.section().u32(7).ascii('browser'));
    objects
      .rva(objects.text8('blob'))
      .u16(0x8001)
      .u16(0)
      .rva(objects.section().u32(2).bytes([0xff, 1]));
    const module = made.section().u32(1);
    module.location(module.section().u32(1).rva(module.text8('from list')));
    module.location(dictionary(module, { channel: 'beta' })).location(objects);
    const link = made.section().u32(1).u32(3).location(module);
    const section = info(made, dictionary(made.section(), { prod: 'Näme', __proto__x: '1' }), link);
    const { crashpad } = open(made.stream(0x43500001, section.u32(0).u64(0x7fffffffffffn)));
    assert.equal(crashpad?.reportId, '01020304-0506-0708-090a-0b0c0d0e0f10');
    assert.equal(crashpad?.clientId, null);
    assert.equal(crashpad?.addressMask, 0x7fffffffffffn);
    assert.deepEqual(
      [...(crashpad?.simpleAnnotations ?? [])],
      [
        ['prod', 'Näme'],
        ['__proto__x', '1'],
      ],
    );
    const [read] = crashpad?.modules ?? [];
    assert.equal(read?.moduleIndex, 3);
    assert.deepEqual(read?.listAnnotations, ['from list']);
    assert.equal(read?.simpleAnnotations.get('channel'), 'beta');
    assert.equal(read?.annotationObjects.get('ptype')?.value, 'browser');
    assert.deepEqual([...(read?.annotationObjects.get('blob')?.bytes ?? [])], [0xff, 1]);
    assert.equal(read?.annotationObjects.get('blob')?.value, null);
  });

  it('refuses version 0 and keeps hostile lists within their limits', () => {
    const zero = builder('mac');
    assert.equal(open(zero.stream(0x43500001, zero.section().zeros(52))).crashpad, null);
    const made = builder('mac');
    const large = made.section().text8('x'.repeat(100_000));
    const list = made.section().u32(20_000);
    for (let index = 0; index < 20_000; index++) list.rva(list.text8(`key${index}`)).rva(large);
    const { crashpad, warnings } = open(made.stream(0x43500001, info(made, list)));
    assert.equal(crashpad?.simpleAnnotations.size, 10);
    assert.equal(warnings.length, 1);
  });
});

describe('macOS', () => {
  const strings = (section: Section, ...texts: string[]): Section =>
    texts.reduce((to, text) => to.ascii(text).u8(0), section);
  const withRecords = (
    made: MinidumpBuilder,
    startSize: number,
    records: readonly Section[],
    count = records.length,
  ) => {
    const section = made.section().u32(0x4d7a0001).u32(count).u32(startSize);
    for (let index = 0; index < 20; index++) section.location(records[index]);
    return made.stream(0x4d7a0001, section);
  };

  it('reads crash info records of all versions', () => {
    const made = builder('mac');
    const first = strings(
      made.section().u64(0x4d7a0001).u64(5).u64(0x103).u64(1).u64(2),
      '/lib',
      'msg',
      'sig',
      'bt',
      'two',
    );
    const second = strings(made.section().u64(0x4d7a0001).u64(5).u64(0).u64(0).u64(0), '', 'only');
    assert.deepEqual(open(withRecords(made, 40, [first, second])).macCrashInfo, [
      {
        version: 5,
        thread: 0x103n,
        dialogMode: 1n,
        abortCause: 2n,
        module: '/lib',
        message: 'msg',
        signature: 'sig',
        backtrace: 'bt',
        message2: 'two',
      },
      {
        version: 5,
        thread: 0n,
        dialogMode: 0n,
        abortCause: 0n,
        module: null,
        message: 'only',
        signature: null,
        backtrace: null,
        message2: null,
      },
    ]);
    const old = builder('mac');
    const [record] = open(withRecords(old, 16, [strings(old.section().u64(1).u64(1), 'm')])).macCrashInfo ?? [];
    assert.deepEqual([record?.version, record?.thread, record?.module], [1, null, 'm']);
  });

  it('leaves out records of another version and bounds count and strings', () => {
    const made = builder('mac');
    const record = (version: number) => strings(made.section().u64(1).u64(version).zeros(24), 'x'.repeat(20_000));
    const { macCrashInfo, warnings } = open(withRecords(made, 40, [record(5), record(4), record(9)], 0xffffffff));
    assert.deepEqual(
      macCrashInfo?.map((entry) => entry.module?.length),
      [8192],
    );
    assert.ok(warnings.length > 0);
  });

  it('reads boot arguments', () => {
    const made = builder('mac');
    const section = made.section().u32(0x4d7a0002);
    assert.equal(
      open(made.stream(0x4d7a0002, section.rva64(section.text('-v keepsyms=1')))).macBootArgs,
      '-v keepsyms=1',
    );
  });
});
