// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

/** Names as Socorro sends them; those of ours say so in their doc. */
export const processorMetrics = declareMetrics({
  processCrash: {
    name: 'socorro.processor.process_crash',
    kind: 'timing',
    unit: 'ms',
    tags: ['ruleset'],
    doc: 'Time for one crash, from taking it to saving it.',
  },
  ruleAct: {
    name: 'socorro.processor.rule.act.timing',
    kind: 'timing',
    unit: 'ms',
    tags: ['rule'],
    doc: 'Time that one rule took.',
  },
  ruleFailed: {
    name: 'socorro.processor.rule.failed',
    kind: 'counter',
    tags: ['rule'],
    doc: 'A rule threw (ours).',
  },
  saveDestination: {
    name: 'socorro.processor.save_destination',
    kind: 'timing',
    unit: 'ms',
    tags: ['destination', 'result'],
    doc: 'Time to save a processed crash to one destination (ours; Socorro has a name per destination).',
  },
  saveProcessedCrash: {
    name: 'socorro.processor.save_processed_crash',
    kind: 'counter',
    doc: 'A processed crash is in storage and every other debt is written down.',
  },
  ingestion: {
    name: 'socorro.processor.ingestion_timing',
    kind: 'timing',
    unit: 'ms',
    doc: 'From submission to the end of the first processing.',
  },
  outcome: {
    name: 'socorro.processor.outcome',
    kind: 'counter',
    tags: ['outcome'],
    doc: 'How the work on a queue message ended: saved, returned, or buried with its reason (ours).',
  },
  walkRun: {
    name: 'socorro.processor.minidumpstackwalk.run',
    kind: 'counter',
    tags: ['outcome', 'exitcode'],
    doc: 'A dump was walked.',
  },
  truncated: {
    name: 'socorro.processor.truncatestackrule.truncated',
    kind: 'counter',
    doc: 'A stack was cut to 500 frames.',
  },
  stackSize: {
    name: 'socorro.processor.truncatestackrule.stack_size',
    kind: 'gauge',
    unit: 'items',
    doc: 'Frames of a stack that was cut.',
  },
  hasNulls: { name: 'socorro.processor.denullrule.has_nulls', kind: 'counter', doc: 'NUL characters were removed.' },
  hadNones: { name: 'socorro.processor.denonerule.had_nones', kind: 'counter', doc: 'Null annotations were removed.' },
  betaCache: {
    name: 'socorro.processor.betaversionrule.cache',
    kind: 'counter',
    tags: ['result'],
    doc: 'The cache of version answers had the answer (hit) or not (miss).',
  },
  betaLookup: {
    name: 'socorro.processor.betaversionrule.lookup',
    kind: 'counter',
    tags: ['result'],
    doc: 'The version service knew the build (success) or not (fail).',
  },
  inFlight: {
    name: 'socorro.processor.in_flight',
    kind: 'gauge',
    unit: 'items',
    doc: 'Crashes being processed (ours).',
  },
  debts: {
    name: 'socorro.processor.outbox.debts',
    kind: 'gauge',
    unit: 'items',
    tags: ['destination'],
    doc: 'Processed crashes that a destination still lacks (ours).',
  },
  saveProcessedCount: {
    name: 'socorro.save_processed.save_processed_crash',
    kind: 'counter',
    tags: ['product'],
    doc: 'The counting destination: one for each processed crash.',
  },
});
