// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { gzipSync } from 'node:zlib';
import { mainDumpName } from '../crash/raw-crash.ts';
import { clientKinds, type ReportContent, writeRequest } from './client-kinds.ts';
import { exchangeRaw, type RawAnswer } from './raw-exchange.ts';
import { crashIdIn, type SubmitAnswer, submit, type Transfer } from './submit.ts';

export interface SystemTestOptions {
  /** The intake, path included; health is asked on the same host. */
  readonly url: URL;
  /** `ProductName` of the test reports: one that the node's rules take. */
  readonly product: string;
  /** Largest body in bytes; null = not known, not tested. */
  readonly bodySizeBytesMax: number | null;
  /** Bearer token for reports that bring their own crash id; null = only the refusal is tested. */
  readonly token: string | null;
  readonly timeoutMs: number;
  /** n random hex digits. */
  readonly randomHex: (digits: number) => string;
  /** A fresh crash id for the report that brings its own. */
  readonly crashId: () => string;
  readonly now: () => Date;
}

/** The node answered something else than it should. */
export class UnexpectedAnswer extends Error {}

export interface SystemCase {
  readonly area: string;
  readonly name: string;
  /** Returns what was seen; throws when it is not what should be. */
  readonly run: () => Promise<string>;
}

/** Every case in the order in which they run: health, reports as clients send them, then what must be refused. */
export function systemCases(options: SystemTestOptions, onCrashId: (crashId: string) => void): SystemCase[] {
  const tester = new Tester(options, onCrashId);
  return [
    ...healthCases(tester),
    ...transferCases(tester),
    ...clientCases(tester),
    ...idCases(tester),
    ...discardCases(tester),
    ...lengthCases(tester),
    ...sizeCases(tester),
  ];
}

class Tester {
  readonly options: SystemTestOptions;
  readonly #onCrashId: (crashId: string) => void;

  constructor(options: SystemTestOptions, onCrashId: (crashId: string) => void) {
    this.options = options;
    this.#onCrashId = onCrashId;
  }

  content(more: Readonly<Record<string, string>> = {}, dumpSizeBytes = 20_000): ReportContent {
    const { product, randomHex } = this.options;
    const bytes = Buffer.alloc(dumpSizeBytes, 'system test ');
    bytes.write(`MDMP${randomHex(16)}`);
    // The names of every client family, so that the rules see the product whoever seems to send it.
    const annotations = { ProductName: product, Version: '1.0', ReleaseChannel: 'release', prod: product, ver: '1.0' };
    return {
      annotations: { ...annotations, ...more },
      dumps: [{ name: mainDumpName, filename: `${randomHex(8)}.dmp`, bytes }],
    };
  }

  plain(more: Readonly<Record<string, string>> = {}) {
    return writeRequest('breakpad-linux', this.content(more), this.options.randomHex);
  }

  send(written: ReturnType<typeof writeRequest>, transfer: Transfer, more: { path?: string; token?: string } = {}) {
    const url = new URL(this.options.url);
    if (more.path !== undefined) url.pathname = more.path;
    const headers: Record<string, string> = more.token === undefined ? {} : { authorization: `Bearer ${more.token}` };
    return submit(written, { url: url.href, transfer, headers, timeoutMs: this.options.timeoutMs });
  }

