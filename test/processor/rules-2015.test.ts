// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { mainDumpName } from '../../src/crash/raw-crash.ts';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import { applyRuleSet } from '../../src/processor/apply-rules.ts';
import type { DumpFile } from '../../src/processor/dump-files.ts';
import { presets } from '../../src/processor/presets.ts';
import { RuleRegistry } from '../../src/processor/rule-sets.ts';
import { temporaryFolder } from '../services/temporary-folder.ts';
import { type ContextParts, contextOf, stackwalkOf } from './fakes.ts';

// Rules that only the sets of 2015 have: there are no vectors for them, so each has cases of its own, made from the
// description of the behaviour.

interface Case extends ContextParts {
  readonly rule: string;
  readonly about?: string;
  /** Fields of the processed crash that the rule changed. */
  readonly changed?: JsonObject;
  readonly rawChanged?: JsonObject;
  readonly expectedNotes?: readonly string[];
}

const registry = new RuleRegistry();

async function apply(testCase: Case) {
  const context = contextOf(testCase);
  const rule = registry.find(testCase.rule, 'socorro-2015');
  await applyRuleSet({ name: 'set', mode: 'apply_all_rules', rules: [rule] }, context, 'default');
  return context;
}

function changesOf(before: JsonObject, after: JsonObject): JsonObject {
  const changed: JsonObject = {};
  for (const key of Object.keys(after))
    if (JSON.stringify(before[key]) !== JSON.stringify(after[key])) changed[key] = after[key] as JsonValue;
  return changed;
}

const dumpOf = (system: JsonObject) => ({ json_dump: { system_info: system } });
const support = (classification: string) => ({
  classifications: { support: { classification, classification_data: null, classification_version: '1.0' } },
});
const skunk = (classification: string) => ({
  classifications: { skunk_works: { classification, classification_data: null, classification_version: '0.1' } },
});
const flash2 = (functions: readonly string[]) => ({
  upload_file_minidump_flash2: { json_dump: stackwalkOf(functions), success: true },
});
const hang = {
  PluginHang: '1',
  ProductName: 'Firefox',
  Version: '19.0',
  BuildID: '20130101030405',
};
const x86 = { json_dump: { system_info: { cpu_arch: 'x86' } }, success: true };
const submitted = '2012-05-08T23:26:33.454482+00:00';

