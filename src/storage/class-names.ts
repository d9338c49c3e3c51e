// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Stores and containers by their class names in Socorro and Antenna (docs/storage.md has the whole table). */
const types: Readonly<Record<string, string>> = {
  NoOpCrashStorage: 'null',
  NullCrashStorage: 'null',
  InMemoryCrashStorage: 'memory',
  FSCrashStorage: 'fs',
  S3CrashStorage: 's3',
  BotoS3CrashStorage: 's3',
  BotoS3CrashStore: 's3',
  PostgreSQLCrashStorage: 'postgres',
  PostgresSQLCrashStorage: 'postgres',
  FSRadixTreeStorage: 'radix',
  FSDatedRadixTreeStorage: 'dated-radix',
  FSLegacyRadixTreeStorage: 'legacy',
  FSPermanentStorage: 'legacy',
  FSLegacyDatedRadixTreeStorage: 'dated-legacy',
  FSDatedPermanentStorage: 'dated-legacy',
  FSTemporaryStorage: 'temporary',
  PolyCrashStorage: 'poly',
  FallbackCrashStorage: 'fallback',
  PrimaryDeferredStorage: 'primary-deferred',
  PrimaryDeferredProcessedStorage: 'primary-deferred-processed',
  MigrationCrashStorage: 'migrating',
  BenchmarkingCrashStorage: 'benchmarking',
  StatsdBenchmarkingWrapper: 'counting',
  StatsdCounter: 'counting',
  StatsdCrashStorage: 'counting',
  ESCrashStorageRedactedJsonDump: 'redacting',
  ESCrashStorageRedactedSave: 'redacting',
};

/** The type that a class path such as `socorro.external.crashstorage_base.PolyCrashStorage` means; its last part counts. */
export function typeOfClass(type: string): string {
  const name = type.split('.').at(-1) as string;
  return Object.hasOwn(types, name) ? (types[name] as string) : type;
}
