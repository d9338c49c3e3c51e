// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

export const rabbitmqOptions = declareOptions('rabbitmq', 'RabbitMQ as the queue of crash ids', {
  url: option.text(
    'amqp://guest:guest@localhost:5672/',
    'URL of the broker with user, password and virtual host; amqps:// for TLS. Several, comma separated, for a cluster.',
    { secret: true },
  ),
  standardQueueName: option.text('socorro.normal', 'Queue of newly accepted crashes.', {
    aliases: ['resource.rabbitmq.standard_queue_name'],
  }),
  priorityQueueName: option.text('socorro.priority', 'Queue of crashes that somebody waits for.', {
    aliases: ['resource.rabbitmq.priority_queue_name'],
  }),
  reprocessingQueueName: option.text('socorro.reprocessing', 'Queue of crashes to process again.', {
    aliases: ['resource.rabbitmq.reprocessing_queue_name'],
  }),
  deadQueueName: option.text('socorro.dead', 'Queue of crashes given up, with their reasons in headers.'),
  isQuorum: option.boolean(false, 'Declare replicated (quorum) queues instead of classic ones.'),
  declares: option.boolean(
    true,
    'Declare the queues; false when the user may not, or they exist with other properties. Then all must be there: the three, those that end in .resting, and the dead one.',
  ),
});
