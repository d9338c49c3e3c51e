// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type Config, readConfig } from '../../config/config.ts';
import { errorText, SalvageError } from '../../lib/errors.ts';
import { processorOptions } from '../../processor/options.ts';
import { signingOf } from '../../processor/presets.ts';
import { signatureOptions } from '../../signature/options.ts';
import {
  generateSignature,
  recogniseCrashData,
  type SignatureOptions,
  signatureErrors,
  signatureText,
} from '../../signature/signature.ts';
import { optionGroups } from '../option-groups.ts';
import { ownSiglistDirectory, readSiglists } from '../siglist-directory.ts';

interface SignatureCommandOptions {
  readonly lists?: string;
  readonly era?: SignatureOptions['era'];
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
    .option('--lists <directory>', 'signature lists to use (default: those of the processor)')
    .addOption(new Option('--era <era>', 'whose rules (default: those of the processor)').choices(['today', '2015']))
    .option('--no-provisional', 'no provisional signature where symbols are missing, as in Socorro')
    .option('--json', 'the whole result as JSON')
    .option('--check', 'only check the lists: every bad line with its file and number')
    .action((file: string | undefined, options: SignatureCommandOptions) => {
      const config = readConfig({ groups: optionGroups, environment: process.env });
      const directory = options.lists || config.valuesOf(signatureOptions).listDirectory || ownSiglistDirectory;
      const text = options.check
        ? checkText(directory)
        : resultText(file ?? '-', directory, signingFor(options, config), options.json === true);
      output.write(text);
    });
}

/** As the processor that is configured here would, but for what the options say. */
function signingFor(
  { era, provisional }: SignatureCommandOptions,
  config: Config,
): Pick<SignatureOptions, 'era' | 'provisional'> {
  const configured = signingOf(config.valuesOf(processorOptions).ruleSet);
  const chosen = era ?? configured.era;
  return { era: chosen, provisional: provisional && configured.provisional && chosen === configured.era };
}

function checkText(lists: string): string {
  const read = readSiglists(lists);
  const sizes = Object.entries(read).flatMap(([name, list]) =>
    list !== null && 'size' in list ? [`${name} ${list.size}`] : [],
  );
  return [`${lists}: ${sizes.join(', ')}`, ...read.warnings.map((warning) => `warning: ${warning}`), ''].join('\n');
}

function resultText(file: string, lists: string, signing: ReturnType<typeof signingFor>, isJson: boolean): string {
  const { crashData } = readInput(file);
  const result = generateSignature(crashData, { lists: readSiglists(lists), ...signing });
  return isJson ? `${JSON.stringify(result, null, 2)}\n` : signatureText(result);
}

function readInput(file: string): NonNullable<ReturnType<typeof recogniseCrashData>> {
  const recognised = recogniseCrashData(parse(readText(file), file));
  if (!recognised) throw new SalvageError(signatureErrors.signature_input_unknown);
  return recognised;
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new SalvageError(signatureErrors.signature_input_unknown, `cannot read ${file}: ${systemCodeOf(cause)}`, {
      cause,
    });
  }
}

function systemCodeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? errorText(error);
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SalvageError(
      signatureErrors.signature_input_unknown,
      `${file === '-' ? 'standard input' : file} is not JSON: ${(error as Error).message}`,
    );
  }
}
