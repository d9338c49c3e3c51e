// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The smallest intake that keeps the promise: HTTP, spool, mover, file-system storage, file queue. A process to be killed.
// Usage: node spool-harness.ts DIRECTORY [FALLBACK]; prints its port, answers a POST with the crash id once it is durable.
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { makeLogger } from '../../src/lib/log.ts';
import { nullMetrics } from '../../src/lib/metrics.ts';
import { makeMover } from '../../src/mover/mover.ts';
import { FileQueue } from '../../src/queue/file-queue.ts';
import { makeSegmentSpool } from '../../src/spool/segment-spool.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';

const [directory = '', fallbackDirectory] = process.argv.slice(2);
const logger = makeLogger('harness', ({ level, message }) => {
  if (level === 'error' || level === 'warning') process.stderr.write(`${level} ${message}\n`);
});
const common = { files: nodeFiles, clock: systemClock, logger, metrics: nullMetrics };
const spool = await makeSegmentSpool({
  ...common,
  directory: `${directory}/spool`,
  ...(fallbackDirectory ? { fallbackDirectory } : {}),
  options: { inlineBodyBytesMax: 64 * 1024, freeBytesMin: 0 },
});
const mover = makeMover({
  ...common,
  spool,
  storage: new FsStorage({ root: `${directory}/crashes`, files: nodeFiles, clock: systemClock }),
  queue: new FileQueue({ directory: `${directory}/queue`, ...common }),
  options: { retryWaitMs: () => 50 },
});

async function take(request: IncomingMessage): Promise<string> {
  const stage = spool.stage();
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let failure: unknown;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      // After a failure the rest is read all the same: leaving early would reset the connection before the answer.
      if (!failure)
        await Promise.resolve(stage.write(chunk)).catch((error: unknown) => {
          failure = error;
        });
    }
    if (failure) throw failure;
    const crashId = makeCrashId(randomUUID(), 0, new Date());
    await stage.commit({
      crashId,
      receivedAt: new Date(),
      result: 'accept',
      rawCrashJson: Buffer.from(JSON.stringify({ uuid: crashId })),
      encoding: 'identity',
      contentType: 'application/octet-stream',
      dumps: [{ name: 'upload_file_minidump', offset: 0, sizeBytes, sha256: hash.digest('hex') }],
    });
    return crashId;
  } catch (error) {
    await stage.abort();
    throw error;
  }
}

const server = createServer((request, response) => {
  take(request).then(
    (crashId) => response.end(crashId),
    (error: { slug?: string }) => {
      response.statusCode = 503;
      response.end(error.slug);
    },
  );
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await mover.drain(20_000);
  await spool.close();
  process.exit(0);
});
