// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ClientKind, clientKinds, type DumpFile, writeRequest } from '../../client/client-kinds.ts';
import { clientErrors } from '../../client/errors.ts';
import { exchangeRaw } from '../../client/raw-exchange.ts';
import { crashIdIn, type SubmitAnswer, submit, type Transfer } from '../../client/submit.ts';
import { mainDumpName } from '../../crash/raw-crash.ts';
import { SalvageError } from '../../lib/errors.ts';
import { intakeUrl, localSiteText } from '../intake-url.ts';

interface SubmitCommandOptions {
  readonly url?: string;
  readonly as: ClientKind;
  readonly transfer: Transfer;
  readonly annotation?: Record<string, string>;
  readonly token?: string;
  readonly raw?: string;
}

function collectAnnotation(text: string, previous?: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('write it as NAME=VALUE');
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

/** `FILE` is the main minidump; `NAME=FILE` another dump. */
function readDump(argument: string): DumpFile {
  const named = /^([A-Za-z0-9_]+)=(.+)$/.exec(argument);
  const path = named ? (named[2] as string) : argument;
  return { name: named ? (named[1] as string) : mainDumpName, filename: basename(path), bytes: readFileSync(path) };
}

/** `salvage submit`: sends one new report, as a client of any kind would. */
export function addSubmitCommand(program: Command): void {
  program
    .command('submit')
    .description('send one crash report to a collector, as any kind of client would')
    .argument('[dumps...]', 'minidumps: FILE, or NAME=FILE for a dump other than the main one')
    .option('--url <url>', `address of the intake (${localSiteText})`)
    .addOption(new Option('--as <kind>', 'client family to imitate').choices(clientKinds).default('crashpad'))
    .addOption(
      new Option('--transfer <how>', 'how the body travels')
        .choices(['auto', 'plain', 'gzip', 'chunked', 'gzip-chunked'])
        .default('auto'),
    )
    .option(
      '-a, --annotation <name=value>',
      'an annotation; repeat for more (ProductName is Sample and Version 1.0 unless set)',
      collectAnnotation,
    )
    .option('--token <token>', 'bearer token, for a report that brings its own uuid')
    .option('--raw <file>', 'send the bytes of this file as they are: a request written by `salvage capture`')
    .action(async (dumps: string[], options: SubmitCommandOptions) => {
      const { status, text, durationMs } =
        options.raw === undefined ? await submitNew(dumps, options) : await submitRaw(options.raw, options.url);
      process.stdout.write(`${text}\n`);
      process.stderr.write(`HTTP ${status} in ${durationMs.toFixed(0)} ms\n`);
      if (status !== 200 || crashIdIn(text) === null) throw new SalvageError(clientErrors.submit_refused, text);
    });
}

const timeoutMs = 60_000;

function submitNew(dumps: readonly string[], options: SubmitCommandOptions): Promise<SubmitAnswer> {
  const annotations = { ProductName: 'Sample', Version: '1.0', ...options.annotation };
  const written = writeRequest(options.as, { annotations, dumps: dumps.map(readDump) }, (digits) =>
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
  );
  return submit(written, {
    url: intakeUrl(options.url).href,
    transfer: options.transfer,
    timeoutMs,
    ...(options.token ? { headers: { authorization: `Bearer ${options.token}` } } : {}),
  });
}

/** The host of the URL alone counts: path and headers are in the file. */
async function submitRaw(path: string, url: string | undefined): Promise<Omit<SubmitAnswer, 'crashId'>> {
  const file = await open(path);
  const request = file.createReadStream() as AsyncIterable<Buffer>;
  const answer = await exchangeRaw(intakeUrl(url), request, timeoutMs).finally(() => file.close());
  if (!answer)
    throw new SalvageError(clientErrors.submit_unreachable, 'the server closed the connection without an answer');
  return { ...answer, text: answer.body.toString().trimEnd() };
}
