// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Verdict of the throttler. CONTINUE exists only inside rules and never leaves the throttler. */
export type ThrottleResult = 'accept' | 'defer' | 'reject' | 'fakeaccept';

/** The digit that a verdict writes into the crash id and into `legacy_processing` (collector.md §4.1). */
export const throttleDigits: Readonly<Record<ThrottleResult, number>> = {
  accept: 0,
  defer: 1,
  reject: 2,
  fakeaccept: 3,
};

/** What the throttler says of one report: verdict, name of the rule that decided, and its rate in percent. */
export interface ThrottleDecision {
  readonly result: ThrottleResult;
  readonly rule: string;
  /** 0–100; null where a legacy rule has none. */
  readonly rate: number | null;
}
