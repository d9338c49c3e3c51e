// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { dig, objectsIn, textAt } from '../dig.ts';
import type { MissingModule } from '../missing-symbols.ts';
import type { Rule, RuleContext } from '../rule.ts';

/** Modules that a symbol server could help with: a name and an id to look for. */
export function missingModulesOf({ processed }: RuleContext): MissingModule[] {
  return objectsIn(dig(processed, 'json_dump.modules'))
    .filter((module) => module['missing_symbols'] && textAt(module, 'debug_file') && textAt(module, 'debug_id'))
    .map((module) => ({
      debugFile: textAt(module, 'debug_file'),
      debugId: textAt(module, 'debug_id'),
      codeFile: textAt(module, 'filename'),
      codeId: textAt(module, 'code_id'),
    }));
}

export const missingSymbolsRecord: Rule = {
  name: 'MissingSymbolsRecordRule',
  doc: 'Records the modules whose symbols were not found, one batch a crash, for the missing-symbols export.',
  async action(context) {
    const date = context.processed['date_processed'];
    const modules = missingModulesOf(context);
    if (typeof date !== 'string' || modules.length === 0) return false;
    try {
      await context.services.missingSymbols.record(
        String(context.raw['uuid']),
        date.slice(0, 10).replaceAll('-', ''),
        modules,
      );
    } catch (error) {
      context.notes.add(`WARNING: missing symbols rule failed for ${context.raw['uuid']}`);
      context.services.logger.warning('could not record missing symbols', { error });
      return false;
    }
    return true;
  },
};
