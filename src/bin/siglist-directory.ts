// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import {
  LiveSiglists,
  optionalSiglistFiles,
  parseSiglists,
  requiredSiglistFiles,
  type Siglists,
  type SiglistTexts,
  signatureErrors,
} from '../signature/signature.ts';
import { packageRoot } from './version.ts';

/** The lists that come with the package. */
export const ownSiglistDirectory = join(packageRoot, 'siglists');

const siglistFiles = [...requiredSiglistFiles, ...optionalSiglistFiles];

/** The texts of a directory's lists. Lists that Socorro does not have are taken from the package where they are absent. */
export function readSiglistTexts(directory: string): SiglistTexts {
  const texts: Record<string, string> = {};
  for (const file of siglistFiles) {
    const text =
      readIfThere(join(directory, file)) ?? (isOptional(file) ? readIfThere(join(ownSiglistDirectory, file)) : null);
    if (text !== null) texts[file] = text;
  }
  return texts;
}

function isOptional(file: string): boolean {
  return (optionalSiglistFiles as readonly string[]).includes(file);
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @throws SalvageError that names the directory and every bad line */
export function readSiglists(directory: string): Siglists {
  try {
    return parseSiglists(readSiglistTexts(directory));
  } catch (error) {
    if (error instanceof SalvageError) throw new SalvageError(error.kind, `${directory}: ${error.message}`);
    throw new SalvageError(signatureErrors.siglist_missing, `${directory}: ${errorText(error)}`, { cause: error });
  }
}

export interface SiglistWatch {
  /** Empty = the lists of the package. */
  readonly directory: string;
  /** 0 = never look again. */
  readonly reloadIntervalMs: number;
  readonly logger: Logger;
}

/**
 * The lists of a directory, loaded again when a file changes. Times and sizes are polled, since change notices do not
 * cross network mounts. A set with mistakes is logged once with file and line, and the one before stays in force.
 */
export function openSiglists({ directory, reloadIntervalMs, logger }: SiglistWatch): {
  lists: LiveSiglists;
  close(): void;
} {
  const place = directory === '' ? ownSiglistDirectory : directory;
  const lists = new LiveSiglists(readSiglists(place));
  for (const warning of lists.current.warnings) logger.warning(`signature lists: ${warning}`);
  if (directory === '' || reloadIntervalMs === 0) return { lists, close: () => {} };
  let seen = fingerprint(place);
  const timer = setInterval(() => {
    const now = fingerprint(place);
    if (now === seen) return;
    seen = now;
    try {
      const { warnings } = lists.replace(readSiglistTexts(place));
      logger.info(`signature lists of ${place} loaded again; crashes processed from now on use them`);
      for (const warning of warnings) logger.warning(`signature lists: ${warning}`);
    } catch (error) {
      logger.error(`signature lists of ${place} were not loaded, the old ones stay: ${errorText(error)}`);
    }
  }, reloadIntervalMs);
  timer.unref();
  return { lists, close: () => clearInterval(timer) };
}

function fingerprint(directory: string): string {
  return siglistFiles
    .map((file) => {
      const stat = statSync(join(directory, file), { throwIfNoEntry: false });
      return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : '-';
    })
    .join(' ');
}
