// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../lib/clock.ts';
import { SalvageError } from '../../lib/errors.ts';
import { isJsonObject, type JsonObject } from '../../lib/json.ts';
import type { Logger } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { typeOfClass } from '../class-names.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { storageErrors } from '../errors.ts';
import { BenchmarkingStorage } from './benchmarking-storage.ts';
import { BreakerStorage } from './breaker-storage.ts';
import { CountingStorage } from './counting-storage.ts';
import { FallbackStorage } from './fallback-storage.ts';
import { MigratingStorage } from './migrating-storage.ts';
import { PolyStorage, type PolyStorageOptions, polyStoragesOf } from './poly-storage.ts';
import { crashPredicates } from './predicates.ts';
import { PrimaryDeferredStorage } from './primary-deferred-storage.ts';
import { RedactingStorage } from './redacting-storage.ts';

/**
 * A tree of stores as data. A leaf is `{ "type": "s3", "bucket": "crashes" }`, its other keys go to the factory of its
 * type; a container names its children: `{ "type": "fallback", "primary": {…}, "fallback": {…} }`.
 */
export type StorageConfig = JsonObject;

export interface BuildParts {
  /** Makes the leaves, by type; each checks its own options. */
  readonly factories: Readonly<
    Record<string, (options: JsonObject, role: string) => CrashStorage | Promise<CrashStorage>>
  >;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Where Poly containers note what is owed; absent = a failing child fails the save. */
  readonly outbox?: NonNullable<PolyStorageOptions['outbox']>;
}

const nestingMax = 8;

/** What one node of the tree is built from. */
interface Node {
  readonly config: StorageConfig;
  /** For messages: `storage.primary.children[1]`. */
  readonly place: string;
  readonly role: string;
  readonly depth: number;
  readonly parts: BuildParts;
}

/** Builds the tree; refuses unknown types and keys, and wirings that contradict themselves or do nothing. */
export async function buildStorage(config: StorageConfig, parts: BuildParts): Promise<CrashStorage> {
  const root: Node = { config, place: 'storage', role: 'storage', depth: 0, parts };
  const storage = await build(root);
  refuseSharedNames(root, storage);
  return storage;
}

/** Debts are noted by the name of the child: two of one name would be paid one for the other. */
function refuseSharedNames(root: Node, storage: CrashStorage): void {
  const roles = polyStoragesOf(storage).flatMap((poly) => poly.children.map(({ role }) => role));
  const shared = roles.find((role, index) => roles.indexOf(role) !== index);
  if (shared !== undefined)
    throw refusal(root, `has two poly children called ${shared}; give one of them a "name" of its own`);
}

async function build(node: Node): Promise<CrashStorage> {
  const { config, parts, depth } = node;
  if (depth > nestingMax) throw refusal(node, `containers are nested deeper than ${nestingMax}`);
  const type = typeOf(node);
  const container = Object.hasOwn(containers, type) ? containers[type] : undefined;
  if (container) return container(node);
  const factory = Object.hasOwn(parts.factories, type) ? parts.factories[type] : undefined;
  if (!factory) {
    const known = [...Object.keys(parts.factories), ...Object.keys(containers)].sort().join(', ');
    throw refusal(node, `unknown type ${JSON.stringify(config['type'])}; known are ${known}`);
  }
  const { type: _type, name: _name, ...options } = config;
  return factory(options, node.role);
}

function typeOf(node: Node): string {
  const type = node.config['type'];
  if (typeof type !== 'string' || type === '') throw refusal(node, 'lacks a type');
  return typeOfClass(type);
}

