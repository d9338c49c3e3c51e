// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type BodyPart, type BodyStyle, writeMultipart } from './multipart-writer.ts';

/** The client families whose requests we can write (spec clients.md). */
export const clientKinds = [
  'crashpad',
  'electron',
  'breakpad-windows',
  'breakpad-linux',
  'breakpad-mac',
  'firefox',
  'firefox-android',
] as const;
export type ClientKind = (typeof clientKinds)[number];

export interface DumpFile {
  /** Dump name, e.g. `upload_file_minidump`. */
  readonly name: string;
  /** As the client would state it. */
  readonly filename: string;
  readonly bytes: Uint8Array;
}

/** What one crash report says. */
export interface ReportContent {
  readonly annotations: Readonly<Record<string, string>>;
  readonly dumps: readonly DumpFile[];
}

export interface WrittenRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** To be appended to the URL; empty or starting with `?`. */
  readonly query: string;
  readonly chunks: readonly Uint8Array[];
  /** How this client family sends by default. */
  readonly sendsGzip: boolean;
  readonly sendsChunked: boolean;
}

/** Random bytes for boundaries: n hex digits. */
export type RandomHex = (digits: number) => string;

/** Writes one report as a client of that kind would. */
export function writeRequest(kind: ClientKind, report: ReportContent, randomHex: RandomHex): WrittenRequest {
  switch (kind) {
    case 'crashpad':
      return writeCrashpad(report, randomHex, 'crashpad/1.0 Linux/6.1 (x86_64)');
    case 'electron':
      return writeCrashpad(asElectron(report), randomHex, 'electron/1.0 Linux/6.1 (x86_64)');
    case 'breakpad-windows':
      return writeBreakpad(report, `${'-'.repeat(27)}${randomHex(16)}`, 'Breakpad/1.0 (Windows)', {
        omitsCrlfAfterFiles: true,
        percentEncodesNames: false,
      });
    case 'breakpad-linux':
      return writeBreakpad(report, `${'-'.repeat(24)}${randomHex(16)}`, 'Breakpad/1.0 (Linux)', {
        omitsCrlfAfterFiles: false,
        percentEncodesNames: false,
      });
    case 'breakpad-mac':
      return writeBreakpad(macNames(report), `${'-'.repeat(27)}${randomHex(16)}`, 'CrashReporter/1.0 CFNetwork', {
        omitsCrlfAfterFiles: true,
        percentEncodesNames: true,
      });
    case 'firefox':
      return writeFirefox(report, `${'-'.repeat(24)}${randomHex(16)}`);
    case 'firefox-android':
      return {
        ...writeBreakpad(report, `${'-'.repeat(27)}${randomHex(16)}`, 'MozillaSocorroService', {
          omitsCrlfAfterFiles: false,
          percentEncodesNames: false,
        }),
        sendsGzip: true,
      };
  }
}

const octetStream = 'application/octet-stream';

function fileParts(report: ReportContent): BodyPart[] {
  return report.dumps.map((dump) => ({
    name: dump.name,
    filename: dump.filename,
    contentType: octetStream,
    content: dump.bytes,
  }));
}

function fieldParts(annotations: ReportContent['annotations'], names: readonly string[]): BodyPart[] {
  return names.map((name) => ({ name, content: annotations[name] as string }));
}

function finish(parts: readonly BodyPart[], style: BodyStyle, userAgent: string): WrittenRequest {
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${style.boundary}`, 'user-agent': userAgent },
    query: '',
    chunks: writeMultipart(parts, style),
    sendsGzip: false,
    sendsChunked: false,
  };
}

function writeBreakpad(
  report: ReportContent,
  boundary: string,
  userAgent: string,
  style: Omit<BodyStyle, 'boundary'>,
): WrittenRequest {
  const fields = fieldParts(report.annotations, Object.keys(report.annotations));
  return finish([...fields, ...fileParts(report)], { boundary, ...style }, userAgent);
}

/** Fields sorted by name, then files; gzip and chunked, never a length; identity repeated in the URL for access logs. */
function writeCrashpad(report: ReportContent, randomHex: RandomHex, userAgent: string): WrittenRequest {
  const boundary = `---MultipartBoundary-${randomHex(32)}---`;
  const fields = fieldParts(report.annotations, Object.keys(report.annotations).sort());
  const query = new URLSearchParams();
  for (const [parameter, name] of [
    ['product', 'prod'],
    ['version', 'ver'],
    ['guid', 'guid'],
  ] as const) {
    const value = report.annotations[name];
    if (value !== undefined) query.set(parameter, value);
  }
  const style = { boundary, omitsCrlfAfterFiles: false, percentEncodesNames: true };
  return {
    ...finish([...fields, ...fileParts(report)], style, userAgent),
    query: query.size > 0 ? `?${query}` : '',
    sendsGzip: true,
    sendsChunked: true,
  };
}

/** Electron forces prod and ver to its own; the application is in _productName and _version. */
function asElectron(report: ReportContent): ReportContent {
  const { ProductName, Version, ...rest } = report.annotations;
  return {
    ...report,
    annotations: {
      prod: 'Electron',
      ver: '37.2.0',
      _productName: ProductName ?? rest['_productName'] ?? 'app',
      _version: Version ?? rest['_version'] ?? '1.0.0',
      process_type: 'renderer',
      platform: 'linux',
      ...rest,
    },
  };
}

/** Breakpad for Mac calls every file minidump.dmp. */
function macNames(report: ReportContent): ReportContent {
  return { ...report, dumps: report.dumps.map((dump) => ({ ...dump, filename: 'minidump.dmp' })) };
}

function writeFirefox(report: ReportContent, boundary: string): WrittenRequest {
  const extra: BodyPart = {
    name: 'extra',
    filename: 'extra.json',
    contentType: 'application/json',
    content: JSON.stringify(report.annotations),
  };
  const style = { boundary, omitsCrlfAfterFiles: false, percentEncodesNames: false };
  return finish([extra, ...fileParts(report)], style, 'crashreporter/1.0.0');
}
