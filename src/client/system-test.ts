// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText, SalvageError } from '../lib/errors.ts';
import { assertReachable } from './raw-exchange.ts';
import { type SystemTestOptions, systemCases, UnexpectedAnswer } from './system-cases.ts';

export interface CaseResult {
  readonly area: string;
  readonly name: string;
  readonly isPassed: boolean;
  /** What was answered, or why not. */
  readonly detail: string;
  readonly durationMs: number;
}

export interface SystemTestResult {
  readonly cases: readonly CaseResult[];
  readonly failed: number;
  /** What must be in the storage soon. */
  readonly crashIds: readonly string[];
}

/**
 * The live check before a node is put in service (collector.md §11): real requests one after the other, nothing mocked.
 * Only what clients and load balancers can see counts, so it works against any collector. Throws `submit_unreachable`
 * where nobody listens.
 */
export async function runSystemTest(
  options: SystemTestOptions,
  onCase: (result: CaseResult) => void,
): Promise<SystemTestResult> {
  await assertReachable(options.url, options.timeoutMs);
  const crashIds: string[] = [];
  const cases: CaseResult[] = [];
  for (const { area, name, run } of systemCases(options, (crashId) => crashIds.push(crashId))) {
    const startMs = performance.now();
    const outcome = await run().then(
      (detail) => ({ isPassed: true, detail }),
      (error: unknown) => ({
        isPassed: false,
        detail: error instanceof UnexpectedAnswer || error instanceof SalvageError ? error.message : errorText(error),
      }),
    );
    const result = { area, name, ...outcome, durationMs: Math.round(performance.now() - startMs) };
    cases.push(result);
    onCase(result);
  }
  return { cases, failed: cases.filter(({ isPassed }) => !isPassed).length, crashIds };
}

/** One line of the table. */
export function caseLine({ area, name, isPassed, detail, durationMs }: CaseResult): string {
  const mark = isPassed ? 'ok  ' : 'FAIL';
  return `${mark}  ${area.padEnd(8)}  ${name.padEnd(46)}  ${`${durationMs} ms`.padStart(8)}  ${detail}`;
}