const containers: Readonly<Record<string, (node: Node) => Promise<CrashStorage>>> = {
  async poly(node) {
    const configs = node.config['children'];
    refuseOthers(node, ['children']);
    if (!Array.isArray(configs) || configs.length < 2) throw refusal(node, 'needs at least two children');
    refuseTwins(node, configs);
    const { logger, outbox } = node.parts;
    const children: { role: string; storage: CrashStorage }[] = [];
    for (const [index, config] of configs.entries()) {
      const name = isJsonObject(config) && typeof config['name'] === 'string' ? config['name'] : null;
      const storage = await build(childNode(node, config, `children[${index}]`, name ?? `storage${index}`));
      children.push({ role: name ?? `${storage.name}${index}`, storage });
    }
    return new PolyStorage({ children, logger, ...(outbox ? { outbox } : {}) });
  },

  async fallback(node) {
    refuseOthers(node, ['primary', 'fallback', 'readsOnOutage']);
    refuseTwins(node, [node.config['primary'], node.config['fallback']]);
    const [primary, fallback] = [await child(node, 'primary'), await child(node, 'fallback')];
    if (primary.name === 'null') throw refusal(node, 'the primary store never fails, so the fallback would do nothing');
    if (fallback.name === 'null') throw refusal(node, 'a fallback that keeps nothing would lose crashes silently');
    return new FallbackStorage({
      primary,
      fallback,
      logger: node.parts.logger,
      readsOnOutage: flag(node, 'readsOnOutage'),
    });
  },

  'primary-deferred': (node) => primaryDeferred(node, false),
  'primary-deferred-processed': (node) => primaryDeferred(node, true),

  async migrating(node) {
    refuseOthers(node, ['old', 'new', 'dateThreshold']);
    refuseTwins(node, [node.config['old'], node.config['new']]);
    const threshold = node.config['dateThreshold'] ?? null;
    if (threshold !== null && !/^\d{8}$/.test(String(threshold))) throw refusal(node, 'dateThreshold must be YYYYMMDD');
    const [old, fresh] = [await child(node, 'old'), await child(node, 'new')];
    if (!old.capabilities.readsRaw && !old.capabilities.readsProcessed)
      throw refusal(node, 'the old store cannot be read');
    return new MigratingStorage({ old, new: fresh, dateThreshold: threshold === null ? null : String(threshold) });
  },

  async counting(node) {
    refuseOthers(node, ['wrapped']);
    return new CountingStorage({ wrapped: await child(node, 'wrapped'), ...node.parts });
  },

  async benchmarking(node) {
    refuseOthers(node, ['wrapped', 'tag']);
    const tag = node.config['tag'] ?? 'Benchmark';
    return new BenchmarkingStorage({ wrapped: await child(node, 'wrapped'), ...node.parts, tag: String(tag) });
  },

  async breaker(node) {
    refuseOthers(node, ['wrapped']);
    return new BreakerStorage({ wrapped: await child(node, 'wrapped'), clock: node.parts.clock });
  },

  async redacting(node) {
    refuseOthers(node, ['wrapped', 'rawAllowed', 'processedAllowed', 'dumpsAllowed']);
    const lists = {
      rawAllowed: names(node, 'rawAllowed'),
      processedAllowed: names(node, 'processedAllowed'),
      dumpsAllowed: names(node, 'dumpsAllowed'),
    };
    const all = Object.values(lists);
    if (all.every((list) => list.length === 0)) throw refusal(node, 'lets nothing through');
    if (all.every((list) => list.includes('*'))) throw refusal(node, 'lets everything through');
    return new RedactingStorage({ wrapped: await child(node, 'wrapped'), ...lists });
  },
};

async function primaryDeferred(node: Node, hasProcessed: boolean): Promise<CrashStorage> {
  const roles = ['primary', 'deferred', ...(hasProcessed ? ['processed'] : [])];
  refuseOthers(node, [...roles, 'predicate']);
  refuseTwins(node, [node.config['primary'], node.config['deferred']]);
  const name = String(node.config['predicate'] ?? 'deferred');
  const isDeferred = Object.hasOwn(crashPredicates, name) ? crashPredicates[name] : undefined;
  if (!isDeferred) throw refusal(node, `unknown predicate; known are ${Object.keys(crashPredicates).join(', ')}`);
  if (name === 'always' || name === 'never')
    throw refusal(node, `with the predicate ${name} one store would do nothing`);
  const primary = await child(node, 'primary');
  const deferred = await child(node, 'deferred');
  const processed = hasProcessed ? await child(node, 'processed') : null;
  if (processed && !processed.capabilities.writesProcessed) {
    throw refusal(node, 'the store of processed crashes takes none');
  }
  return new PrimaryDeferredStorage({ primary, deferred, processed, isDeferred });
}

async function child(node: Node, role: string): Promise<CrashStorage> {
  return build(childNode(node, node.config[role], role, role));
}

function childNode(node: Node, config: unknown, step: string, role: string): Node {
  const place = `${node.place}.${step}`;
  if (!isJsonObject(config)) throw refusal({ ...node, place }, 'is missing or no object');
  return { config, place, role, depth: node.depth + 1, parts: node.parts };
}

function refuseOthers(node: Node, known: readonly string[]): void {
  const other = Object.keys(node.config).find((key) => key !== 'type' && key !== 'name' && !known.includes(key));
  if (other !== undefined) throw refusal(node, `does not know ${JSON.stringify(other)}; it knows ${known.join(', ')}`);
}

/** Two children with the same store below them, wrapped or not: the second copy would be no second copy. */
function refuseTwins(node: Node, configs: readonly unknown[]): void {
  const leaves = configs.map(leavesOf);
  const isTwin = leaves.some((some, index) =>
    leaves.slice(index + 1).some((others) => some.some((one) => others.some((other) => isDeepStrictEqual(one, other)))),
  );
  if (isTwin) throw refusal(node, 'has the same store twice');
}

/** The stores at the ends of a tree, without the names that containers give them. */
function leavesOf(config: unknown): readonly unknown[] {
  if (!isJsonObject(config)) return [];
  const below = Object.values(config)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter((value) => isJsonObject(value));
  return below.length > 0 ? below.flatMap(leavesOf) : [{ ...config, name: null }];
}

function flag(node: Node, key: string): boolean {
  const value = node.config[key] ?? false;
  if (typeof value !== 'boolean') throw refusal(node, `${key} must be true or false`);
  return value;
}

function names(node: Node, key: string): readonly string[] {
  const value = node.config[key] ?? [];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value as string[];
  throw refusal(node, `${key} must be a list of names`);
}

function refusal(node: Pick<Node, 'place'>, what: string): SalvageError {
  return new SalvageError(storageErrors.storage_bad_wiring, `${node.place} ${what}`);
}
