// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash, type Hash, hash } from 'node:crypto';
import { SalvageError } from '../lib/errors.ts';
import { parseHeaderParams } from '../lib/multipart/header-params.ts';
import { MultipartError } from '../lib/multipart/multipart-error.ts';
import { MultipartReader } from '../lib/multipart/multipart-reader.ts';
import type { PartHeaders } from '../lib/multipart/part-headers.ts';
import { decodePartText } from '../lib/multipart/part-text.ts';
import { cleanDumpName, freeDumpName, isMinidumpName, isReservedDumpName, numberedDumpName } from './dump-name.ts';
import { reportErrors } from './errors.ts';
import { reportLimits } from './limits.ts';
import { isPythonObject, type PythonValue } from './python-json.ts';
import { PythonJsonError, type PythonJsonRemarks, readPythonJson } from './python-json-reader.ts';

/** A dump as it was found in the decoded body. */
export interface FoundDump {
  /** Sanitised. */
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Lower-case hex; null when hashing was switched off. */
  readonly sha256: string | null;
  /** Only where the options ask for it (Socorro 2016). */
  readonly md5: string | null;
  /** As the client named the file: Crashpad puts the id of the report there. Personal data: never logged. */
  readonly fileName: string | null;
}

export type Annotations = ReadonlyMap<string, PythonValue>;

/** Something that happened to a part: kept as a collector note and logged, in the order of the parts. */
export interface ReportRemark {
  readonly level: 'info' | 'error';
  readonly text: string;
}

export interface ReportReaderOptions {
  readonly annotationsSizeBytesMax: number;
  readonly attachmentSizeBytesMax: number;
  /** What a JSON part does to the fields before it: `replace` as Antenna, or `merge`. */
  readonly jsonPart: 'replace' | 'merge';
  readonly hasMd5: boolean;
  /** Asked once, when the first file part begins: false = dumps need not be hashed. */
  readonly onFirstFile?: (annotations: Annotations) => boolean;
}

export const defaultReportReaderOptions: ReportReaderOptions = {
  annotationsSizeBytesMax: reportLimits.annotationsSizeBytesMax.value,
  attachmentSizeBytesMax: reportLimits.attachmentSizeBytesMax.value,
  jsonPart: 'replace',
  hasMd5: false,
};

interface OpenPart {
  readonly kind: 'field' | 'json' | 'dump' | 'skipped';
  readonly name: string;
  readonly contentType: string;
  readonly fileName: string | null;
  readonly offset: number;
  sizeBytes: number;
  /** True once the part is over a limit: the rest of it is read and forgotten. */
  isDropped: boolean;
  startsLikeMinidump: boolean;
}

/**
 * Reads a whole report from its decoded body: annotations, dumps and notes, as collector.md §1.6–1.8. Pure: bytes in,
 * values out. Throws SalvageErrors of `reportErrors`; after that it must not be used. What it holds in memory is the
 * annotations (`heldBytes`), never a dump.
 */
export class ReportReader {
  readonly dumps = new Map<string, FoundDump>();
  readonly remarks: ReportRemark[] = [];
  annotations = new Map<string, PythonValue>();
  /** `json` as soon as one part was JSON. */
  payload: 'json' | 'multipart' = 'multipart';
  /** Bytes of annotations kept so far. */
  heldBytes = 0;

  readonly #options: ReportReaderOptions;
  readonly #multipart: MultipartReader;
  /** Clean, uncut name of the dump that holds a name, to tell a duplicate from a collision by the cut. */
  readonly #cleanNames = new Map<string, string>();
  #hasFields = false;
  #isHashing = true;
  #hasSeenFile = false;
  #part: OpenPart | null = null;
  /** Data of the open part: views while `push` runs, copies (text) or a running hash (dump) between pushes. */
  #pieces: Buffer[] = [];
  #copiedPieces = 0;
  #hashes: Hash[] | null = null;

