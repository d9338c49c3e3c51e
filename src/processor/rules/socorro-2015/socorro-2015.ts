// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Rule } from '../../rule.ts';
import { outOfMemoryBinary } from '../memory-report.ts';
import { identifier } from '../report.ts';
import { jitCrashCategorizeRule, signatureJitCategory } from './jit-classifiers.ts';
import {
  betaVersionRule2015,
  cpuInfoRule2015,
  crashingThreadRule,
  exploitabilityRule,
  flashVersionRule,
  missingSymbolsRule2015,
  osInfoRule2015,
  osPrettyVersionRule2015,
  themePrettyNameRule2015,
  topMostFilesRule2015,
} from './processed.ts';
import {
  addonsRule2015,
  breakpadStackwalkerRule2015,
  datesAndTimesRule2015,
  environmentRule,
  javaProcessRule,
  pluginRule2015,
  productRule,
  userDataRule,
  winsockLspRule,
} from './raw-to-processed.ts';
import {
  esrVersionRewrite2015,
  fennecBetaError20150430,
  pluginContentUrl,
  pluginUserComment,
  productRewrite,
} from './raw-transform.ts';
import { signatureRules2015 } from './signature.ts';
import {
  bug811804,
  bug812318,
  dontConsiderTheseFilter,
  nullClassification,
  sendWaitReceivePort,
  setWindowPos,
  updateWindowAttributes,
} from './skunk-classifiers.ts';
import { bitguardClassifier, outOfDateClassifier } from './support-classifiers.ts';

/** Rules of the `socorro-2015` and `lite` presets; their order is in presets.ts. */
export const socorro2015Rules: readonly Rule[] = [
  productRewrite,
  esrVersionRewrite2015,
  pluginContentUrl,
  pluginUserComment,
  fennecBetaError20150430,
  identifier,
  breakpadStackwalkerRule2015,
  productRule,
  userDataRule,
  environmentRule,
  pluginRule2015,
  addonsRule2015,
  datesAndTimesRule2015,
  outOfMemoryBinary,
  javaProcessRule,
  winsockLspRule,
  crashingThreadRule,
  cpuInfoRule2015,
  osInfoRule2015,
  betaVersionRule2015,
  exploitabilityRule,
  flashVersionRule,
  osPrettyVersionRule2015,
  topMostFilesRule2015,
  missingSymbolsRule2015,
  themePrettyNameRule2015,
  ...signatureRules2015,
  bitguardClassifier,
  outOfDateClassifier,
  jitCrashCategorizeRule,
  signatureJitCategory,
  dontConsiderTheseFilter,
  setWindowPos,
  nullClassification,
  updateWindowAttributes,
  sendWaitReceivePort,
  bug811804,
  bug812318,
];
