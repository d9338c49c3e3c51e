// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

export const siphonOptions = declareOptions('siphon', 'A share of the new crash ids for a stage environment.', {
  percent: option.number(
    0,
    0,
    100,
    'Percentage of new crash ids that also go to the stage’s queue, chosen by crash id; 0 = none.',
  ),
  rabbitmqUrl: option.text('', 'Broker of the stage’s queue; empty = the file queue of `siphon.directory`.', {
    secret: true,
  }),
  queueName: option.text('socorro.normal', 'Queue in the stage’s broker.'),
  directory: option.path('', 'Directory of the stage’s file queue, where there is no broker.'),
});