  /** A POST of exactly these header lines and bytes. */
  raw(headers: readonly string[], body: Uint8Array, timeoutMs = this.options.timeoutMs): Promise<RawAnswer | null> {
    const { url } = this.options;
    const head = [`POST ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...headers, '', ''].join('\r\n');
    return exchangeRaw(url, [Buffer.from(head), body], timeoutMs);
  }

  async get(path: string): Promise<RawAnswer> {
    const { url, timeoutMs } = this.options;
    const head = `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`;
    const answer = await exchangeRaw(url, [Buffer.from(head)], timeoutMs);
    if (!answer) throw new UnexpectedAnswer(`no answer to GET ${path}`);
    return answer;
  }

  accepted({ status, text, crashId }: Pick<SubmitAnswer, 'status' | 'text' | 'crashId'>): string {
    if (status === 200 && /^Discarded=rule_/.test(text))
      throw new UnexpectedAnswer(`${text}: the rules refuse these reports; name a product that they take (--product)`);
    if (status !== 200 || crashId === null) throw new UnexpectedAnswer(shown(status, text));
    this.#onCrashId(crashId);
    return text;
  }
}

function shown(status: number, text: string): string {
  return `HTTP ${status} ${text.split('\n', 1)[0]?.slice(0, 120) ?? ''}`.trim();
}

function textOf({ body }: RawAnswer): string {
  return body.toString().trimEnd();
}

/** A refusal that says why; older collectors answer 200 and `Discarded=1`. */
function refused(answer: RawAnswer | null, reason?: string): string {
  if (!answer) throw new UnexpectedAnswer('no answer');
  const text = textOf(answer);
  const isOld = answer.status === 200 && text === 'Discarded=1';
  const isNow = answer.status === 400 && (reason === undefined || text === `Discarded=malformed_${reason}`);
  if (!isOld && !isNow) throw new UnexpectedAnswer(shown(answer.status, text));
  return shown(answer.status, text);
}

function healthCases(tester: Tester): SystemCase[] {
  const expect200 = (answer: RawAnswer) => {
    if (answer.status !== 200) throw new UnexpectedAnswer(shown(answer.status, textOf(answer)));
    return textOf(answer);
  };
  return [
    {
      area: 'health',
      name: '/__lbheartbeat__ says that intake is open',
      run: async () => `HTTP 200 ${expect200(await tester.get('/__lbheartbeat__'))}`.trim(),
    },
    {
      area: 'health',
      name: '/__heartbeat__ finds spool, storage and queue well',
      async run() {
        const text = expect200(await tester.get('/__heartbeat__'));
        const { errors } = JSON.parse(text) as { errors?: unknown };
        if (!Array.isArray(errors) || errors.length > 0) throw new UnexpectedAnswer(text);
        return text;
      },
    },
    {
      area: 'health',
      name: '/__version__ is a JSON object',
      async run() {
        const text = expect200(await tester.get('/__version__'));
        const version: unknown = JSON.parse(text);
        if (typeof version !== 'object' || version === null || Array.isArray(version)) throw new UnexpectedAnswer(text);
        return text.slice(0, 120);
      },
    },
  ];
}

function transferCases(tester: Tester): SystemCase[] {
  return (['plain', 'gzip', 'chunked', 'gzip-chunked'] as const).map((transfer) => ({
    area: 'post',
    name: `a report sent ${transfer}`,
    run: async () => tester.accepted(await tester.send(tester.plain(), transfer)),
  }));
}

function clientCases(tester: Tester): SystemCase[] {
  return clientKinds.map((kind) => ({
    area: 'client',
    name: `a report as ${kind} sends it`,
    async run() {
      const content = tester.content({ _productName: tester.options.product, _version: '1.0' });
      return tester.accepted(await tester.send(writeRequest(kind, content, tester.options.randomHex), 'auto'));
    },
  }));
}

function idCases(tester: Tester): SystemCase[] {
  const { token, now, crashId } = tester.options;
  const cases: SystemCase[] = [
    {
      area: 'id',
      name: 'two reports get two ids, dated today (UTC)',
      async run() {
        const answers = [await tester.send(tester.plain(), 'plain'), await tester.send(tester.plain(), 'plain')];
        for (const answer of answers) tester.accepted(answer);
        const days = [now(), new Date(now().getTime() - 60_000)].map((day) =>
          day.toISOString().slice(2, 10).replaceAll('-', ''),
        );
        const isToday = answers.every((answer) => days.includes((answer.crashId as string).slice(-6)));
        const detail = answers.map((answer) => answer.crashId).join(', ');
        if (!isToday || answers[0]?.crashId === answers[1]?.crashId) throw new UnexpectedAnswer(detail);
        return detail;
      },
    },
    {
      area: 'id',
      name: 'a report with its own id and no token is refused',
      async run() {
        const { status, text } = await tester.send(tester.plain({ uuid: crashId() }), 'plain');
        if (status !== 401 || text !== 'Discarded=unauthorized_uuid') throw new UnexpectedAnswer(shown(status, text));
        return shown(status, text);
      },
    },
  ];
  if (token === null) return cases;
  return [
    ...cases,
    {
      area: 'id',
      name: 'a report with its own id and the token keeps it',
      async run() {
        const uuid = crashId();
        const answer = await tester.send(tester.plain({ uuid }), 'plain', { token });
        if (answer.crashId !== uuid) throw new UnexpectedAnswer(shown(answer.status, answer.text));
        return tester.accepted(answer);
      },
    },
  ];
}

const goodType = 'Content-Type: multipart/form-data; boundary=bb';

function form(text: string): Buffer {
  return Buffer.from(`--bb\r\nContent-Disposition: form-data; name="ProductName"\r\n\r\n${text}\r\n--bb--\r\n`);
}

function discardCases(tester: Tester): SystemCase[] {
  const good = form(tester.options.product);
  const discard = (name: string, headers: readonly string[], body: Buffer, reason?: string): SystemCase => ({
    area: 'discard',
    name,
    run: async () => refused(await tester.raw([...headers, `Content-Length: ${body.length}`], body), reason),
  });
  return [
    discard('no content type', [], good, 'no_content_type'),
    discard('another content type', ['Content-Type: application/json'], Buffer.from('{}'), 'wrong_content_type'),
    discard('no boundary', ['Content-Type: multipart/form-data'], good, 'no_boundary'),
    discard('a boundary that is not in the body', ['Content-Type: multipart/form-data; boundary=zz'], good),
    discard('junk instead of a form', [goodType], Buffer.alloc(400, '\x01junk')),
    discard('a form without annotations', [goodType], Buffer.from('--bb--\r\n'), 'no_annotations'),
    discard('a form that is cut short', [goodType], good.subarray(0, good.length - 8), 'invalid_payload_structure'),
    discard('gzip without saying so', [goodType], gzipSync(good)),
    discard('said to be gzip and is not', [goodType, 'Content-Encoding: gzip'], good, 'bad_gzip'),
    discard('gzip that is cut short', [goodType, 'Content-Encoding: gzip'], gzipSync(good).subarray(0, 30), 'bad_gzip'),
  ];
}

const patienceMs = 3000;

function lengthCases(tester: Tester): SystemCase[] {
  const good = form(tester.options.product);
  const withLength = (length: string, timeoutMs?: number) =>
    tester.raw([goodType, ...(length === '' ? [] : [`Content-Length: ${length}`])], good, timeoutMs);
  return [
    { area: 'length', name: 'no content length', run: async () => refused(await withLength('')) },
    { area: 'length', name: 'content length 0', run: async () => refused(await withLength('0')) },
    {
      area: 'length',
      name: 'content length that is no number',
      async run() {
        const answer = await withLength('abc');
        if (answer?.status !== 400)
          throw new UnexpectedAnswer(answer ? shown(answer.status, textOf(answer)) : 'no answer');
        return 'HTTP 400';
      },
    },
    { area: 'length', name: 'content length below the body', run: async () => refused(await withLength('20')) },
    {
      area: 'length',
      name: 'content length beyond the body gets no id',
      async run() {
        const answer = await withLength(String(good.length + 1000), patienceMs);
        if (!answer) return `no answer within ${patienceMs / 1000} s`;
        if (answer.status !== 408) throw new UnexpectedAnswer(shown(answer.status, textOf(answer)));
        return 'HTTP 408';
      },
    },
  ];
}

/** Whole bodies of the limit less one byte, the limit, and one byte more. */
function sizeCases(tester: Tester): SystemCase[] {
  const { bodySizeBytesMax, product } = tester.options;
  if (bodySizeBytesMax === null) return [];
  const head = `--bb\r\nContent-Disposition: form-data; name="ProductName"\r\n\r\n${product}\r\n--bb\r\nContent-Disposition: form-data; name="${mainDumpName}"; filename="a.dmp"\r\nContent-Type: application/octet-stream\r\n\r\nMDMP`;
  const tail = '\r\n--bb--\r\n';
  const send = (sizeBytes: number) => {
    const body = Buffer.alloc(sizeBytes);
    body.write(head);
    body.write(tail, sizeBytes - tail.length);
    return tester.raw([goodType, `Content-Length: ${sizeBytes}`], body);
  };
  return [-1, 0, 1].map((more) => ({
    area: 'size',
    name: `a body of ${bodySizeBytesMax}${more === 0 ? '' : more > 0 ? ' + 1' : ' - 1'} bytes`,
    async run() {
      const { answer, cuts } = await answered(() => send(bodySizeBytesMax + more));
      const text = textOf(answer);
      if (more <= 0) return tester.accepted({ status: answer.status, text, crashId: crashIdIn(text) });
      if (answer.status !== 413) throw new UnexpectedAnswer(shown(answer.status, text));
      return cuts === 0 ? 'HTTP 413' : `HTTP 413, after ${cuts} connections cut before their answer was seen`;
    },
  }));
}

const cutsMax = 4;

/**
 * A server that closes while the body is still being sent can lose its own answer on the way (the reset overtakes it):
 * tried again, and told.
 */
async function answered(send: () => Promise<RawAnswer | null>): Promise<{ answer: RawAnswer; cuts: number }> {
  for (let cuts = 0; cuts <= cutsMax; cuts++) {
    const answer = await send();
    if (answer) return { answer, cuts };
  }
  throw new UnexpectedAnswer(`no answer, ${cutsMax + 1} times`);
}
