// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { execFile } from 'node:child_process';
import { mainDumpName } from '../../../crash/raw-crash.ts';
import { dig, framesOf, textAt } from '../../dig.ts';
import { processorLimits } from '../../limits.ts';
import type { Rule } from '../../rule.ts';
import { classificationsOf } from './support-classifiers.ts';

const killAfterMs = 30_000;

/** Runs a program on a dump without a shell; its first word of output and how it ended. */
function runCategorizer(
  path: string,
  dumpPath: string,
  signal: AbortSignal,
): Promise<{ readonly output: string; readonly exitCode: number }> {
  return new Promise((resolve) => {
    execFile(
      path,
      [dumpPath],
      {
        timeout: killAfterMs,
        killSignal: 'SIGKILL',
        maxBuffer: processorLimits.jitOutputBytesMax.value,
        signal,
        encoding: 'utf8',
      },
      (error, stdout) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -9) : 0;
        resolve({ output: stdout.trim(), exitCode: code });
      },
    );
  });
}

export const jitCrashCategorizeRule: Rule = {
  name: 'JitCrashCategorizeRule',
  doc: 'Has a program categorise crashes in code that Firefox made at run time on 32-bit Windows.',
  predicate({ processed, services, dumps }) {
    if (services.jitCategorizerPath === '' || !dumps.has(mainDumpName)) return false;
    const signature = textAt(processed, 'signature');
    const [top] = framesOf(processed['json_dump'], dig(processed, 'json_dump.crash_info.crashing_thread'));
    return (
      processed['product'] === 'Firefox' &&
      textAt(processed, 'os_name').startsWith('Windows') &&
      processed['cpu_name'] === 'x86' &&
      top !== undefined &&
      !top['module'] &&
      (signature.endsWith('EnterBaseline') || signature.endsWith('EnterIon'))
    );
  },
  async action({ processed, services, dumps, signal }) {
    const dump = dumps.get(mainDumpName);
    if (!dump) return false;
    const { output, exitCode } = await runCategorizer(services.jitCategorizerPath, dump.path, signal);
    classificationsOf(processed)['jit'] = {
      category: output === '' ? null : output.slice(0, 200),
      category_return_code: exitCode,
    };
    return true;
  },
};

export const signatureJitCategory: Rule = {
  name: 'SignatureJitCategory',
  doc: 'Replaces the signature by the JIT category. Runs after SigTrunc.',
  predicate: ({ processed }) => !!dig(processed, 'classifications.jit.category'),
  action({ processed, notes }) {
    notes.add(`Signature replaced with a JIT Crash Category, was: "${processed['signature']}"`);
    processed['signature'] = `jit | ${dig(processed, 'classifications.jit.category')}`;
    return true;
  },
};
