// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A reporter of node:test: one line of JSON for every test that ran and passed, `[file, name]`. The names of a run are
// what scripts/check-requirements.ts compares docs/requirements with.
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

/** Where the names of each suite's last whole run are kept. */
export const passedTestsFolder = 'node_modules/.cache/passed-tests';

// biome-ignore lint/style/noDefaultExport: node:test takes the default export of a reporter's module.
export default async function* passedTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:pass') continue;
    const { name, file, skip, todo } = event.data;
    if (skip !== undefined || todo !== undefined || file === undefined) continue;
    yield `${JSON.stringify([relative(process.cwd(), file), name])}\n`;
  }
}
