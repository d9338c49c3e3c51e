// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { SignatureOptions } from '../signature/signature.ts';
import type { RuleSetMode } from './apply-rules.ts';

/** A rule set as data: names of rules in order. */
export interface RuleSetSpec {
  readonly name: string;
  /** Free text of the 2016 configuration, e.g. `processor.json_rewrite`; nothing depends on it. */
  readonly tag?: string;
  readonly mode: RuleSetMode;
  readonly rules: readonly string[];
}

/** What a queue message may name after the crash id: rule sets applied one after the other. */
export interface PipelineSpec {
  readonly name: string;
  /** Where a rule's plain name is looked up first: some names mean another rule in 2015. */
  readonly era: 'today' | 'socorro-2015';
  readonly sets: readonly RuleSetSpec[];
  /** Start from the stored processed crash instead of an empty one. */
  readonly keepsProcessed?: boolean;
}

export const presetNames = ['salvage', 'today', 'socorro-2015', 'lite', 'base'] as const;
export type PresetName = (typeof presetNames)[number];

/** How a preset makes signatures, for those who make one outside the processor. */
export function signingOf(preset: PresetName): Pick<SignatureOptions, 'era' | 'provisional'> {
  const isOf2015 = preset === 'socorro-2015' || preset === 'lite';
  return { era: isOf2015 ? '2015' : 'today', provisional: preset === 'salvage' };
}

/** Socorro's default rule set of 2026 in its order (processor.md §2.7). */
const todayRules = [
  'DeNullRule',
  'DeNoneRule',
  'CrashReportKeysRule',
  'CollectorMetadataRule',
  // Before anything reads annotations: the walker wants text here.
  'ConvertModuleSignatureInfoRule',
  'CopyFromRawCrashRule',
  'FenixVersionRewriteRule',
  'ESRVersionRewrite',
  'SubmittedFromRule',
  'IdentifierRule',
  'MinidumpSha256HashRule',
  'MinidumpStackwalkRule',
  'ModuleURLRewriteRule',
  'CrashingThreadInfoRule',
  'TruncateStacksRule',
  'PossibleBitFlipsRule',
  'CrashInconsistenciesRule',
  'HasGuardPageAccessRule',
  'MajorVersionRule',
  'PluginRule',
  'ProcessTypeRule',
  'AccessibilityRule',
  'AddonsRule',
  'DatesAndTimesRule',
  'OutOfMemoryBinaryRule',
  'PHCRule',
  'BreadcrumbsRule',
  'JavaStackTraceRule',
  'MacBootArgsRule',
  'MacCrashInfoRule',
  'MozCrashReasonRule',
  'UtilityActorsNameRule',
  'ReportTypeRule',
  'CPUInfoRule',
  'AndroidCPUInfoRule',
  'DistributionIdRule',
  'OSInfoRule',
  'AndroidOSInfoRule',
  // After the walker and Android had their say.
  'PlatformInfoRule',
  'BetaVersionRule',
  'OSPrettyVersionRule',
  'TopMostFilesRule',
  'ModulesInStackRule',
  'MissingSymbolsRule',
  'ThemePrettyNameRule',
  'MemoryReportExtraction',
  'SoftErrorsRule',
  'ThreadCountRule',
  // Near the end: it reads what all the others found.
  'SignatureGeneratorRule',
  'ShutDownHangCrashingThreadRule',
];

/** Our own default: today's rules, with the identity of other clients, provisional signatures and kept annotations. */
const salvageRules = todayRules.flatMap((name) => {
  if (name === 'DeNullRule') return ['DeNullKeepingValuesRule'];
  if (name === 'CopyFromRawCrashRule') return ['ProductIdentityRule', name, 'ClientIdHashRule'];
  if (name === 'BetaVersionRule') return ['BetaVersionOfAnyProductRule'];
  if (name === 'MissingSymbolsRule') return [name, 'MissingSymbolsRecordRule', 'SymbolGapRule'];
  if (name === 'SignatureGeneratorRule') return ['ProvisionalSignatureGeneratorRule'];
  return [name];
});

const all = (name: string, rules: readonly string[], tag?: string): RuleSetSpec => ({
  name,
  mode: 'apply_all_rules',
  rules,
  ...(tag ? { tag } : {}),
});

