// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// OpenStack Swift with its S3 face, from Debian: a store that checks signatures, which the everyday S3 server does not.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { removeAfterwards } from './janitor.ts';

export const swiftEnv = 'SALVAGE_TEST_SWIFT_URL';

/** Credentials that the server knows, and nobody else's. */
export const swiftCredentials = { accessKeyId: 'salvage:tester', secretAccessKey: 'testing' } as const;

const kinds = ['account', 'container', 'object', 'proxy'] as const;

/** Null, or what must be installed to start swift. */
export function swiftMissing(): string | null {
  // Its hash prefix is read from there and nowhere else.
  const needed = [...kinds.map((kind) => `/usr/bin/swift-${kind}-server`), '/etc/swift/swift.conf'];
  return needed.every((file) => existsSync(file))
    ? null
    : 'Swift (Debian packages swift-proxy, swift-account, swift-container, swift-object)';
}

/** Rings of sixteen partitions on one device: the tool that makes them needs three processes a ring. */
const ringScript = `import sys
from swift.common.ring import RingBuilder
folder, *ports = sys.argv[1:]
for kind, port in zip(['account', 'container', 'object'], ports):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'weight': 1.0, 'ip': '127.0.0.1', 'port': int(port), 'device': 'disk'})
    builder.rebalance()
    builder.get_ring().save(folder + '/' + kind + '.ring.gz')
`;

/** Starts the four servers and ends them when the pipe of the test process closes, however that happens. */
const supervisor = `for kind in account container object proxy; do
  /usr/bin/swift-$kind-server "$1/$kind.conf" >"$1/$kind.log" 2>&1 3<&- &
  servers="$servers $!"
done
echo $$ >"$1/pid"
read line <&3
kill $servers
wait
rm -f "$1/pid"`;

export interface TestSwift {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startTestSwift(): Promise<TestSwift> {
  const folder = await mkdtemp(join(tmpdir(), 'salvage-test-swift-'));
  removeAfterwards(folder, join(folder, 'pid'));
  await mkdir(join(folder, 'disks', 'disk'), { recursive: true });
  const ports = await Promise.all(kinds.map(() => freePort()));
  await promisify(execFile)('/usr/bin/python3', ['-c', ringScript, folder, ...ports.map(String)]);
  for (const [index, kind] of kinds.entries()) {
    await writeFile(join(folder, `${kind}.conf`), configOf(kind, folder, ports[index] as number));
  }
  const log = await open(join(folder, 'log'), 'a');
  const child = spawn('/bin/sh', ['-c', supervisor, 'test-swift', folder], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
  });
  await log.close();
  child.unref();
  (child.stdio[3] as unknown as { unref(): void }).unref();
  const url = `http://127.0.0.1:${ports[3]}`;
  await awaitSwift(ports, folder);
  return {
    url,
    async stop() {
      child.ref();
      const exited = new Promise((resolve) => child.once('exit', resolve));
      (child.stdio[3] as NodeJS.WritableStream).end();
      await exited;
    },
  };
}

function configOf(kind: (typeof kinds)[number], folder: string, port: number): string {
  const common = `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
swift_dir = ${folder}
devices = ${join(folder, 'disks')}
mount_check = false
fallocate_reserve = 0
workers = 0
user = ${userInfo().username}
`;
  if (kind !== 'proxy')
    return `${common}\n[pipeline:main]\npipeline = ${kind}-server\n\n[app:${kind}-server]\nuse = egg:swift#${kind}\n`;
  return `${common}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth slo symlink proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true

[filter:catch_errors]
use = egg:swift#catch_errors

# There is no memcached: every look-up goes to the servers.
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1

[filter:s3api]
use = egg:swift#s3api
location = us-west-2

[filter:tempauth]
use = egg:swift#tempauth
user_${swiftCredentials.accessKeyId.replace(':', '_')} = ${swiftCredentials.secretAccessKey} .admin

# Without it there are no multipart uploads.
[filter:slo]
use = egg:swift#slo

[filter:symlink]
use = egg:swift#symlink
`;
}

/** Ready once all four take connections. */
async function awaitSwift(ports: readonly number[], folder: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if ((await Promise.all(ports.map(isOpen))).every(Boolean)) return;
    await sleep(100);
  }
  const logs = await Promise.all(kinds.map((kind) => readFile(join(folder, `${kind}.log`), 'utf8')));
  throw new Error(`Swift did not start:\n${logs.join('\n')}`);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
