// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Dump } from '../crash/dump.ts';
import { SalvageError } from '../lib/errors.ts';
import { storageErrors } from './errors.ts';
import { storageLimits } from './limits.ts';
import { isMissing, s3Failure } from './s3-failure.ts';

export interface S3BucketOptions {
  readonly bucket: string;
  readonly region?: string;
  /** For stores other than Amazon's, e.g. `http://minio:9000`. */
  readonly endpoint?: string;
  /** Without both the SDK's chain is used: environment, profile, instance role. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** `bucket.host` instead of `host/bucket`. */
  readonly isVirtualHosted?: boolean;
  /** The SDK's own checksums on every request: Amazon knows them, many other stores refuse or corrupt such bodies. */
  readonly sendsChecksums?: boolean;
  /** Longest silence of the store within a request. */
  readonly timeoutMs?: number;
  /** Keys a page of a listing; the server's own limit (1,000 at Amazon) when absent. */
  readonly listPageItemsMax?: number;
}

/** What is known of an object without reading it. */
export interface ObjectHead {
  readonly sizeBytes: number;
  readonly sha256: string | null;
}

export interface ListedPage {
  readonly keys: readonly string[];
  readonly hasMore: boolean;
}

/** One bucket. Every error is one of the storage port's; an object that is not there is null. */
export class S3Bucket {
  readonly url: string;
  readonly #bucket: string;
  readonly #client: S3Client;
  readonly #listPageItemsMax: number | undefined;

  constructor(options: S3BucketOptions) {
    this.#listPageItemsMax = options.listPageItemsMax;
    this.#bucket = options.bucket;
    this.url = `s3://${options.bucket}`;
    const timeoutMs = options.timeoutMs ?? storageLimits.requestTimeoutMs.value;
    const checksums = options.sendsChecksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
    this.#client = new S3Client({
      region: options.region ?? 'us-west-2',
      ...(options.endpoint ? { endpoint: options.endpoint } : {}),
      ...(options.accessKeyId && options.secretAccessKey
        ? { credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey } }
        : {}),
      // Bucket names with dots have no valid certificate as host names.
      forcePathStyle: !options.isVirtualHosted,
      requestChecksumCalculation: checksums,
      responseChecksumValidation: checksums,
      maxAttempts: storageLimits.requestAttemptsMax.value,
      requestHandler: {
        connectionTimeout: storageLimits.connectTimeoutMs.value,
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
        socketTimeout: timeoutMs,
        httpAgent: { maxSockets: 100, keepAlive: true },
        httpsAgent: { maxSockets: 100, keepAlive: true },
      },
    });
  }

  /** Proves that the bucket is there and may be listed. A HEAD would do, but its answer cannot say why it is refused. */
  async check(signal?: AbortSignal): Promise<void> {
    const command = new ListObjectsV2Command({ Bucket: this.#bucket, MaxKeys: 1 });
    await this.#guard('the list', signal, () => this.#client.send(command, { abortSignal: signal as AbortSignal }));
  }

  async put(key: string, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ContentLength: body.length });
    await this.#guard(key, signal, () => this.#client.send(command, { abortSignal: signal as AbortSignal }));
  }

  /** Small dumps in one request, large ones in parts; never more than some parts in memory. */
  async putDump(key: string, dump: Dump, signal?: AbortSignal): Promise<void> {
    const target = {
      Bucket: this.#bucket,
      Key: key,
      ...(dump.sha256 === null ? {} : { Metadata: { sha256: dump.sha256 } }),
    };
    await this.#guard(key, signal, async () => {
      if (dump.sizeBytes <= storageLimits.bufferedDumpBytesMax.value) {
        // In memory the SDK can send it again by itself.
        const command = new PutObjectCommand({ ...target, Body: await collect(dump), ContentLength: dump.sizeBytes });
        await this.#client.send(command, { abortSignal: signal as AbortSignal });
        return;
      }
      const upload = new Upload({
        client: this.#client,
        params: { ...target, Body: Readable.from(dump.open(), { objectMode: false }) },
        partSize: storageLimits.partSizeBytes.value,
        queueSize: 2,
      });
      const onAbort = () => void upload.abort();
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        await upload.done();
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    });
  }

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    return this.#orNull(key, signal, async () => {
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
      const answer = await this.#client.send(command, { abortSignal: signal as AbortSignal });
      return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
    });
  }

  /** Null too when the bucket itself is not there: the answer to a HEAD has no text that would tell. */
  async head(key: string, signal?: AbortSignal): Promise<ObjectHead | null> {
    return this.#orNull(key, signal, async () => {
      const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
      const answer = await this.#client.send(command, { abortSignal: signal as AbortSignal });
      return { sizeBytes: answer.ContentLength ?? 0, sha256: answer.Metadata?.['sha256'] ?? null };
    });
  }

  /** An object that is not there any more is `crash_not_found`. */
  async *stream(key: string): AsyncGenerator<Uint8Array> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    const answer = await this.#orNull(key, undefined, () => this.#client.send(command));
    if (!answer) throw new SalvageError(storageErrors.crash_not_found, `${key} of ${this.url} was deleted`);
    const body = answer.Body as Readable;
    try {
      for await (const chunk of body) yield chunk as Uint8Array;
    } catch (cause) {
      throw s3Failure(cause, `reading ${key} of ${this.url}`);
    } finally {
      body.destroy();
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: key });
    await this.#orNull(key, signal, () => this.#client.send(command, { abortSignal: signal as AbortSignal }));
  }

  /** One page of the keys that begin with `prefix` and come behind `after`. */
  async list(prefix: string, after?: string, signal?: AbortSignal): Promise<ListedPage> {
    const command = new ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: prefix,
      StartAfter: after,
      MaxKeys: this.#listPageItemsMax,
    });
    const answer = await this.#guard(prefix, signal, () =>
      this.#client.send(command, { abortSignal: signal as AbortSignal }),
    );
    return {
      keys: (answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])),
      hasMore: answer.IsTruncated ?? false,
    };
  }

  close(): void {
    this.#client.destroy();
  }

  async #orNull<T>(key: string, signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T | null> {
    return this.#guard(key, signal, async () => {
      try {
        return await action();
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    });
  }

  async #guard<T>(what: string, signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await action();
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw s3Failure(cause, `${what} of ${this.url}`);
    }
  }
}

async function collect(dump: Dump): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of dump.open()) chunks.push(chunk);
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}