/** The six sets of 2015 (processor.md §2.1-§2.6). Disabled classifiers are registered and in no set. */
const socorro2015Sets: readonly RuleSetSpec[] = [
  all(
    'raw_transform',
    ['ProductRewrite', 'ESRVersionRewrite', 'PluginContentURL', 'PluginUserComment', 'FennecBetaError20150430'],
    'processor.json_rewrite',
  ),
  all(
    'raw_to_processed_transform',
    [
      'IdentifierRule',
      'BreakpadStackwalkerRule2015',
      'ProductRule',
      'UserDataRule',
      'EnvironmentRule',
      'PluginRule',
      'AddonsRule',
      'DatesAndTimesRule',
      'OutOfMemoryBinaryRule',
      'JavaProcessRule',
      'Winsock_LSPRule',
    ],
    'processer.raw_to_processed',
  ),
  all(
    'processed_transform',
    [
      'CrashingThreadRule',
      'CPUInfoRule',
      'OSInfoRule',
      'BetaVersionRule',
      'ExploitablityRule',
      'FlashVersionRule',
      'OSPrettyVersionRule',
      'TopMostFilesRule',
      'MissingSymbolsRule',
      'SignatureGenerationRule',
      'StackwalkerErrorSignatureRule',
      'OOMSignature',
      'AbortSignature',
      'SignatureRunWatchDog',
      'SignatureIPCChannelError',
      'SigTrunc',
    ],
    'processer.processed',
  ),
  {
    name: 'support_classifiers',
    tag: 'processor.support_classifiers',
    mode: 'apply_until_action_succeeds',
    rules: ['BitguardClassifier', 'OutOfDateClassifier'],
  },
  all('jit_classifiers', ['JitCrashCategorizeRule', 'SignatureJitCategory'], 'processor.jit_classifiers'),
  {
    name: 'skunk_classifiers',
    tag: 'processor.skunk_classifiers',
    mode: 'apply_until_action_succeeds',
    rules: ['DontConsiderTheseFilter', 'SetWindowPos', 'NullClassification'],
  },
];

/** SocorroLite of 2015: identity, stack, dates, signature and nothing of Firefox. */
const liteSets: readonly RuleSetSpec[] = [
  all('raw_to_processed_transform', [
    'IdentifierRule',
    'BreakpadStackwalkerRule2015',
    'ProductRule',
    'DatesAndTimesRule',
  ]),
  all('processed_transform', [
    'CrashingThreadRule',
    'SignatureGenerationRule',
    'StackwalkerErrorSignatureRule',
    'OOMSignature',
    'SigTrunc',
  ]),
];

const onlySignature = (era: PipelineSpec['era'], rules: readonly string[]): PipelineSpec => ({
  name: 'regenerate_signature',
  era,
  sets: [all('regenerate_signature', rules)],
  keepsProcessed: true,
});

const signatureRules2015 = (socorro2015Sets[2] as RuleSetSpec).rules.filter((name) =>
  /^(?:Signature|Stackwalker|OOM|Abort|Sig)/.test(name),
);

/** The presets: each has a `default` pipeline and `regenerate_signature`, which leaves the walk as it is. */
export const presets: Readonly<Record<PresetName, readonly PipelineSpec[]>> = {
  salvage: [
    { name: 'default', era: 'today', sets: [all('default', salvageRules)] },
    onlySignature('today', ['ProvisionalSignatureGeneratorRule', 'ShutDownHangCrashingThreadRule']),
  ],
  today: [
    { name: 'default', era: 'today', sets: [all('default', todayRules)] },
    onlySignature('today', ['SignatureGeneratorRule']),
  ],
  'socorro-2015': [
    { name: 'default', era: 'socorro-2015', sets: socorro2015Sets },
    onlySignature('socorro-2015', signatureRules2015),
  ],
  lite: [
    { name: 'default', era: 'socorro-2015', sets: liteSets },
    onlySignature(
      'socorro-2015',
      signatureRules2015.filter((name) => (liteSets[1] as RuleSetSpec).rules.includes(name)),
    ),
  ],
  base: [
    {
      name: 'default',
      era: 'today',
      sets: [all('raw_transform', []), all('raw_to_processed_transform', []), all('processed_transform', [])],
    },
    onlySignature('today', []),
  ],
};
