// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The address of a store that checks signatures: `const url = await testSwiftUrl()`.
import { after } from 'node:test';
import { startTestSwift, swiftEnv, type TestSwift } from './swift-server.ts';

let own: Promise<TestSwift> | null = null;
after(async () => (await own)?.stop());

/** Address of the Swift of `test/setup.ts`; a file that is run alone starts its own. */
export async function testSwiftUrl(): Promise<string> {
  return process.env[swiftEnv] ?? (await (own ??= startTestSwift())).url;
}
