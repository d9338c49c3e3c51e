// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { SalvageError } from '../lib/errors.ts';
import { symbolErrors } from './errors.ts';

/** Ranges that no public symbol server has (symbols.md §9.4): private, loopback, link-local, documentation, multicast. */
const reserved = new BlockList();
for (const range of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
])
  reserved.addSubnet(...subnet(range), 'ipv4');
for (const range of ['::/128', '::1/128', 'fc00::/7', 'fe80::/10', 'ff00::/8', '2001:db8::/32'])
  reserved.addSubnet(...subnet(range), 'ipv6');

function subnet(range: string): [address: string, prefix: number] {
  const [address = '', prefix = ''] = range.split('/');
  return [address, Number(prefix)];
}

/** True for an address on the public internet. IPv4 inside IPv6 (mapped, NAT64, 6to4) is judged by the IPv4 address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (family === 4) return !reserved.check(address, 'ipv4');
  const groups = ipv6Groups(address);
  const embedded = embeddedIpv4(groups);
  if (embedded !== null) return !reserved.check(embedded, 'ipv4');
  return !reserved.check(address.replace(/%.*$/, ''), 'ipv6');
}

/** The eight 16-bit groups, as the URL parser writes them out. */
function ipv6Groups(address: string): number[] {
  const text = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [parse(head), parse(tail ?? '')];
  return tail === undefined ? before : [...before, ...new Array(8 - before.length - after.length).fill(0), ...after];
}

function embeddedIpv4(groups: readonly number[]): string | null {
  const dotted = (high: number, low: number) => [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const startsWith = (...prefix: number[]) => prefix.every((group, i) => groups[i] === group);
  if (startsWith(0, 0, 0, 0, 0, 0xffff) || startsWith(0x64, 0xff9b, 0, 0, 0, 0)) return dotted(groups[6]!, groups[7]!);
  if (startsWith(0, 0, 0, 0, 0, 0) && (groups[6]! > 0 || groups[7]! > 1)) return dotted(groups[6]!, groups[7]!);
  return startsWith(0x2002) ? dotted(groups[1]!, groups[2]!) : null;
}

/** Resolves a host name and hands out only public addresses, so that the checked address is the one connected to. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const refused = addresses.find(({ address }) => !isPublicAddress(address));
    if (refused || addresses.length === 0) return callback(addressRefused(hostname), []);
    if (options.all) return callback(null, addresses);
    callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};

export function addressRefused(hostname: string): SalvageError {
  return new SalvageError(symbolErrors.symbol_address_refused, `${hostname} has a private or reserved address`);
}
