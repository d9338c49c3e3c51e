// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Global set-up of node:test (`--test-global-setup`): starts each real server once, if one of the files to run asks for
// it, and hands their addresses to the files through the environment.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { chromiumMissing } from './services/chromium.ts';
import { nginxMissing } from './services/nginx.ts';
import { postgresEnv, startTestPostgres } from './services/postgres-server.ts';
import { rabbitmqEnv, rabbitmqMissing, startTestBroker } from './services/rabbitmq-server.ts';
import { s3Env, startTestS3 } from './services/s3-server.ts';
import { startTestSwift, swiftEnv, swiftMissing } from './services/swift-server.ts';

interface Service {
  readonly module: string;
  readonly env: string;
  /** Null, or what is missing on this machine. */
  missing(): string | null;
  start(): Promise<{ url: string; stop(): Promise<void> }>;
}

const services: readonly Service[] = [
  { module: 'services/postgres', env: postgresEnv, missing: () => null, start: startTestPostgres },
  { module: 'services/rabbitmq', env: rabbitmqEnv, missing: rabbitmqMissing, start: startTestBroker },
  { module: 'services/s3', env: s3Env, missing: () => null, start: startTestS3 },
  { module: 'services/swift', env: swiftEnv, missing: swiftMissing, start: startTestSwift },
];

/** Programs that tests run by themselves. */
const programs: readonly Pick<Service, 'module' | 'missing'>[] = [
  { module: 'services/nginx', missing: nginxMissing },
  { module: 'builders/browser', missing: chromiumMissing },
];

/** Files that need a server or program which this machine lacks, with what is missing. */
export function filesLeftOut(files: readonly string[]): { file: string; missing: string }[] {
  return [...services, ...programs].flatMap((service) => {
    const missing = service.missing();
    return missing === null ? [] : files.filter((file) => asksFor(file, service)).map((file) => ({ file, missing }));
  });
}

/** A test file asks for a server by importing its module, itself or through a helper of its own folder. */
function asksFor(file: string, service: Pick<Service, 'module'>): boolean {
  try {
    return readFileSync(file, 'utf8').includes(service.module);
  } catch {
    return false;
  }
}

const running: { stop(): Promise<void> }[] = [];

export async function globalSetup(): Promise<void> {
  const files = process.argv.slice(2).filter((argument) => argument.endsWith('.ts'));
  const isKnown = files.length > 0 && !files.some((file) => file.includes('*'));
  await Promise.all(
    services
      .filter((service) => service.missing() === null && !process.env[service.env])
      .filter((service) => !isKnown || files.some((file) => asksFor(relative('.', file), service)))
      .map(async (service) => {
        const server = await service.start();
        running.push(server);
        process.env[service.env] = server.url;
      }),
  );
}

export async function globalTeardown(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.stop()));
}
