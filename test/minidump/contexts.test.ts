// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesSource, openMinidump, registerLayouts } from '../../src/minidump/minidump.ts';
import type { BuilderCpu } from '../builders/context-builder.ts';
import { MinidumpBuilder, type SystemInfoOptions } from '../builders/minidump-builder.ts';

const cpus: readonly BuilderCpu[] = ['x86', 'amd64', 'arm', 'arm64', 'arm64-old', 'mips', 'mips64', 'ppc', 'ppc64'];

const cpuOf = (cpu: BuilderCpu) => (cpu === 'arm64-old' ? 'arm64' : cpu);

function threadOf(builder: MinidumpBuilder, systemInfo: SystemInfoOptions = {}) {
  const dump = openMinidump(bytesSource(builder.systemInfo(systemInfo).build()));
  assert.ok(dump.threads[0]);
  return { thread: dump.threads[0], dump };
}

describe('processor contexts', () => {
  for (const cpu of cpus) {
    for (const isBigEndian of [false, true]) {
      it(`reads every register of ${cpu}${isBigEndian ? ', big-endian' : ''}`, () => {
        const layout = registerLayouts[cpuOf(cpu)];
        assert.ok(layout);
        const top = layout.pointerSizeBytes === 4 ? 0x80000000n : 0x8000000000000000n;
        const registers = Object.fromEntries(layout.generalPurpose.map((name, index) => [name, top + BigInt(index)]));
        const builder = new MinidumpBuilder({ cpu, os: 'linux', isBigEndian }).thread({ id: 1, registers });
        const { thread, dump } = threadOf(builder);
        assert.equal(thread.context?.cpu, cpuOf(cpu));
        for (const [name, value] of Object.entries(registers)) {
          // amd64's eflags is 32 bits wide and not among the printed ones; all others are as wide as a pointer.
          assert.equal(thread.context?.registers.get(name), value, name);
        }
        assert.equal(dump.systemInfo.pointerSizeBytes, layout.pointerSizeBytes);
        assert.deepEqual(dump.warnings, []);
      });
    }
  }

  it('reads segment and flag registers', () => {
    const amd64 = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' });
    amd64.thread({ id: 1, registers: { eflags: 0x10246, cs: 0x33, ss: 0x2b, gs: 7 } });
    const registers = threadOf(amd64).thread.context?.registers;
    assert.deepEqual(
      ['eflags', 'cs', 'ss', 'gs'].map((name) => registers?.get(name)),
      [0x10246n, 0x33n, 0x2bn, 7n],
    );
    const arm = new MinidumpBuilder({ cpu: 'arm', os: 'linux' }).thread({ id: 1, registers: { cpsr: 0x60000010 } });
    assert.equal(threadOf(arm).thread.context?.registers.get('cpsr'), 0x60000010n);
  });

  it('cuts the sign extension of 32-bit mips registers', () => {
    const mips = new MinidumpBuilder({ cpu: 'mips', os: 'linux' });
    mips.thread({ id: 1, registers: { sp: 0xffffffff_80001000n } });
    assert.equal(threadOf(mips).thread.context?.registers.get('sp'), 0x80001000n);
  });

  it('ignores what follows the fixed layout', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'windows' });
    builder.thread({ id: 1, context: builder.context({ rip: 5 }, 0x10005f).zeros(900) });
    assert.equal(threadOf(builder).thread.context?.registers.get('rip'), 5n);
  });

  it('reads contexts that Windows marked as those of an exception', () => {
    const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'windows' });
    builder.thread({ id: 1, context: builder.context({ rip: 5 }, 0x5810001f) });
    assert.equal(threadOf(builder).thread.context?.registers.get('rip'), 5n);
  });

  it('gives no registers for a short context, one of another processor, none at all, and an unknown processor', () => {
    const make = () => new MinidumpBuilder({ cpu: 'amd64', os: 'linux' });
    const short = make();
    short.thread({ id: 1, context: short.section().zeros(1231) });
    const other = make();
    other.thread({ id: 1, context: other.context({ rip: 1 }, 0x400007) });
    const none = make().thread({ id: 1, context: null });
    for (const builder of [short, other, none]) {
      const { thread, dump } = threadOf(builder);
      assert.equal(thread.context, null);
      assert.match(dump.warnings[0]?.message ?? '', /registers of thread 0/);
    }
    const unknown = make().thread({ id: 1, registers: { rip: 1 } });
    assert.equal(threadOf(unknown, { architecture: 0x1234 }).thread.context, null);
  });
});
