// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const peopleLimits = declareLimits({
  claimLinkMs: {
    value: 30 * 60_000,
    unit: 'ms',
    reason: 'a link in a terminal or its scrollback must not be a key for long (decisions.md 4)',
  },
  sessionIdleMs: { value: 12 * 3_600_000, unit: 'ms', reason: 'a working day (web.md §7.2)' },
  sessionAgeMs: { value: 7 * 86_400_000, unit: 'ms', reason: 'a week, then sign in again (web.md §7.2)' },
  sessionTouchMs: { value: 60_000, unit: 'ms', reason: 'the time of last use is written at most once a minute' },
  tokenDaysDefault: { value: 90, unit: 'items', reason: 'as crash-stats (web.md §7.2)' },
  tokenDaysMax: { value: 366, unit: 'items', reason: 'a year; only admins may have tokens without an end' },
  passwordCharactersMin: { value: 12, unit: 'characters', reason: 'length beats rules; argon2id does the rest' },
  passwordCharactersMax: {
    value: 1024,
    unit: 'characters',
    reason: 'hashing must not become a way to keep the processor busy',
  },
  auditObjectCharactersMax: {
    value: 4000,
    unit: 'characters',
    reason: 'of what an audit row is about: fifty crash ids, or the address of any search that a person writes',
  },
  nameCharactersMax: { value: 100, unit: 'characters', reason: 'names stand in tables and in the audit trail' },
});
