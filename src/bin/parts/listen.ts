// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SalvageError } from '../../lib/errors.ts';
import type { ProcessContext } from '../context.ts';
import { binErrors } from '../errors.ts';

/** Why a server could not be opened: `address_in_use`, or the error as it came. */
export function listenFailure(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new SalvageError(binErrors.address_in_use, error.message, { cause: error });
}

/** Opens a server of a single role and closes it at stop. */
export async function listen(server: Server, context: ProcessContext, port: number): Promise<void> {
  const host = context.process.host || '0.0.0.0';
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error)));
    server.listen({ host, port }, resolve);
  });
  context.releasers.add('server', async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), Math.min(context.process.drainTimeoutMs, 10_000));
    await closed;
    clearTimeout(cut);
  });
  // The port that it got: 0 asks for any.
  context.logger.info(`${context.role} listens on ${host}:${(server.address() as AddressInfo).port}`);
}
