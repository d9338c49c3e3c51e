// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type LoadOptions, type LoadResult, runLoad } from '../../client/load.ts';
import { loadReport } from '../../client/load-report.ts';
import { defaultMix, makePayloads, type PayloadMix, parseMix } from '../../client/payloads.ts';
import { usageOf } from '../../client/process-usage.ts';
import { assertReachable } from '../../client/raw-exchange.ts';
import { systemClock } from '../../lib/clock.ts';
import { intakeUrl, localSiteText } from '../intake-url.ts';

interface LoadtestOptions {
  readonly concurrency: number;
  readonly rate?: number;
  readonly connections: number;
  readonly duration: number;
  readonly count?: number;
  readonly mix: PayloadMix;
  readonly pid?: number;
  readonly json?: boolean;
}

const timeoutMs = 60_000;

/** `salvage loadtest`: the payload mix of real collectors against a running intake. */
export function addLoadtestCommand(program: Command): void {
  program
    .command('loadtest')
    .description('load an intake with the reports of real life and say how it answers')
    .argument('[url]', `address of the intake (${localSiteText})`)
    .option('-c, --concurrency <n>', 'closed loop: so many clients, each waiting for its answer', positive, 8)
    .option('-r, --rate <n>', 'open loop instead: so many reports a second, whatever the server does', positive)
    .option('--connections <n>', 'open loop: connections at most', positive, 512)
    .option('-d, --duration <seconds>', 'how long', positive, 10)
    .option('-n, --count <n>', 'stop after so many reports', positive)
    .addOption(
      new Option('--mix <kind=weight,…>', 'bodies to send')
        .argParser(parseMix)
        .default(defaultMix, mixText(defaultMix)),
    )
    .option('--pid <pid>', 'the server’s process, when it runs here: tells its CPU per report and its memory', positive)
    .option('--json', 'print the figures as JSON')
    .action(async (address: string | undefined, options: LoadtestOptions) => {
      const url = intakeUrl(address);
      await assertReachable(url, timeoutMs);
      const interrupt = new AbortController();
      process.once('SIGINT', () => interrupt.abort());
      const result = await measure(loadOptions(url, options, interrupt.signal), options);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : loadReport(result));
      process.exitCode = result.failed > 0 || result.unsent > 0 || result.count === 0 ? 1 : 0;
    });
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number above 0');
  return value;
}

function mixText(mix: PayloadMix): string {
  return Object.entries(mix)
    .map(([kind, weight]) => `${kind}=${weight}`)
    .join(',');
}

function loadOptions(url: URL, options: LoadtestOptions, signal: AbortSignal): LoadOptions {
  return {
    url,
    payloads: makePayloads(options.mix),
    loop:
      options.rate === undefined
        ? { kind: 'closed', concurrency: options.concurrency }
        : { kind: 'open', perSecond: options.rate, connectionsMax: options.connections },
    durationMs: options.duration * 1000,
    ...(options.count === undefined ? {} : { countMax: options.count }),
    timeoutMs,
    clock: systemClock,
    onProgress: showProgress,
    signal,
  };
}

async function measure(load: LoadOptions, { pid }: LoadtestOptions) {
  const before = pid === undefined ? null : await usageOf(pid);
  const result = await runLoad(load);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (pid === undefined || before === null) return { ...result, server: null };
  const after = await usageOf(pid);
  const cpuMs = after.cpuMs - before.cpuMs;
  return {
    ...result,
    server: {
      cpuMsPerReport: Math.round((cpuMs / Math.max(1, result.count)) * 100) / 100,
      cpuCores: Math.round((cpuMs / 1000 / result.elapsedS) * 100) / 100,
      rssMb: after.rssMb,
      processCount: after.processCount,
    },
  };
}

function showProgress({ elapsedS, count, failed, requestsPerSecond, p99Ms }: LoadResult): void {
  const line = `${elapsedS.toFixed(0)} s: ${count} taken, ${failed} not, ${requestsPerSecond}/s, p99 ${p99Ms} ms`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
}
