// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Rule } from '../../rule.ts';

export const productRewrite: Rule = {
  name: 'ProductRewrite',
  doc: 'Gives `ProductName` by `ProductID`, for products that share a name.',
  predicate: ({ raw, services }) => typeof raw['ProductID'] === 'string' && services.productIds.has(raw['ProductID']),
  action({ raw, services }) {
    if (raw['ProductName'] === undefined) return false;
    raw['ProductName'] = services.productIds.get(String(raw['ProductID'])) as string;
    return true;
  },
};

export const esrVersionRewrite2015: Rule = {
  name: 'ESRVersionRewrite',
  doc: 'Appends `esr` to `Version` on the release channel `esr`.',
  predicate: ({ raw }) => raw['ReleaseChannel'] === 'esr',
  action({ raw, notes }) {
    if (typeof raw['Version'] === 'string') raw['Version'] += 'esr';
    else notes.add('"Version" missing from esr release raw_crash');
    // It never reported success.
    return undefined;
  },
};

export const pluginContentUrl: Rule = {
  name: 'PluginContentURL',
  doc: 'The URL of plug-in content replaces `URL`.',
  predicate: ({ raw }) => !!raw['PluginContentURL'],
  action({ raw }) {
    raw['URL'] = raw['PluginContentURL'] ?? null;
    return true;
  },
};

export const pluginUserComment: Rule = {
  name: 'PluginUserComment',
  doc: 'The comment on a plug-in replaces `Comments`.',
  predicate: ({ raw }) => !!raw['PluginUserComment'],
  action({ raw }) {
    raw['Comments'] = raw['PluginUserComment'] ?? null;
    return true;
  },
};

export const fennecBetaError20150430: Rule = {
  name: 'FennecBetaError20150430',
  doc: 'Corrects the channel of the Fennec build 20150427090529, a beta that called itself a release.',
  predicate: ({ raw }) =>
    typeof raw['ProductName'] === 'string' &&
    raw['ProductName'].startsWith('Fennec') &&
    raw['BuildID'] === '20150427090529' &&
    raw['ReleaseChannel'] === 'release',
  action({ raw }) {
    raw['ReleaseChannel'] = 'beta';
    return true;
  },
};