const cases: readonly Case[] = [
  {
    rule: 'ProductRewrite',
    raw: { ProductName: 'Fennec', ProductID: '{aa3c}' },
    services: { productIds: new Map([['{aa3c}', 'FennecAndroid']]) },
    rawChanged: { ProductName: 'FennecAndroid' },
  },
  { rule: 'ProductRewrite', about: 'unknown id', raw: { ProductName: 'Fennec', ProductID: '{b}' } },
  { rule: 'ESRVersionRewrite', raw: { ReleaseChannel: 'esr', Version: '24.1' }, rawChanged: { Version: '24.1esr' } },
  { rule: 'ESRVersionRewrite', about: 'case', raw: { ReleaseChannel: 'ESR', Version: '24.1' } },
  {
    rule: 'ESRVersionRewrite',
    about: 'no version',
    raw: { ReleaseChannel: 'esr' },
    expectedNotes: ['"Version" missing from esr release raw_crash'],
  },
  { rule: 'PluginContentURL', raw: { PluginContentURL: 'http://a', URL: 'http://b' }, rawChanged: { URL: 'http://a' } },
  { rule: 'PluginUserComment', raw: { PluginUserComment: 'oh', Comments: 'x' }, rawChanged: { Comments: 'oh' } },
  {
    rule: 'FennecBetaError20150430',
    raw: { ProductName: 'FennecAndroid', BuildID: '20150427090529', ReleaseChannel: 'release' },
    rawChanged: { ReleaseChannel: 'beta' },
  },
  {
    rule: 'FennecBetaError20150430',
    about: 'other build',
    raw: { ProductName: 'Fennec', BuildID: '20150427090530', ReleaseChannel: 'release' },
  },
  {
    rule: 'ProductRule',
    raw: { ProductName: 'Firefox', Version: '12.0', Distributor: 'd' },
    changed: {
      product: 'Firefox',
      version: '12.0',
      productid: '',
      distributor: 'd',
      distributor_version: null,
      release_channel: '',
      ReleaseChannel: '',
      build: '',
    },
  },
  {
    rule: 'UserDataRule',
    raw: { URL: 'http://a', Email: 'a@example.org' },
    changed: { url: 'http://a', user_comments: null, email: 'a@example.org', user_id: '' },
  },
  { rule: 'EnvironmentRule', raw: { Notes: 'n' }, changed: { app_notes: 'n' } },
  { rule: 'EnvironmentRule', about: 'absent', changed: { app_notes: '' } },
  {
    rule: 'PluginRule',
    raw: { uuid: 'u', PluginHang: '1', ProcessType: 'plugin', PluginName: 'Flash' },
    changed: {
      hangid: 'fake-u',
      hang_type: -1,
      process_type: 'plugin',
      PluginFilename: '',
      PluginName: 'Flash',
      PluginVersion: '',
    },
  },
  {
    rule: 'PluginRule',
    about: 'browser hang',
    raw: { Hang: '1', HangID: 'h', PluginHang: 'x' },
    changed: { hangid: 'h', hang_type: 1, process_type: null },
  },
  { rule: 'PluginRule', about: 'no hang', changed: { hangid: null, hang_type: 0, process_type: null } },
  {
    rule: 'AddonsRule',
    raw: { 'Add-ons': 'a%40b:1.0,bad', EMCheckCompatibility: 'True' },
    changed: {
      addons_checked: true,
      addons: [
        ['a@b', '1.0'],
        ['bad', ''],
      ],
    },
    expectedNotes: ['add-on "bad" is a bad name and/or version'],
  },
  {
    rule: 'DatesAndTimesRule',
    raw: {
      submitted_timestamp: submitted,
      CrashTime: '1336519554',
      StartupTime: '1336499438',
      InstallTime: '1335439892',
      SecondsSinceLastCrash: '86985',
    },
    changed: {
      submitted_timestamp: submitted,
      date_processed: submitted,
      crash_time: 1336519554,
      client_crash_date: '2012-05-08T23:25:54+00:00',
      install_age: 1079662,
      uptime: 20116,
      last_crash: 86985,
    },
  },
  {
    rule: 'DatesAndTimesRule',
    about: 'only the date of the id, and the old annotation',
    raw: { uuid: '11111111-2222-4333-8444-555550120508', timestamp: 'soon' },
    changed: {
      submitted_timestamp: '2012-05-08T00:00:00+00:00',
      date_processed: '2012-05-08T00:00:00+00:00',
      crash_time: 0,
      client_crash_date: '1970-01-01T00:00:00+00:00',
      install_age: 0,
      uptime: 0,
      last_crash: null,
    },
    expectedNotes: [
      'submitted_timestamp missing: date of the crash id used',
      'non-integer value of "timestamp"',
      'WARNING: raw_crash missing CrashTime',
      'non-integer value of "SecondsSinceLastCrash"',
    ],
  },
  {
    rule: 'JavaProcessRule',
    raw: { JavaStackTrace: 'a: b' },
    changed: { java_stack_trace: 'a: b' },
  },
  {
    rule: 'JavaProcessRule',
    about: 'absent',
    changed: { java_stack_trace: null },
    rawChanged: { JavaStackTrace: null },
  },
  { rule: 'Winsock_LSPRule', raw: { Winsock_LSP: 'lsp' }, changed: { Winsock_LSP: 'lsp' } },
  {
    rule: 'CrashingThreadRule',
    processed: { json_dump: { crash_info: { crashing_thread: 3, address: '0x10', type: 'SIGBUS' } } },
    changed: { crashedThread: 3, truncated: false, address: '0x10', reason: 'SIGBUS' },
  },
  {
    rule: 'CrashingThreadRule',
    about: 'nothing known',
    changed: { crashedThread: null, truncated: false, address: null, reason: null },
    expectedNotes: ['MDSW did not identify the crashing thread'],
  },
  {
    rule: 'CPUInfoRule',
    processed: dumpOf({ cpu_info: 'family 6', cpu_count: 4, cpu_arch: 'x86' }),
    changed: { cpu_info: 'family 6 | 4', cpu_name: 'x86' },
  },
  { rule: 'CPUInfoRule', about: 'nothing known', changed: { cpu_info: '', cpu_name: '' } },
  {
    rule: 'OSInfoRule',
    processed: dumpOf({ os: ' Windows NT ', os_ver: '6.1.7601 ' }),
    changed: { os_name: 'Windows NT', os_version: '6.1.7601' },
  },
  {
    rule: 'BetaVersionRule',
    processed: { product: 'WaterWolf', version: '3.0', build: '20001001101010', release_channel: 'BETA' },
    services: { versions: { knowsProduct: async () => true, versionOf: async () => '3.0b5' } },
    changed: { version: '3.0b5' },
  },
  {
    rule: 'BetaVersionRule',
    about: 'not known',
    processed: { product: 'WaterWolf', version: '3.0', build: 'x', release_channel: 'beta' },
    changed: { version: '3.0b0' },
    expectedNotes: ['release channel is beta but no version data was found - added "b0" suffix to version number'],
  },
  {
    rule: 'ExploitablityRule',
    processed: { json_dump: { sensitive: { exploitability: 'high' } } },
    changed: { exploitability: 'high' },
  },
  {
    rule: 'ExploitablityRule',
    about: 'missing',
    changed: { exploitability: 'unknown' },
    expectedNotes: ['exploitability information missing'],
  },
  {
    rule: 'FlashVersionRule',
    processed: { json_dump: { modules: [{ filename: 'x.dll' }, { filename: 'NPSWF32_11_6_602_171.dll' }] } },
    changed: { flash_version: '11.6.602.171' },
  },
  {
    rule: 'FlashVersionRule',
    about: 'the version of the module wins',
    processed: { json_dump: { modules: [{ filename: 'FlashPlayerPlugin_9_1.exe', version: '9.1.3.08' }] } },
    changed: { flash_version: '9.1.3.08' },
  },
  {
    rule: 'FlashVersionRule',
    about: 'none',
    processed: { json_dump: { modules: [] } },
    changed: { flash_version: '[blank]' },
  },
  {
    rule: 'OSPrettyVersionRule',
    processed: { os_name: 'Windows NT', os_version: '6.2.9200' },
    changed: { os_pretty_version: 'Windows 8' },
  },
  {
    rule: 'OSPrettyVersionRule',
    processed: { os_name: 'Mac OS X', os_version: '10.8.2' },
    changed: { os_pretty_version: 'OS X 10.8' },
  },
  {
    rule: 'OSPrettyVersionRule',
    processed: { os_name: 'Mac OS X', os_version: '11.1' },
    changed: { os_pretty_version: 'OS X Unknown' },
  },
  {
    rule: 'TopMostFilesRule',
    processed: {
      json_dump: {
        crash_info: { crashing_thread: 0 },
        threads: [{ frames: [{}, { file: 'wilma.cc' }, { file: 'x' }] }],
      },
    },
    changed: { topmost_filenames: 'wilma.cc' },
  },
  {
    rule: 'TopMostFilesRule',
    about: 'no thread',
    processed: { json_dump: { crash_info: {} } },
    changed: { topmost_filenames: null },
    expectedNotes: ["no 'topmost_file' name because 'crashing_thread' is missing"],
  },
  {
    rule: 'ThemePrettyNameRule',
    processed: { addons: [['{972ce4c6-7e08-4474-a285-3208198ce6fd}', '12.0']] },
    changed: { addons: [['{972ce4c6-7e08-4474-a285-3208198ce6fd} (default theme)', '12.0']] },
  },
  {
    rule: 'BitguardClassifier',
    processed: { json_dump: { modules: [{ filename: 'bitguard.dll' }] } },
    changed: support('bitguard'),
  },
  {
    rule: 'BitguardClassifier',
    about: 'case counts',
    processed: { json_dump: { modules: [{ filename: 'BitGuard.dll' }] } },
  },
  ...(
    [
      ['Windows NT', '5.0.2195', 'x86', 'firefox-no-longer-works-windows-2000'],
      ['Windows NT', '5.1.2600 Service Pack 2', 'x86', 'firefox-no-longer-works-some-versions-windows-xp'],
      ['Windows NT', '5.1.2600 Service Pack 3', 'x86', 'update-firefox-latest-version'],
      ['Mac OS X', '10.4.11', 'x86', 'firefox-no-longer-works-mac-os-10-4-or-powerpc'],
      ['Mac OS X', '10.6', 'ppc', 'firefox-no-longer-works-mac-os-10-4-or-powerpc'],
      ['Mac OS X', '10.5.8', 'x86', 'firefox-no-longer-works-mac-os-x-10-5'],
      ['Mac OS X', '10.99', 'x86', 'update-firefox-latest-version'],
      ['Linux', '3.2', 'x86', 'update-firefox-latest-version'],
    ] as const
  ).map(([os, os_ver, cpu_arch, advice]) => ({
    rule: 'OutOfDateClassifier',
    about: `${os} ${os_ver} ${cpu_arch}`,
    raw: { ProductName: 'Firefox', Version: '16.0.2' },
    processed: dumpOf({ os, os_ver, cpu_arch }),
    changed: support(advice),
  })),
  { rule: 'OutOfDateClassifier', about: 'recent', raw: { ProductName: 'Firefox', Version: '17' } },
  {
    rule: 'OutOfDateClassifier',
    about: 'a beta is below its release',
    raw: { ProductName: 'Firefox', Version: '17.0b1' },
    changed: support('update-firefox-latest-version'),
  },
  {
    rule: 'SignatureJitCategory',
    processed: { signature: 'a | EnterIon', classifications: { jit: { category: 'UNKNOWN' } } },
    changed: { signature: 'jit | UNKNOWN' },
    expectedNotes: ['Signature replaced with a JIT Crash Category, was: "a | EnterIon"'],
  },
  {
    rule: 'SetWindowPos',
    about: 'of the plug-in process',
    processed: { process_type: 'plugin', json_dump: stackwalkOf(['a', 'NtUserSetWindowPos', 'F_320940052_____']) },
    changed: skunk('NtUserSetWindowPos | F_320940052'),
  },
  {
    rule: 'SetWindowPos',
    about: 'of the Flash process',
    processed: flash2(['NtUserSetWindowPos', 'x', 'F455544145']),
    changed: skunk('NtUserSetWindowPos | F455544145'),
  },
  {
    rule: 'SetWindowPos',
    about: 'other',
    processed: flash2(['NtUserSetWindowPos']),
    changed: skunk('NtUserSetWindowPos | other'),
  },
  {
    rule: 'SetWindowPos',
    about: 'too deep',
    processed: flash2(['a', 'b', 'c', 'd', 'e', 'NtUserSetWindowPos']),
  },
  { rule: 'NullClassification', changed: skunk('not classified') },
  { rule: 'NullClassification', about: 'already classified', processed: skunk('x') },
  {
    rule: 'UpdateWindowAttributes',
    processed: {
      process_type: 'plugin',
      json_dump: stackwalkOf([
        'F_1152915508___',
        'between',
        'mozilla::plugins::PluginInstanceChild::UpdateWindowAttributes(bool)',
        'mozilla::ipc::RPCChannel::Call(IPC::Message*, IPC::Message*)',
      ]),
    },
    changed: skunk('adbe-3355131'),
  },
  {
    rule: 'SendWaitReceivePort',
    processed: flash2(['a', 'NtAlpcSendWaitReceivePort']),
    changed: skunk('NtAlpcSendWaitReceivePort'),
  },
  {
    rule: 'Bug811804',
    processed: {
      upload_file_minidump_flash2: {
        signature: 'hang | NtUserWaitMessage | F34033164________________________________',
      },
    },
    changed: skunk('bug811804-NtUserWaitMessage'),
  },
  {
    rule: 'Bug812318',
    processed: flash2(['NtUserPeekMessage', 'F849276792______________________________']),
    changed: skunk('bug812318-PeekMessage'),
  },
  {
    rule: 'Bug812318',
    about: 'other',
    processed: flash2(['NtUserPeekMessage']),
    changed: skunk('NtUserPeekMessage-other'),
  },
  ...(
    [
      ['not a plugin hang', { PluginHang: '0' }, x86],
      ['not Firefox', { ProductName: 'Camino' }, x86],
      ['missing Version', { Version: null }, x86],
      ['Version is not a number', { Version: 'x.1' }, x86],
      ['missing BuildID', { BuildID: null }, x86],
      ['BuildID is not a date', { BuildID: '20139901' }, x86],
      ['Firefox version too old', { Version: '16.0' }, x86],
      ['build date too old', { Version: '18.0', BuildID: '20121022000000' }, x86],
      ['missing json_dump', {}, {}],
      ['x64 architecture', {}, { json_dump: { system_info: { cpu_arch: 'amd64' } } }],
      ['no architecture info', {}, { json_dump: { system_info: {} } }],
      [
        'an additional minidump has an error',
        {},
        {
          ...x86,
          additional_minidumps: ['upload_file_minidump_flash1'],
          upload_file_minidump_flash1: { success: false },
        },
      ],
    ] as const
  ).map(([reason, raw, processed]) => ({
    rule: 'DontConsiderTheseFilter',
    about: reason,
    raw: { ...hang, ...raw } as JsonObject,
    processed: processed as unknown as JsonObject,
    expectedNotes: [`skunk_classifier: reject - ${reason}`],
  })),
  { rule: 'DontConsiderTheseFilter', about: 'interesting', raw: hang, processed: x86 },
];

