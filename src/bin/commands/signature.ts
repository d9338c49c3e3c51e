// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { errorText, SalvageError } from '../../lib/errors.ts';
import {
  generateSignature,
  recogniseCrashData,
  type SignatureOptions,
  signatureErrors,
  signatureText,
} from '../../signature/signature.ts';
import { ownSiglistDirectory, readSiglists } from '../siglist-directory.ts';

interface SignatureCommandOptions {
  readonly lists: string;
  readonly era: SignatureOptions['era'];
  readonly provisional: boolean;
  readonly json?: boolean;
  readonly check?: boolean;
}

/** `salvage signature`: the signature of one crash and why it is so, or a check of signature lists. */
export function addSignatureCommand(program: Command, output: { write(text: string): unknown } = process.stdout): void {
  program
    .command('signature')
    .description('print the signature of a crash and what decided on it')
    .argument('[file]', 'JSON: crash data, a processed crash or a stackwalk document; - or nothing for standard input')
    .option('--lists <directory>', 'signature lists to use', ownSiglistDirectory)
    .addOption(new Option('--era <era>', 'whose rules').choices(['today', '2015']).default('today'))
    .option('--no-provisional', 'no provisional signature where symbols are missing, as in Socorro')
    .option('--json', 'the whole result as JSON')
    .option('--check', 'only check the lists: every bad line with its file and number')
    .action((file: string | undefined, options: SignatureCommandOptions) => {
      output.write(options.check ? checkText(options) : resultText(file ?? '-', options));
    });
}

function checkText({ lists }: SignatureCommandOptions): string {
  const read = readSiglists(lists);
  const sizes = Object.entries(read).flatMap(([name, list]) =>
    list !== null && 'size' in list ? [`${name} ${list.size}`] : [],
  );
  return [`${lists}: ${sizes.join(', ')}`, ...read.warnings.map((warning) => `warning: ${warning}`), ''].join('\n');
}

function resultText(file: string, { lists, era, provisional, json }: SignatureCommandOptions): string {
  const { crashData } = readInput(file);
  const result = generateSignature(crashData, { lists: readSiglists(lists), era, provisional });
  return json ? `${JSON.stringify(result, null, 2)}\n` : signatureText(result);
}

function readInput(file: string): NonNullable<ReturnType<typeof recogniseCrashData>> {
  const recognised = recogniseCrashData(parse(readFileSync(file === '-' ? 0 : file, 'utf8'), file));
  if (!recognised) throw new SalvageError(signatureErrors.signature_input_unknown);
  return recognised;
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SalvageError(signatureErrors.signature_input_unknown, `${file} is not JSON: ${errorText(error)}`);
  }
}
