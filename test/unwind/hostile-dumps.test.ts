// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SalvageError } from '../../src/lib/errors.ts';
import { bytesSource, openMinidump } from '../../src/minidump/minidump.ts';
import { breakpadMachineDocument } from '../../src/unwind/breakpad-machine.ts';
import { stackwalk, stackwalkBrief, stackwalkText } from '../../src/unwind/unwind.ts';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';
import { makeRandom, SymBuilder } from '../builders/sym-builder.ts';
import { appBase, libBase, providerOf, stackBase } from './synthetic-stack.ts';

const registersOf = {
  amd64: { rip: appBase + 0x110n, rsp: stackBase, rbp: stackBase + 64n },
  x86: { eip: appBase + 0x110n, esp: stackBase, ebp: stackBase + 32n },
  arm: { pc: appBase + 0x110n, sp: stackBase, r7: stackBase + 32n, lr: appBase + 0x120n },
  arm64: { pc: appBase + 0x110n, sp: stackBase, fp: stackBase + 64n, lr: appBase + 0x120n },
} as const;

function sample(cpu: keyof typeof registersOf): Uint8Array {
  const stack = Buffer.alloc(512);
  for (let at = 0; at < stack.length; at += 8)
    stack.writeBigUInt64LE(at % 16 ? appBase + 0x130n : stackBase + BigInt(at + 32), at);
  return new MinidumpBuilder({ cpu, os: cpu === 'arm' ? 'ios' : 'windows' })
    .systemInfo()
    .module({ base: appBase, size: 0x10000, name: '/opt/app' })
    .module({ base: libBase, size: 0x10000, name: '/opt/lib' })
    .thread({ id: 7, name: 'main', registers: registersOf[cpu], stack: { start: stackBase, bytes: stack } })
    .exception({ threadId: 7, code: 0xc0000005, address: 4n, parameters: [0n, 4n], registers: registersOf[cpu] })
    .unloadedModule([{ base: 0x100n, size: 0x100, name: 'gone' }])
    .build();
}

const symbols = () =>
  new SymBuilder()
    .module()
    .func(0x100, 0x100, 'f')
    .cfiInit(0x100, 0x100, '.cfa: $rsp 16 + .ra: .cfa -8 + ^')
    .win(4, 0x100, 0x100, [0, 0, 4, 4, 4, 0], '$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =');

const mutationsPerProcessor = 400;
const oneWalkMsMax = 5000;

for (const cpu of ['amd64', 'x86', 'arm', 'arm64'] as const)
  test(`a dump of ${cpu} mutated ${mutationsPerProcessor} times gives a document or a slug, quickly`, async () => {
    const random = makeRandom(4711);
    const good = sample(cpu);
    const provider = providerOf(symbols());
    let documents = 0;
    for (let number = 0; number < mutationsPerProcessor; number += 1) {
      const bytes = Uint8Array.from(good);
      const extremes = [0, 1, 0x7f, 0x80, 0xff, Math.floor(random() * 256)];
      for (let change = 0; change <= number % 6; change += 1)
        bytes[Math.floor(random() * bytes.length)] = extremes[Math.floor(random() * extremes.length)] as number;
      const startMs = performance.now();
      try {
        const walk = await stackwalk(openMinidump(bytesSource(bytes)), provider);
        assert.ok(JSON.stringify(walk).length > 0 && stackwalkText(walk).length > 0);
        assert.ok(stackwalkBrief(walk, { isColoured: true, showsAllThreads: true }).length > 0);
        documents += 1;
      } catch (error) {
        assert.ok(error instanceof SalvageError, `mutation ${number}: ${error instanceof Error ? error.stack : error}`);
      }
      assert.ok(performance.now() - startMs < oneWalkMsMax, `mutation ${number} took too long`);
    }
    assert.ok(documents > mutationsPerProcessor / 2);
  });

test('an external walker with 200 000 threads gives a document of bounded size', () => {
  const threads = Array.from({ length: 200_000 }, (_, index) => `${index}|0|app|f|||0x1`);
  const walk = breakpadMachineDocument(['OS|Linux|1', 'CPU|amd64||1', ...threads].join('\n'));
  assert.equal(walk?.threads.length, 4096);
});

test('no text of an external walker makes the conversion throw', () => {
  const field = fc.oneof(
    fc.constantFrom('OS', 'CPU', 'Crash', 'Module', '0', '1', '4096', '99999999', '0x10', ''),
    fc.string(),
  );
  const line = fc.array(field, { maxLength: 9 }).map((fields) => fields.join('|'));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const walk = breakpadMachineDocument(['OS|Linux|1', 'CPU|amd64||1', ...lines].join('\n'));
      return walk !== null && walk.threads.length <= 4096 && JSON.stringify(walk).length > 0;
    }),
    { numRuns: 500 },
  );
});
