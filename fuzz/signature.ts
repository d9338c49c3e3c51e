// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Makes signatures of hostile crash data: `npm run fuzz:signature -- [--crashes N] [--seed N]`.
// Prints JSON; exit code 1 when something was thrown, a signature breaks its promises, or one crash took too long.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { JsonObject } from '../src/lib/json.ts';
import { generateSignature, parseSiglists, type SignatureOptions, signatureText } from '../src/signature/signature.ts';

const directory = join(import.meta.dirname, '../siglists');
const lists = parseSiglists(
  Object.fromEntries(readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')])),
);

const anyJson = fc.jsonValue({ maxDepth: 3 });
const piece = fc.constantFrom(
  ...['<', '>', '(', ')', '[', ']', '{', '}', '`', "'", ' ', ',', '::', '*', '&', 'const', 'operator', ' as ', ' in '],
  ...['IPC::ParamTraits', '(anonymous namespace)', '[clone .cold.1]', '::$_1::', '::h00ff', '<name omitted>', 'malloc'],
  ...[
    'abort',
    'RunWatchdog',
    '.dll',
    '@0x1',
    '###!!! ABORT:',
    ': file ',
    '\n',
    '\u0000',
    '\u202e',
    '灯',
    '🏮',
    '\ud83c',
  ],
);
const text = fc.oneof(
  { weight: 6, arbitrary: fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(piece, fc.integer({ min: 1, max: 200_000 })).map(([p, n]) => p.repeat(n / p.length)),
  },
);
const value = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: anyJson });
const place = fc.record(
  { function: value, file: fc.oneof(value, fc.constant('/x/wick.rs')), line: fc.oneof(fc.integer(), value) },
  { requiredKeys: [] },
);
const frame = fc.oneof(
  { weight: 9, arbitrary: place },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        module: value,
        module_offset: value,
        offset: value,
        inlines: fc.oneof(fc.array(place, { maxLength: 60 }), anyJson),
        unloaded_modules: fc.oneof(fc.array(fc.record({ module: value }), { maxLength: 3 }), anyJson),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: anyJson },
);
const thread = fc.oneof(fc.record({ frames: fc.array(frame, { maxLength: 60 }), last_error_value: value }), anyJson);
const javaException = fc.record({
  exception: fc.record({ values: fc.array(fc.record({ stacktrace: fc.oneof(anyJson, fc.record({ type: value })) })) }),
});

/** Crash data as nobody sane would send it. */
export const hostileCrashData: fc.Arbitrary<JsonObject> = fc.record(
  {
    crashing_thread: fc.oneof(fc.integer({ min: -3, max: 3 }), value),
    threads: fc.oneof({ weight: 4, arbitrary: fc.array(thread, { maxLength: 3 }) }, { weight: 1, arbitrary: anyJson }),
    os: fc.oneof(fc.constant('Windows NT'), value),
    reason: fc.oneof(
      fc.constantFrom('EXCEPTION_STACK_OVERFLOW', 'STATUS_NO_MEMORY', 'STATUS_DEVICE_DATA_ERROR'),
      value,
    ),
    java_stack_trace: value,
    java_exception: fc.oneof(javaException, anyJson),
    oom_allocation_size: fc.oneof(fc.double(), value),
    js_large_allocation_failure: fc.oneof(fc.constant('Reporting'), value),
    abort_message: value,
    hang: value,
    hang_type: fc.constantFrom(-1, 0, 1),
    async_shutdown_timeout: fc.oneof(value, fc.json()),
    ipc_channel_error: value,
    ipc_message_name: value,
    mdsw_status_string: value,
    additional_minidumps: value,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;

/** What every signature promises, whatever the crash data; returns the time it took. */
export function checkPromises(crashData: JsonObject, era: SignatureOptions['era']): number {
  const start = performance.now();
  const result = generateSignature(crashData, { lists, era, provisional: era === 'today' });
  const tookMs = performance.now() - start;
  const fail = (what: string): never => {
    throw new Error(`${what}: ${JSON.stringify(result.signature).slice(0, 300)}`);
  };
  if ([...result.signature].length > 255) fail('longer than 255 code points');
  if (era === 'today' && !/^[ -~]+$/.test(result.signature)) fail('empty or not printable ASCII');
  if (result.explanation.frames.length > 40) fail('more than 40 frames');
  if ((result.proto_signature?.length ?? 0) > 40 * 8195) fail('proto signature too long');
  if (/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/.test(signatureText(result))) fail('control characters in the text');
  return tookMs;
}

/** Checks `crashes` crashes in both eras and gives the slowest time; throws with the seed when one breaks a promise. */
export function fuzzSignatures(crashes: number, seed: number): { slowestMs: number } {
  let slowestMs = 0;
  fc.assert(
    fc.property(hostileCrashData, fc.constantFrom<SignatureOptions['era'][]>('today', '2015'), (crashData, era) => {
      slowestMs = Math.max(slowestMs, checkPromises(crashData, era));
    }),
    { numRuns: crashes, seed },
  );
  return { slowestMs };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { crashes: { type: 'string', default: '200000' }, seed: { type: 'string', default: '1' } },
  });
  const { slowestMs } = fuzzSignatures(Number(values.crashes), Number(values.seed));
  const isTooSlow = slowestMs > 2000;
  process.stdout.write(`${JSON.stringify({ fuzz: 'signature', ...values, slowestMs: Math.round(slowestMs) })}\n`);
  if (isTooSlow) process.exitCode = 1;
}