  constructor(boundary: string, options: ReportReaderOptions = defaultReportReaderOptions) {
    this.#options = options;
    this.#multipart = new MultipartReader(boundary, {
      onPart: (headers, offset) => this.#startPart(headers, offset),
      onData: (bytes) => this.#takeData(bytes),
      onPartEnd: () => this.#endPart(),
    });
  }

  /** True once the closing delimiter came. */
  get isComplete(): boolean {
    return this.#multipart.isComplete;
  }

  /** True once a file part began: annotations come before files in every client's body. */
  get hasSeenFile(): boolean {
    return this.#hasSeenFile;
  }

  /** The dump that is being read, as far as it came: what a damaged body leaves. */
  get unfinishedDump(): FoundDump | null {
    const part = this.#part;
    if (part?.kind !== 'dump' || part.isDropped) return null;
    return { ...this.#dumpOf(part, part.name) };
  }

  push(chunk: Buffer): void {
    this.#guard(() => this.#multipart.push(chunk));
    this.#settle();
  }

  /** The body has ended: checks that it is whole and says something. */
  end(): void {
    this.#guard(() => this.#multipart.end());
    if (this.annotations.size === 0) throw new SalvageError(reportErrors.malformed_no_annotations);
    if (this.payload === 'json' && this.#hasFields)
      this.#remark('info', 'includes annotations in both json-encoded extra and formdata parts');
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof MultipartError)) throw error;
      throw new SalvageError(reportErrors.malformed_invalid_payload_structure, error.message, { cause: error });
    }
  }

  #remark(level: ReportRemark['level'], text: string): void {
    if (this.remarks.length < reportLimits.noteCountMax.value) this.remarks.push({ level, text });
    else if (this.remarks.length === reportLimits.noteCountMax.value)
      this.remarks.push({ level, text: 'further notes are left out' });
  }

  #startPart(headers: PartHeaders, offset: number): void {
    this.#pieces = [];
    this.#copiedPieces = 0;
    this.#hashes = null;
    this.#part = this.#classify((headers.name ?? '').replaceAll('\0', ''), headers, offset);
  }

  #classify(name: string, headers: PartHeaders, offset: number): OpenPart {
    const { contentType } = headers;
    if (name === '') return openPart('skipped', name, contentType, offset);
    if (contentType.startsWith('application/json')) return openPart('json', name, contentType, offset);
    if (contentType.startsWith('text/plain') && !headers.fileName()) {
      this.#hasFields = true;
      return openPart('field', name, contentType, offset);
    }
    const cleanName = cleanDumpName(name);
    if (isReservedDumpName(cleanName)) throw new SalvageError(reportErrors.malformed_invalid_dump_name);
    if (contentType !== 'application/octet-stream')
      this.#remark('info', `unknown content type: ${name} ${contentType}`);
    this.#noticeFile();
    const storedName = this.#storedNameOf(cleanName);
    if (!this.dumps.has(storedName) && this.dumps.size >= reportLimits.dumpCountMax.value) {
      this.#remark('error', `dropped ${storedName}: too many files`);
      return openPart('skipped', storedName, contentType, offset);
    }
    const fileName = isMinidumpName(storedName) ? fileNameOrNull(headers) : null;
    return openPart('dump', storedName, contentType, offset, fileName);
  }

  #noticeFile(): void {
    if (this.#hasSeenFile) return;
    this.#hasSeenFile = true;
    this.#isHashing = this.#options.onFirstFile?.(this.annotations) ?? true;
  }

  #storedNameOf(cleanName: string): string {
    const free = freeDumpName(cleanName);
    const holder = this.#cleanNames.get(free);
    const isCollision = holder !== undefined && holder !== cleanName;
    const storedName = isCollision ? numberedDumpName(cleanName, (name) => this.#cleanNames.has(name)) : free;
    if (storedName !== cleanName && (isCollision || cleanName === '' || cleanName === 'dump'))
      this.#remark('info', `dump name ${cleanName || '(empty)'} is taken, stored as ${storedName}`);
    this.#cleanNames.set(storedName, cleanName);
    return storedName;
  }

  #takeData(bytes: Buffer): void {
    const part = this.#part as OpenPart;
    if (part.sizeBytes === 0) part.startsLikeMinidump = bytes.subarray(0, 4).toString('latin1') === 'MDMP';
    part.sizeBytes += bytes.length;
    if (part.isDropped || part.kind === 'skipped') return;
    if (part.kind === 'dump') this.#takeDumpData(part, bytes);
    else if (this.heldBytes + part.sizeBytes > this.#options.annotationsSizeBytesMax) this.#drop(part);
    else this.#pieces.push(bytes);
  }

  #takeDumpData(part: OpenPart, bytes: Buffer): void {
    const isAttachment = !isMinidumpName(part.name) && !part.startsLikeMinidump;
    if (isAttachment && part.sizeBytes > this.#options.attachmentSizeBytesMax) {
      this.#drop(part);
      return;
    }
    if (!this.#isHashing) return;
    if (this.#hashes !== null) for (const running of this.#hashes) running.update(bytes);
    else this.#pieces.push(bytes);
  }

  /** What is left of it is read on, so that the note can say how large it was. */
  #drop(part: OpenPart): void {
    part.isDropped = true;
    this.#pieces = [];
  }

  #noteDropped({ kind, name, sizeBytes }: OpenPart): void {
    const limit = this.#options.attachmentSizeBytesMax;
    if (kind === 'dump') this.#remark('error', `dropped ${name}: ${sizeBytes} bytes, larger than ${limit} bytes`);
    else this.#remark('error', 'extract payload text part exception: body part is too large');
  }

  /** What was pushed may be reused by its owner now: keep text as copies, dumps as a running hash. */
  #settle(): void {
    if (this.#part === null || this.#pieces.length === 0) return;
    if (this.#part.kind !== 'dump') {
      for (; this.#copiedPieces < this.#pieces.length; this.#copiedPieces++)
        this.#pieces[this.#copiedPieces] = Buffer.from(this.#pieces[this.#copiedPieces] as Buffer);
      return;
    }
    this.#hashes = [createHash('sha256')];
    if (this.#options.hasMd5) this.#hashes.push(createHash('md5'));
    for (const running of this.#hashes) for (const piece of this.#pieces) running.update(piece);
    this.#pieces = [];
  }

  #endPart(): void {
    const part = this.#part as OpenPart;
    if (part.isDropped) this.#noteDropped(part);
    else if (part.kind !== 'skipped') {
      if (part.kind === 'dump') this.dumps.set(part.name, this.#dumpOf(part, part.name));
      else if (part.kind === 'json') this.#takeJson(part);
      else this.#takeField(part);
    }
    this.#part = null;
    this.#pieces = [];
    this.#hashes = null;
  }

  #dumpOf(part: OpenPart, name: string): FoundDump {
    const { offset, sizeBytes, fileName } = part;
    const digest = (algorithm: 'sha256' | 'md5', running: Hash | undefined): string =>
      running ? running.copy().digest('hex') : hash(algorithm, joined(this.#pieces));
    const sha256 = this.#isHashing ? digest('sha256', this.#hashes?.[0]) : null;
    const md5 = this.#isHashing && this.#options.hasMd5 ? digest('md5', this.#hashes?.[1]) : null;
    return { name, offset, sizeBytes, sha256, md5, fileName };
  }

  #takeField(part: OpenPart): void {
    const charset = part.contentType === 'text/plain' ? 'utf-8' : charsetOf(part.contentType);
    const text = decodePartText(joined(this.#pieces), charset);
    if (text === null)
      this.#remark('error', `extract payload text part exception: invalid text or charset: ${charset}`);
    else this.#setAnnotation(part.name, text.includes('\0') ? text.replaceAll('\0', '') : text, part.sizeBytes);
  }

  #setAnnotation(name: string, value: PythonValue, sizeBytes: number): void {
    if (this.annotations.size >= reportLimits.annotationCountMax.value && !this.annotations.has(name)) {
      this.#remark('error', 'dropped an annotation: too many annotations');
      return;
    }
    this.annotations.set(name, value);
    this.heldBytes += sizeBytes + name.length;
  }

  #takeJson(part: OpenPart): void {
    const remarks: PythonJsonRemarks = { hasNonFinite: false };
    const value = this.#readJson(joined(this.#pieces), remarks);
    if (!isPythonObject(value)) throw new SalvageError(reportErrors.malformed_invalid_json_value);
    if (remarks.hasNonFinite) this.#remark('info', `${part.name}: NaN or Infinity is stored as null`);
    this.payload = 'json';
    if (this.#options.jsonPart === 'replace') {
      this.annotations = new Map();
      this.heldBytes = 0;
    }
    for (const [name, item] of value) this.#setAnnotation(name, item, 0);
    this.heldBytes += part.sizeBytes;
  }

  #readJson(bytes: Buffer, remarks: PythonJsonRemarks): PythonValue {
    try {
      return readPythonJson(bytes, remarks);
    } catch (error) {
      if (!(error instanceof PythonJsonError)) throw error;
      throw new SalvageError(reportErrors.malformed_invalid_json, error.message, { cause: error });
    }
  }
}

function openPart(
  kind: OpenPart['kind'],
  name: string,
  contentType: string,
  offset: number,
  fileName: string | null = null,
): OpenPart {
  return { kind, name, contentType, fileName, offset, sizeBytes: 0, isDropped: false, startsLikeMinidump: false };
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

function charsetOf(contentType: string): string {
  return parseHeaderParams(contentType).params.get('charset') ?? 'utf-8';
}

function fileNameOrNull(headers: PartHeaders): string | null {
  try {
    return headers.fileName();
  } catch {
    return null;
  }
}
