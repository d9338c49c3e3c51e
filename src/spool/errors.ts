// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const spoolErrors = declareErrors({
  spool_full: {
    status: 503,
    meaning: 'The disk of the spool is full or its configured size is reached.',
    remedy:
      'Free or add disk space, see why the storage does not take what waits (`salvage spool ls`), or add a fallback spool directory.',
  },
  spool_failed: {
    status: 500,
    meaning: 'The spool directory could not be written, synced or read.',
    remedy: 'Check the disk, the rights and the mount of the spool directory; the cause is in the log.',
  },
  spool_closed: {
    status: 503,
    meaning: 'The spool is shutting down and takes nothing more.',
    remedy: 'The client keeps its report and sends it again; another node or the next start takes it.',
  },
  spool_locked: {
    meaning: 'Every numbered spool directory is owned by another process that is alive.',
    remedy: 'Stop processes that are too many, or give this one another SALVAGE_DATA_DIR.',
  },
  spool_missing: {
    meaning: 'There is no spool in the directory that was asked for.',
    remedy:
      'Name the data folder with --data-dir or SALVAGE_DATA_DIR, or the spool itself with SALVAGE_SPOOL_DIRECTORY.',
  },
  spool_damaged: {
    status: 500,
    meaning: 'What the spool holds of this crash is damaged on disk; it was set aside.',
    remedy: 'Look at it with `salvage spool ls --damaged`; check the disk of the spool directory.',
  },
});
