// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { captureRequest } from '../../client/capture.ts';
import { makeCrashId } from '../../crash/crash-id.ts';
import { option } from '../../lib/options.ts';
import { readAs } from '../argument.ts';
import { listenFailure } from '../parts/listen.ts';

interface CaptureCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly max: number;
}

/** `salvage capture`: one request of a real client, byte for byte, into a file. */
export function addCaptureCommand(program: Command): void {
  program
    .command('capture')
    .description('wait for one crash report and write it to a file exactly as the client sends it')
    .argument('<file>', 'where to write the request, head and body')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 = any free one', readAs(option.integer(0, 0, 65_535, '')), 8000)
    .addOption(
      new Option('--max <size>', 'largest request')
        .argParser(readAs(option.bytes(0, '')))
        .default(100 * 1024 * 1024, '100M'),
    )
    .action(async (path: string, options: CaptureCommandOptions) => {
      const { head, sizeBytes } = await captureRequest({
        host: options.host,
        port: options.port,
        path,
        sizeBytesMax: options.max,
        crashId: () => makeCrashId(randomUUID(), 0, new Date()),
        onListening: (port) => process.stderr.write(`point a client at http://${options.host}:${port}/submit\n`),
        onBroken: (reason) => process.stderr.write(`not captured: ${reason}; waiting for the next\n`),
      }).catch((error: Error) => {
        throw listenFailure(error);
      });
      process.stdout.write(`${head.firstLine}\n${sizeBytes} bytes in ${path}\n`);
    });
}
