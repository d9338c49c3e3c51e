// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { siphonOptions } from '../client/options.ts';
import { collectorOptions } from '../collector/options.ts';
import { jobOptions } from '../jobs/options.ts';
import type { OptionGroup } from '../lib/options.ts';
import { databaseOptions } from '../lib/postgres/options.ts';
import { moverOptions } from '../mover/options.ts';
import { processorOptions } from '../processor/options.ts';
import { rabbitmqOptions } from '../queue/options.ts';
import { signatureOptions } from '../signature/options.ts';
import { spoolOptions } from '../spool/options.ts';
import { fsStorageOptions, s3Options, storageTreeOptions, treeStorageOptions } from '../storage/options.ts';
import { symbolOptions } from '../symbols/options.ts';
import { walkerOptions } from '../unwind/options.ts';
import { webOptions } from '../web/options.ts';
import { logOptions, metricsOptions, processOptions, queueOptions, sentryOptions, storageOptions } from './options.ts';

/** Every group of options of every folder: the whole of `salvage config` and of docs/configuration.md. */
export const optionGroups: readonly OptionGroup[] = [
  processOptions,
  collectorOptions,
  spoolOptions,
  moverOptions,
  storageOptions,
  storageTreeOptions,
  fsStorageOptions,
  s3Options,
  treeStorageOptions,
  queueOptions,
  rabbitmqOptions,
  siphonOptions,
  databaseOptions,
  processorOptions,
  walkerOptions,
  symbolOptions,
  signatureOptions,
  webOptions,
  jobOptions,
  logOptions,
  metricsOptions,
  sentryOptions,
];
