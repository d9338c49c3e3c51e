// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { mainDumpName } from '../crash/raw-crash.ts';
import { SalvageError } from '../lib/errors.ts';
import { clientErrors } from './errors.ts';
import { type BodyPart, writeMultipart } from './multipart-writer.ts';

/** One report as it goes over the wire, to be sent again and again. */
export interface Payload {
  readonly kind: PayloadKind;
  /** Header lines of the body, each with its line end. */
  readonly headers: string;
  readonly body: Buffer;
  /** Lower-case hex SHA-256 by dump name: what a store must hold. */
  readonly dumpDigests: Readonly<Record<string, string>>;
}

const kB = 1000;
const annotationBytes = 40 * kB;

const oneDump = (sizeBytes: number) => ({ [mainDumpName]: sizeBytes - annotationBytes });

/** Kinds of the load mix of real collectors (collector.md §11); sizes are those of whole bodies. */
const kinds = {
  'plain-400k': { weight: 60, isGzip: false, dumps: oneDump(400 * kB) },
  'dumps-400k': {
    weight: 25,
    isGzip: false,
    dumps: Object.fromEntries(['', '_browser', '_flash1', '_flash2'].map((name) => [mainDumpName + name, 90 * kB])),
  },
  /** 150 kB compressed. */
  'gzip-150k': { weight: 10, isGzip: true, dumps: oneDump(400 * kB) },
  'plain-1500k': { weight: 5, isGzip: false, dumps: oneDump(1500 * kB) },
  'plain-100k': { weight: 0, isGzip: false, dumps: oneDump(100 * kB) },
  'plain-4m': { weight: 0, isGzip: false, dumps: oneDump(4000 * kB) },
  'plain-20m': { weight: 0, isGzip: false, dumps: oneDump(20_000 * kB) },
} as const satisfies Record<string, { weight: number; isGzip: boolean; dumps: Readonly<Record<string, number>> }>;

export type PayloadKind = keyof typeof kinds;
export type PayloadMix = Readonly<Partial<Record<PayloadKind, number>>>;

/** Weights in percent. */
export const defaultMix: PayloadMix = Object.fromEntries(
  Object.entries(kinds).flatMap(([kind, { weight }]) => (weight > 0 ? [[kind, weight]] : [])),
);

/** Reads `plain-400k=60,gzip-150k=40`. */
export function parseMix(text: string): PayloadMix {
  const mix: Partial<Record<PayloadKind, number>> = {};
  for (const item of text.split(',')) {
    const [kind = '', weight = ''] = item.trim().split('=');
    if (!Object.hasOwn(kinds, kind) || !/^\d+$/.test(weight))
      throw new SalvageError(
        clientErrors.bad_argument,
        `${item}: write KIND=WEIGHT; kinds are ${Object.keys(kinds).join(', ')}`,
      );
    mix[kind as PayloadKind] = Number(weight);
  }
  if (!Object.values(mix).some((weight) => weight > 0))
    throw new SalvageError(clientErrors.bad_argument, 'the mix is empty');
  return mix;
}

const payloadCount = 40;

/**
 * About 40 different bodies in the mix's proportions, in an order that mixes them; the same every time. `asIs` sends each
 * kind as it is, `plain` and `gzip` all of them so.
 */
export function makePayloads(mix: PayloadMix = defaultMix, encoding: 'asIs' | 'plain' | 'gzip' = 'asIs'): Payload[] {
  const random = seeded(42);
  const total = Object.values(mix).reduce((sum, weight) => sum + weight, 0);
  const payloads = (Object.keys(kinds) as PayloadKind[]).flatMap((kind) => {
    const weight = mix[kind] ?? 0;
    const count = weight > 0 ? Math.max(1, Math.round((weight / total) * payloadCount)) : 0;
    const isGzip = encoding === 'asIs' ? kinds[kind].isGzip : encoding === 'gzip';
    return Array.from({ length: count }, () => makePayload(kind, isGzip, random));
  });
  return payloads
    .map((payload) => ({ payload, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ payload }) => payload);
}

const boundary = '------------------------5a1fa9e5a1fa9e00';

function makePayload(kind: PayloadKind, isGzip: boolean, random: () => number): Payload {
  const dumps = Object.entries(kinds[kind].dumps).map(([name, sizeBytes]) => ({
    name,
    filename: `${name}.dmp`,
    contentType: 'application/octet-stream',
    content: dumpBytes(sizeBytes, random),
  }));
  const style = { boundary, omitsCrlfAfterFiles: false, percentEncodesNames: false };
  const plain = Buffer.concat(writeMultipart([...annotationParts(), ...dumps], style));
  const body = isGzip ? gzipSync(plain) : plain;
  const headers =
    `Content-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: ${body.length}\r\n` +
    (isGzip ? 'Content-Encoding: gzip\r\n' : '');
  const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  return {
    kind,
    headers,
    body,
    dumpDigests: Object.fromEntries(dumps.map(({ name, content }) => [name, digestOf(content)])),
  };
}

function annotationParts(): BodyPart[] {
  const many = Array.from({ length: annotationBytes / 400 }, (_, index) => ({
    name: `Annotation${index}`,
    content: 'value '.repeat(60),
  }));
  const identity = { ProductName: 'Editor', Version: '4.2.0', BuildID: '20261101120000', ReleaseChannel: 'release' };
  return [...Object.entries(identity).map(([name, content]) => ({ name, content })), ...many];
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Two thirds repeated words, one third noise: compresses about 3:1, as minidumps do. */
function dumpBytes(sizeBytes: number, random: () => number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  const words = Buffer.from('MDMP stack memory 00000000 7fff0000 ntdll.dll kernel32.dll xul.dll ');
  for (let at = 0; at < sizeBytes; at += 96) {
    words.copy(bytes, at, 0, Math.min(64, sizeBytes - at));
    for (let noise = at + 64; noise < Math.min(at + 96, sizeBytes); noise++) bytes[noise] = random() * 256;
  }
  bytes.write('MDMP');
  return bytes;
}