for (const testCase of cases) {
  test(`${testCase.rule}${testCase.about ? `: ${testCase.about}` : ''}`, async () => {
    const context = await apply(testCase);
    assert.deepEqual(changesOf(testCase.processed ?? {}, context.processed), testCase.changed ?? {});
    assert.deepEqual(changesOf(testCase.raw ?? {}, context.raw), testCase.rawChanged ?? {});
    assert.deepEqual(context.notes.lines, testCase.expectedNotes ?? []);
  });
}

test('BreakpadStackwalkerRule2015 says what went wrong without telling paths', async () => {
  const dumps = new Map<string, DumpFile>([
    [mainDumpName, { name: mainDumpName, path: '/secret/1.dump', sizeBytes: 4 }],
  ]);
  const outcomes = [
    [{ output: Buffer.from('{"status": "OK"}'), exitCode: 0, log: '' }, [], 'OK'],
    [
      { output: Buffer.from('{"sta'), exitCode: 0, log: '' },
      [/^fake output failed in json: /, /^MDSW failed on/],
      'unknown error',
    ],
    [
      { output: Buffer.from('[1,2,3,4,5,6]'), exitCode: 0, log: '' },
      [
        /^MDSW produced unexpected output: \[1,2,3,4,5\.\.\.$/,
        /^MDSW failed on 'upload_file_minidump': unknown error$/,
      ],
      'unknown error',
    ],
    [{ output: null, exitCode: -9, log: '' }, [/^MDSW terminated with SIGKILL due to timeout$/], 'unknown error'],
  ] as const;
  for (const [outcome, notes, status] of outcomes) {
    const walker = { name: 'fake', version: '1', walk: async () => outcome };
    const context = await apply({ rule: 'BreakpadStackwalkerRule2015', dumps, services: { walker } });
    assert.equal(context.notes.lines.length, notes.length);
    for (const [index, note] of notes.entries()) assert.match(context.notes.lines[index] ?? '', note);
    assert.equal(context.processed['mdsw_status_string'], status);
    assert.ok(!context.notes.lines.join().includes('/secret'));
  }
});

test('MissingSymbolsRule records each module once, by the date of the crash', async () => {
  const recorded: unknown[] = [];
  const missingSymbols = { record: async (...values: unknown[]) => void recorded.push(values) };
  const processed = {
    date_processed: '2012-05-08T23:26:33+00:00',
    json_dump: {
      modules: [
        { filename: 'a.dll', debug_file: 'a.pdb', debug_id: 'AA', code_id: 'C', missing_symbols: true },
        { filename: 'b.dll', debug_file: 'b.pdb', missing_symbols: true },
        { filename: 'c.dll', debug_file: 'c.pdb', debug_id: 'CC' },
      ],
    },
  };
  await apply({ rule: 'MissingSymbolsRule', raw: { uuid: 'u' }, processed, services: { missingSymbols } });
  assert.deepEqual(recorded, [
    ['u', '20120508', [{ debugFile: 'a.pdb', debugId: 'AA', codeFile: 'a.dll', codeId: 'C' }]],
  ]);
  const failing = { record: async () => Promise.reject(new Error('no table')) };
  const context = await apply({
    rule: 'MissingSymbolsRule',
    raw: { uuid: 'u' },
    processed,
    services: { missingSymbols: failing },
  });
  assert.deepEqual(context.notes.lines, ['WARNING: missing symbols rule failed for u']);
});

test('JitCrashCategorizeRule runs its program on the dump, without a shell', async () => {
  const folder = temporaryFolder('jit');
  const program = join(folder, 'categorize');
  await writeFile(program, '#!/bin/sh\ncat "$1"\nexit 3\n');
  await chmod(program, 0o755);
  const path = join(folder, 'a $(touch x).dump');
  await writeFile(path, ' BAD_EIP_INSTRUCTION \n');
  const dumps = new Map([[mainDumpName, { name: mainDumpName, path, sizeBytes: 10 }]]);
  const processed = {
    product: 'Firefox',
    os_name: 'Windows NT',
    cpu_name: 'x86',
    signature: 'js::jit::EnterBaseline',
    json_dump: { crash_info: { crashing_thread: 0 }, threads: [{ frames: [{ offset: '0x1' }] }] },
  };
  const services = { jitCategorizerPath: program };
  const context = await apply({ rule: 'JitCrashCategorizeRule', dumps, processed, services });
  assert.deepEqual(context.processed['classifications'], {
    jit: { category: 'BAD_EIP_INSTRUCTION', category_return_code: 3 },
  });
  for (const change of [{ cpu_name: 'amd64' }, { product: 'Camino' }, { signature: 'x' }, { os_name: 'Linux' }]) {
    const other = await apply({
      rule: 'JitCrashCategorizeRule',
      dumps,
      processed: { ...processed, ...change },
      services,
    });
    assert.equal(other.processed['classifications'], undefined);
  }
});

test('signature rules of 2015 run one by one', async () => {
  const context = contextOf({
    raw: { OOMAllocationSize: '300000' },
    processed: { json_dump: stackwalkOf(['malloc', 'App::Crash(int)']) },
  });
  const rules = (presets['socorro-2015'].find(({ name }) => name === 'regenerate_signature')?.sets[0]?.rules ?? []).map(
    (name) => registry.find(name, 'socorro-2015'),
  );
  assert.deepEqual(
    rules.map(({ name }) => name),
    [
      'SignatureGenerationRule',
      'StackwalkerErrorSignatureRule',
      'OOMSignature',
      'AbortSignature',
      'SignatureRunWatchDog',
      'SignatureIPCChannelError',
      'SigTrunc',
    ],
  );
  await applyRuleSet({ name: 'set', mode: 'apply_all_rules', rules }, context, 'default');
  assert.equal(context.processed['signature'], 'OOM | large | malloc | App::Crash(int)');
  assert.equal(context.processed['original_signature'], 'malloc | App::Crash(int)');
});

test('every rule of the sets of 2015 is registered, the disabled ones too', () => {
  const names = presets['socorro-2015'].flatMap(({ sets }) => sets.flatMap(({ rules }) => rules));
  for (const name of [...names, 'UpdateWindowAttributes', 'SendWaitReceivePort', 'Bug811804', 'Bug812318'])
    assert.ok(registry.find(name, 'socorro-2015'));
  for (const off of ['UpdateWindowAttributes', 'SendWaitReceivePort', 'Bug811804', 'Bug812318'])
    assert.ok(!names.includes(off));
});
