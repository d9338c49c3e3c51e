// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHmac } from 'node:crypto';
import type { RawCrash } from '../../crash/raw-crash.ts';
import type { Rule } from '../rule.ts';

/**
 * Where clients that are no Firefox say who they are, best first. Electron forces `prod` to `Electron` and `ver` to its
 * own version, so the application's own names come before.
 */
const identities = [
  ['ProductName', ['ProductName', '_productName', 'prod']],
  ['Version', ['Version', '_version', 'ver']],
  ['ReleaseChannel', ['ReleaseChannel', '_channel', 'channel']],
  ['Vendor', ['Vendor', '_companyName']],
  ['ProcessType', ['ProcessType', 'process_type', 'ptype']],
  ['Comments', ['Comments', 'comments', 'comments_']],
  ['OOMAllocationSize', ['OOMAllocationSize', 'oom-size']],
  ['LinuxLSBDescription', ['LinuxLSBDescription', 'lsb-release']],
] as const;

/** Name and version belong together: the product of one source with the version of another names nobody. */
const pairs = [
  ['ProductName', 'Version'],
  ['_productName', '_version'],
  ['prod', 'ver'],
] as const;

const clientIds = ['GleanClientId', 'guid', '_clientId', 'client_id'];

/** Electron and Chromium call the main process `browser`; here it is `parent`. */
const processTypes: ReadonlyMap<string, string> = new Map([
  ['browser', 'parent'],
  ['main', 'parent'],
  ['', 'parent'],
]);

const systemsByPlatform: ReadonlyMap<string, string> = new Map([
  ['win32', 'Windows NT'],
  ['darwin', 'Mac OS X'],
  ['linux', 'Linux'],
]);

export const productIdentity: Rule = {
  name: 'ProductIdentityRule',
  doc: 'Finds product, version, channel, process type, system and size of a failed allocation under the names that Electron, Crashpad and Breakpad clients use, so that their reports are complete.',
  action({ raw, processed }) {
    const pair =
      pairs.find(([name, version]) => hasText(raw, name) && hasText(raw, version)) ??
      pairs.find(([name]) => hasText(raw, name));
    if (pair) {
      raw['ProductName'] = raw[pair[0]] as string;
      if (hasText(raw, pair[1])) raw['Version'] = raw[pair[1]] as string;
    }
    for (const [annotation, names] of identities) {
      const found = names.find((name) => hasText(raw, name));
      if (found && !hasText(raw, annotation)) raw[annotation] = raw[found] as string;
    }
    const electronType = raw['process_type'];
    if (typeof electronType === 'string') processed['electron_process_type'] = electronType.slice(0, 100);
    const type = raw['ProcessType'];
    if (typeof type === 'string') raw['ProcessType'] = processTypes.get(type) ?? type;
    const platform = raw['platform'];
    if (typeof platform === 'string' && platform !== '') {
      processed['platform'] = platform.slice(0, 100);
      const system = systemsByPlatform.get(platform);
      if (system && !hasText(raw, 'OS')) raw['OS'] = system;
    }
    if (hasText(raw, 'osarch') && !hasText(raw, 'CPUArchitecture')) raw['CPUArchitecture'] = raw['osarch'] as string;
  },
};

function hasText(raw: RawCrash, name: string): boolean {
  const value = raw[name];
  return typeof value === 'string' && value.trim() !== '';
}

export const clientIdHash: Rule = {
  name: 'ClientIdHashRule',
  doc: 'Keeps a salted hash of the client id, to count installations without knowing them.',
  predicate: ({ raw, services }) => services.clientIdSalt !== '' && clientIds.some((name) => hasText(raw, name)),
  action({ raw, processed, services }) {
    const name = clientIds.find((candidate) => hasText(raw, candidate)) as string;
    const hash = createHmac('sha256', services.clientIdSalt).update(String(raw[name]).trim().toLowerCase());
    processed['client_id'] = hash.digest('hex').slice(0, 32);
  },
};
