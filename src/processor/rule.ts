// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { RawCrash } from '../crash/raw-crash.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Siglists } from '../signature/signature.ts';
import type { CrashFolder, DumpFile } from './dump-files.ts';
import type { MissingSymbolsRecorder } from './missing-symbols.ts';
import type { Notes } from './notes.ts';
import type { ProductIds } from './product-ids.ts';
import type { VersionSource } from './version-source.ts';
import type { Walker } from './walker.ts';

/** What rules may use beside the crash itself. All of it outlives a crash. */
export interface RuleServices {
  readonly walker: Walker;
  /** The signature lists in force; asked for each crash, so that changed lists need no restart. */
  readonly siglists: () => Siglists;
  readonly versions: VersionSource;
  /** Product names by product id, for ProductRewrite of the 2015 set. */
  readonly productIds: ProductIds;
  readonly missingSymbols: MissingSymbolsRecorder;
  /** Inflated bytes of a memory report that are still read. */
  readonly memoryReportBytesMax: number;
  /** Program of JitCrashCategorizeRule; empty = the rule stands aside. */
  readonly jitCategorizerPath: string;
  /** Secret under which client ids are hashed; empty = client ids are not kept at all. */
  readonly clientIdSalt: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** One crash on its way through the rules. */
export interface RuleContext {
  /** A working copy: rules may change it; what is stored never changes. Has no prototype. */
  readonly raw: RawCrash;
  readonly dumps: ReadonlyMap<string, DumpFile>;
  readonly processed: ProcessedCrash;
  readonly notes: Notes;
  /** True if the crash was processed before. */
  readonly isReprocessing: boolean;
  /** Folder of this crash; removed afterwards. */
  readonly folder: CrashFolder;
  /** Aborted when the time budget of the crash is used up or the processor must stop at once. */
  readonly signal: AbortSignal;
  readonly services: RuleServices;
}

/** What an action says of itself: only the "until" modes ask. Nothing = no success, as in 2016. */
export type ActionResult = boolean | undefined;

/**
 * One step of processing. A predicate that throws counts as a refusal in the 2015 sets; an action that throws leaves a
 * note with the rule's name and the class of the error, and the next rule runs.
 */
export interface Rule {
  /** The class name that Socorro gives it; metric tag and configuration name. */
  readonly name: string;
  /** One sentence for docs/processing.md. */
  readonly doc: string;
  predicate?(context: RuleContext): boolean;
  action(context: RuleContext): ActionResult | Promise<ActionResult>;
}
