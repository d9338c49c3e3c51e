// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The address of a real broker: `const url = await testBrokerUrl()`.
import { after } from 'node:test';
import { awaitBroker, rabbitmqEnv, startTestBroker, type TestBroker } from './rabbitmq-server.ts';

let own: Promise<TestBroker> | null = null;
after(async () => (await own)?.stop());

/** Address of the broker of `test/setup.ts`, ready to use; a file that is run alone starts its own. */
export async function testBrokerUrl(): Promise<string> {
  const given = process.env[rabbitmqEnv];
  if (given) {
    await awaitBroker(given);
    return given;
  }
  const broker = await (own ??= startTestBroker());
  await broker.ready();
  return broker.url;
}
