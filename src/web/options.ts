// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

export const webOptions = declareOptions('web', 'Pages and API of crash-stats.', {
  public: option.boolean(false, 'Everybody may read public data without a login (for open projects).'),
  baseUrl: option.url(
    '',
    'Address under which people reach the pages, for links in reports. Empty = as the request came.',
  ),
  trustedProxies: option.list([], 'Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.'),
  corsOrigins: option.list([], 'Origins whose pages may call the API with a token.'),
  publicAnnotations: option.list(
    [],
    'Annotations that are public in search as `annotation.NAME`; all others are protected.',
  ),
  anonymousRequestsPerMinute: option.integer(100, 1, 1_000_000, 'Requests a minute from one address without a login.'),
  knownRequestsPerMinute: option.integer(1000, 1, 1_000_000, 'Requests a minute of one signed-in person or token.'),
  searchTimeoutMs: option.duration(4500, 'Longest search; command-line clients give up after 5 s.'),
  anonymousSearchTimeoutMs: option.duration(3000, 'Longest search of a reader without a login.'),
  collectorUrls: option.list(
    [],
    'Addresses of collectors without a database, such as http://node1:8000, that the status page asks for their state. Those with a database tell it by themselves.',
  ),
  collectorToken: option.text('', 'The collector.statusToken of those collectors.', { secret: true }),
  ourModules: option.list(
    [],
    'Code files (without directory) that count as ours in stacks. Empty = modules with symbols uploaded here.',
  ),
});
