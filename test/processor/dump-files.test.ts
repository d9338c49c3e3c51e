// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { CrashFolder, removeLeftoverFolders, serviceFolderName } from '../../src/processor/dump-files.ts';
import { temporaryFolder } from '../services/temporary-folder.ts';
import { crashId } from './fakes.ts';

test('folders of killed processors go once nobody has touched them for long; anything else stays', async () => {
  const root = temporaryFolder('leftovers');
  for (const owner of [crashId, serviceFolderName])
    await writeFile(await new CrashFolder(root, owner).newFile('.dump'), 'x');
  for (const other of ['mine', 'service', `${crashId}`, 'services-x', '-x']) await mkdir(join(root, other));
  await writeFile(join(root, 'processor.running'), '1');

  const hour = 3_600_000;
  assert.equal(await removeLeftoverFolders(root, new Date(), hour), 0);
  assert.equal(await removeLeftoverFolders(root, new Date(Date.now() + 2 * hour), hour), 2);
  assert.deepEqual(
    (await readdir(root)).sort(),
    ['-x', crashId, 'mine', 'processor.running', 'service', 'services-x'].sort(),
  );
});
