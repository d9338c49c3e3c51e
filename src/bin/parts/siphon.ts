// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { siphonOptions } from '../../client/options.ts';
import { SiphonQueue } from '../../client/siphon-queue.ts';
import { SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import { queueErrors } from '../../queue/errors.ts';
import { FileQueue } from '../../queue/file-queue.ts';
import type { ProcessContext } from '../context.ts';

/** The queue, with the siphon to a stage where one is configured. */
export async function withSiphon(context: ProcessContext, main: CrashQueue): Promise<CrashQueue> {
  const { percent } = context.config.valuesOf(siphonOptions);
  if (percent === 0) return main;
  const { clock, logger, metrics } = context;
  logger.info(`${percent} % of new crash ids also go to the stage`);
  return new SiphonQueue({ main, stage: await openStageQueue(context), percent, clock, logger, metrics });
}

async function openStageQueue({ config, logger, clock }: ProcessContext): Promise<CrashQueue> {
  const { rabbitmqUrl, queueName, directory } = config.valuesOf(siphonOptions);
  if (rabbitmqUrl === '' && directory === '')
    throw new SalvageError(
      queueErrors.queue_refused,
      'the siphon needs SALVAGE_SIPHON_RABBITMQ_URL or SALVAGE_SIPHON_DIRECTORY',
    );
  if (rabbitmqUrl === '')
    return new FileQueue({ directory, files: nodeFiles, logger, clock, leaseMs: 60_000, attemptsMax: 3 });
  const { RabbitmqQueue } = await import('../../queue/rabbitmq-queue.ts');
  return new RabbitmqQueue({
    url: rabbitmqUrl,
    // Only new crashes go there; the other two are named as the stage's processors expect them.
    queueNames: { standard: queueName, priority: 'socorro.priority', reprocessing: 'socorro.reprocessing' },
    deadQueueName: 'socorro.dead',
    isQuorum: false,
    // The stage declares its own queues, with its own properties; only the first need be there.
    declares: false,
    logger,
    leaseMs: 60_000,
    attemptsMax: 3,
  });
}
