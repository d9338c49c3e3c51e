// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Null, or which program this machine lacks. */
export function nginxMissing(): string | null {
  const missing = (
    [
      ['nginx', '-v'],
      ['openssl', 'version'],
    ] as const
  ).find(([program, argument]) => spawnSync(program, [argument]).status !== 0);
  return missing ? missing[0] : null;
}

/** What `nginx -t` says of a server block with `ssl_certificate` lines, which get a certificate made for the occasion. */
export async function nginxVerdict(serverBlock: string): Promise<{ status: number | null; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'salvage-nginx-'));
  try {
    const [certificate, key] = [join(folder, 'a.pem'), join(folder, 'a.key')];
    const request =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=crashes.example.com';
    execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    const server = serverBlock
      .replace(/ssl_certificate \S+;/, `ssl_certificate ${certificate};`)
      .replace(/ssl_certificate_key \S+;/, `ssl_certificate_key ${key};`)
      .replace('listen 443 ssl', 'listen 127.0.0.1:18443 ssl');
    const logs = `pid ${folder}/pid; error_log ${folder}/error.log;`;
    await writeFile(join(folder, 'nginx.conf'), `${logs} events {} http { access_log off; ${server} }`);
    const args = ['-t', '-c', join(folder, 'nginx.conf'), '-p', folder];
    const { status, stderr } = spawnSync('nginx', args, { encoding: 'utf8' });
    return { status, stderr };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
