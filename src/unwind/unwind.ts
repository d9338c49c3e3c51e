// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** The public face of the stackwalker: from an opened dump and a symbol provider to the stackwalk document. */
export { type BriefOptions, stackwalkBrief } from './brief-output.ts';
export type { ClientFacts } from './client-facts.ts';
export { type DumpFile, openDumpFile } from './dump-file.ts';
export { unwindErrors } from './errors.ts';
export {
  type ExternalWalkerOptions,
  type ExternalWalkResult,
  splitCommand,
  walkExternally,
} from './external-walker.ts';
export { RecentSymbols } from './recent-symbols.ts';
export { type StackwalkOptions, stackwalk } from './stackwalk.ts';
export { stackwalkText } from './text-output.ts';
export { walkDumpFile } from './walk-dump-file.ts';
export { WalkerPool, type WalkerPoolOptions } from './walker-pool.ts';
export type { WalkResult } from './walker-process.ts';
export type { WalkRequest } from './walker-protocol.ts';
export type { WalkerSetup } from './walker-setup.ts';
