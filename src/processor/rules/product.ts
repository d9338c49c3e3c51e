// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../../lib/json.ts';
import { integerOf } from '../../lib/python-text.ts';
import { annotationJson } from '../annotation-json.ts';
import { dig } from '../dig.ts';
import type { Rule, RuleContext } from '../rule.ts';

export const fenixVersionRewrite: Rule = {
  name: 'FenixVersionRewriteRule',
  doc: 'Gives nightly builds of Fenix, whose version starts with `Nightly`, the version 0.0a1.',
  predicate: ({ processed }) =>
    (processed['product'] ?? processed['product_name']) === 'Fenix' &&
    typeof processed['version'] === 'string' &&
    processed['version'].startsWith('Nightly '),
  action({ processed, notes }) {
    notes.add(`Changed version from '${processed['version']}' to 0.0a1`);
    processed['version'] = '0.0a1';
  },
};

export const esrVersionRewrite: Rule = {
  name: 'ESRVersionRewrite',
  doc: 'Appends `esr` to the version on the release channel `esr`.',
  predicate: ({ processed }) => processed['release_channel'] === 'esr',
  action({ processed, notes }) {
    if (typeof processed['version'] === 'string') processed['version'] += 'esr';
    else notes.add("'version' missing from esr release processed_crash");
  },
};

export const majorVersion: Rule = {
  name: 'MajorVersionRule',
  doc: 'Sets `major_version` from the part of `Version` before the first dot; 0 when that is no number.',
  action({ raw, processed }) {
    const version = raw['Version'];
    processed['major_version'] = (typeof version === 'string' ? integerOf(version.split('.')[0]) : null) ?? 0;
  },
};

const betaChannels = ['beta', 'aurora'];
const betaProducts = ['Firefox', 'Thunderbird'];

function channelOf(context: RuleContext): string {
  const channel = context.processed['release_channel'];
  return typeof channel === 'string' ? channel.toLowerCase() : '';
}

const isOfFirefox = ({ processed }: RuleContext) => betaProducts.includes(String(processed['product']));
const isBeta = (context: RuleContext) => betaChannels.includes(channelOf(context));

async function setBetaVersion(context: RuleContext): Promise<undefined> {
  const { processed, notes, services } = context;
  const channel = channelOf(context);
  const buildId = typeof processed['build'] === 'string' ? processed['build'].trim() : '';
  let product = String(processed['product']);
  // From 2017-06-01 on aurora builds were published as DevEdition.
  if (product === 'Firefox' && channel === 'aurora' && buildId > '20170601') product = 'DevEdition';
  const version = buildId === '' ? null : await services.versions.versionOf({ product, channel, buildId });
  if (version !== null) {
    processed['version'] = version;
  } else if (typeof processed['version'] === 'string') {
    processed['version'] += 'b0';
    notes.add(`release channel is ${channel} but no version data was found - added "b0" suffix to version number`);
  }
}

export const betaVersion: Rule = {
  name: 'BetaVersionRule',
  doc: 'Finds the full version of a Firefox or Thunderbird beta by its build id; appends `b0` when it is not known.',
  predicate: (context) => isOfFirefox(context) && isBeta(context),
  action: setBetaVersion,
};

export const betaVersionOfAnyProduct: Rule = {
  name: 'BetaVersionOfAnyProductRule',
  doc: 'As BetaVersionRule, for every product whose versions were imported.',
  predicate: isBeta,
  async action(context) {
    const { versions } = context.services;
    if (isOfFirefox(context) || (await versions.knowsProduct(String(context.processed['product']))))
      await setBetaVersion(context);
  },
};

export const distributionId: Rule = {
  name: 'DistributionIdRule',
  doc: 'Sets `distribution_id` from the annotation, else from the telemetry environment.',
  action({ raw, processed }) {
    processed['distribution_id'] = distributionIdOf(raw['DistributionID'], raw['TelemetryEnvironment']);
  },
};

function distributionIdOf(annotation: JsonValue | undefined, telemetry: JsonValue | undefined): string {
  if (typeof annotation === 'string' && annotation !== '') return annotation;
  const json = telemetry === undefined ? null : annotationJson(telemetry);
  const id = json && 'value' in json ? dig(json.value, 'partner.distributionId') : undefined;
  if (id === undefined) return 'unknown';
  return typeof id === 'string' && id !== '' ? id : 'mozilla';
}
