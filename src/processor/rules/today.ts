// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Rule } from '../rule.ts';
import { copyFromRawCrash } from './copy-from-raw-crash.ts';
import { datesAndTimes } from './dates-and-times.ts';
import {
  breadcrumbs,
  crashInconsistencies,
  hasGuardPageAccess,
  macBootArgs,
  macCrashInfo,
  phc,
  possibleBitFlips,
  softErrors,
} from './diagnostics.ts';
import { clientIdHash, productIdentity } from './identity.ts';
import { memoryReportExtraction, outOfMemoryBinary } from './memory-report.ts';
import { minidumpStackwalk } from './minidump-stackwalk.ts';
import { missingSymbolsRecord } from './missing-symbols-record.ts';
import { androidCpuInfo, androidOsInfo, cpuInfo, osInfo, osPrettyVersion, platformInfo } from './platform.ts';
import {
  betaVersion,
  betaVersionOfAnyProduct,
  distributionId,
  esrVersionRewrite,
  fenixVersionRewrite,
  majorVersion,
} from './product.ts';
import {
  collectorMetadata,
  convertModuleSignatureInfo,
  crashReportKeys,
  deNone,
  deNull,
  deNullKeepingValues,
  submittedFromInfobarFix,
} from './raw-cleanup.ts';
import {
  accessibility,
  addons,
  identifier,
  javaStackTrace,
  minidumpSha256Hash,
  mozCrashReason,
  plugin,
  processType,
  reportType,
  submittedFrom,
  themePrettyName,
  utilityActorsName,
} from './report.ts';
import { provisionalSignatureGenerator, signatureGenerator } from './signature.ts';
import {
  crashingThreadInfo,
  missingSymbols,
  modulesInStack,
  moduleUrlRewrite,
  shutDownHangCrashingThread,
  symbolGap,
  threadCount,
  topMostFiles,
  truncateStacks,
} from './stack.ts';

/** Rules of the `today` and `salvage` presets; their order is in presets.ts. */
export const todayRules: readonly Rule[] = [
  deNull,
  deNullKeepingValues,
  deNone,
  crashReportKeys,
  collectorMetadata,
  convertModuleSignatureInfo,
  submittedFromInfobarFix,
  productIdentity,
  copyFromRawCrash,
  clientIdHash,
  fenixVersionRewrite,
  esrVersionRewrite,
  submittedFrom,
  identifier,
  minidumpSha256Hash,
  minidumpStackwalk,
  moduleUrlRewrite,
  crashingThreadInfo,
  truncateStacks,
  possibleBitFlips,
  crashInconsistencies,
  hasGuardPageAccess,
  majorVersion,
  plugin,
  processType,
  accessibility,
  addons,
  datesAndTimes,
  outOfMemoryBinary,
  phc,
  breadcrumbs,
  javaStackTrace,
  macBootArgs,
  macCrashInfo,
  mozCrashReason,
  utilityActorsName,
  reportType,
  cpuInfo,
  androidCpuInfo,
  distributionId,
  osInfo,
  androidOsInfo,
  platformInfo,
  betaVersion,
  betaVersionOfAnyProduct,
  osPrettyVersion,
  topMostFiles,
  modulesInStack,
  missingSymbols,
  missingSymbolsRecord,
  symbolGap,
  themePrettyName,
  memoryReportExtraction,
  softErrors,
  threadCount,
  signatureGenerator,
  provisionalSignatureGenerator,
  shutDownHangCrashingThread,
];
