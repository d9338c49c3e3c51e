// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { mainDumpName } from '../crash/raw-crash.ts';
import { SalvageError } from '../lib/errors.ts';
import { type ClientKind, type RandomHex, type ReportContent, writeRequest } from './client-kinds.ts';
import type { DemoScene } from './demo-scenes.ts';
import { clientErrors } from './errors.ts';
import { type SubmitAnswer, submit } from './submit.ts';

/** One report of the demo, ready to be written as its client would. */
export interface DemoReport {
  readonly scene: DemoScene;
  readonly as: ClientKind;
  readonly content: ReportContent;
}

export interface DemoParts {
  /** The bytes of a dump of demo/dumps by its name. */
  readonly readDump: (name: string) => Promise<Uint8Array>;
  readonly now: () => Date;
  readonly randomHex: RandomHex;
}

/** The golden ratio's fraction: its multiples fall everywhere alike, so neighbours differ and every run is the same. */
const golden = 0.618_033_988_75;
const clientCount = 23;

/** All reports of the scenes, mixed; the same mixture every time but for the time of day. */
export async function makeDemoReports(scenes: readonly DemoScene[], parts: DemoParts): Promise<DemoReport[]> {
  const reports: DemoReport[] = [];
  for (const scene of scenes) {
    const bytes = scene.dump === null ? null : await parts.readDump(scene.dump);
    for (let nth = 0; nth < scene.count; nth++) {
      const number = reports.length;
      // Each client makes a name of its own for its dump; two equal ones would be one report sent twice.
      const filename = `${parts.randomHex(8)}-${parts.randomHex(4)}-4000-8000-${parts.randomHex(12)}.dmp`;
      reports.push({
        scene,
        as: scene.as,
        content: {
          annotations: annotationsOf(scene, nth, number, parts.now()),
          dumps: bytes ? [{ name: mainDumpName, filename, bytes }] : [],
        },
      });
    }
  }
  const place = (number: number) => (number * golden) % 1;
  return reports
    .map((report, number) => ({ report, at: place(number) }))
    .sort((a, b) => a.at - b.at)
    .map(({ report }) => report);
}

function annotationsOf(scene: DemoScene, nth: number, number: number, now: Date): Record<string, string> {
  const crashTime = Math.floor(now.getTime() / 1000) - 1;
  const [shortest, longest] = scene.uptimeS;
  const startupTime = crashTime - Math.round(shortest + (longest - shortest) * ((nth * golden) % 1));
  const comment = nth % 3 === 0 ? scene.comments?.[(nth / 3) % scene.comments.length] : undefined;
  return {
    ...scene.annotations,
    CrashTime: String(crashTime),
    StartupTime: String(startupTime),
    InstallTime: String(startupTime - 86_400 * (1 + (number % 40))),
    guid: `demo-installation-${number % clientCount}`,
    DumpOrigin: scene.origin,
    ...(comment === undefined ? {} : { Comments: comment }),
  };
}

/** Sends one report. Throws `submit_unreachable`, and `submit_refused` unless the answer carries a crash id. */
export async function sendDemoReport(
  report: DemoReport,
  url: string,
  randomHex: RandomHex,
): Promise<SubmitAnswer & { readonly crashId: string }> {
  const written = writeRequest(report.as, report.content, randomHex);
  const answer = await submit(written, { url, transfer: 'auto', timeoutMs: 30_000 });
  const { crashId } = answer;
  if (answer.status === 200 && crashId !== null) return { ...answer, crashId };
  throw new SalvageError(clientErrors.submit_refused, `HTTP ${answer.status}: ${answer.text}`);
}
