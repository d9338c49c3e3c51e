// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A disk in memory that knows what is synced. It stands in for the machine's own at the file layer: a test runs on it,
// pulls the plug at any instant, and looks at what is left.
import { dirname } from 'node:path';
import type { FileStatus, Files, OpenFile } from '../../src/lib/files.ts';

class FileNode {
  bytes: Buffer = Buffer.alloc(0);
  /** What is on the platter; null = not one byte of it. */
  synced: Buffer | null = null;
  modifiedMs = 0;
}

class DirectoryNode {
  entries = new Map<string, Node>();
  synced = new Map<string, Node>();
}

type Node = FileNode | DirectoryNode;

/**
 * What a power cut does with changes that were not synced. `lost`: none happened. `removals-kept`: names that went are
 * gone, everything else did not happen: the worst order that a file system may choose. `marks-kept`: as that, and the
 * spool's `done` files, which say what was removed, are there in full. `torn`: as `lost`, but of bytes appended without
 * a sync a part is there.
 */
export type PowerCut = 'lost' | 'removals-kept' | 'marks-kept' | 'torn';

export interface SyncCall {
  readonly kind: 'file' | 'directory';
  readonly path: string;
}

export function fsError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

export class MemoryDisk implements Files {
  readonly syncs: SyncCall[] = [];
  /** Number (from 0) of the sync that does nothing; -1 = none. */
  brokenSync = -1;
  /** Called after each sync; the state of the disk may be looked at then. */
  onSync: (() => void) | null = null;
  /** Throws to fail a call. */
  beforeCall: ((call: string, path: string) => void) | null = null;
  freeSpace = Number.POSITIVE_INFINITY;
  readonly #root: DirectoryNode;

  constructor(root = new DirectoryNode()) {
    this.#root = root;
  }

  /** The disk as the next start finds it. */
  afterPowerCut(cut: PowerCut): MemoryDisk {
    return new MemoryDisk(survivor(this.#root, cut) as DirectoryNode);
  }

  async open(path: string, mode: 'read' | 'create' | 'update'): Promise<OpenFile> {
    this.beforeCall?.(`open-${mode}`, path);
    const parent = this.#directory(dirname(path));
    const name = nameIn(path);
    let node = parent.entries.get(name);
    if (mode === 'create') {
      if (node) throw fsError('EEXIST', path);
      node = new FileNode();
      parent.entries.set(name, node);
    }
    if (!node) throw fsError('ENOENT', path);
    if (node instanceof DirectoryNode) throw fsError('EISDIR', path);
    return this.#handle(node, path);
  }

  async mkdir(path: string): Promise<boolean> {
    this.beforeCall?.('mkdir', path);
    const parent = this.#directory(dirname(path));
    if (parent.entries.has(nameIn(path))) return false;
    parent.entries.set(nameIn(path), new DirectoryNode());
    return true;
  }

  async rename(from: string, to: string): Promise<void> {
    this.beforeCall?.('rename', from);
    const source = this.#directory(dirname(from));
    const node = source.entries.get(nameIn(from));
    if (!node) throw fsError('ENOENT', from);
    const target = this.#directory(dirname(to));
    source.entries.delete(nameIn(from));
    target.entries.set(nameIn(to), node);
  }

  async unlink(path: string): Promise<void> {
    this.beforeCall?.('unlink', path);
    if (!this.#directory(dirname(path)).entries.delete(nameIn(path))) throw fsError('ENOENT', path);
  }

  async removeTree(path: string): Promise<void> {
    this.#directory(dirname(path)).entries.delete(nameIn(path));
  }

  async list(path: string): Promise<string[]> {
    return [...this.#directory(path).entries.keys()].sort();
  }

  async stat(path: string): Promise<FileStatus | null> {
    const node = this.#find(path);
    if (!node) return null;
    if (node instanceof DirectoryNode) return { isDirectory: true, sizeBytes: 0, modifiedMs: 0 };
    return { isDirectory: false, sizeBytes: node.bytes.length, modifiedMs: node.modifiedMs };
  }

  async touch(): Promise<void> {}

  async syncDirectory(path: string): Promise<void> {
    this.beforeCall?.('sync', path);
    const node = this.#directory(path);
    if (this.#countSync('directory', path)) node.synced = new Map(node.entries);
    this.onSync?.();
  }

  async freeBytes(): Promise<number> {
    return this.freeSpace;
  }

  /** For tests that damage files. */
  bytesOf(path: string): Buffer {
    const node = this.#find(path);
    if (!(node instanceof FileNode)) throw fsError('ENOENT', path);
    return node.bytes;
  }

  setBytes(path: string, bytes: Buffer): void {
    const node = this.#find(path);
    if (!(node instanceof FileNode)) throw fsError('ENOENT', path);
    node.bytes = bytes;
    node.synced = Buffer.from(bytes);
  }

  #handle(node: FileNode, path: string): OpenFile {
    return {
      read: async (buffer, position) => {
        this.beforeCall?.('read', path);
        return node.bytes.copy(buffer, 0, position, position + buffer.length);
      },
      readv: async (buffers, position) => {
        this.beforeCall?.('read', path);
        return buffers.reduce((count, buffer) => count + node.bytes.copy(buffer, 0, position + count), 0);
      },
      writev: async (buffers, position) => {
        this.beforeCall?.('write', path);
        // Chunks may change hands after the call, as with the kernel: the disk keeps its own copy.
        const added = Buffer.concat(buffers);
        const sizeBytes = Math.max(node.bytes.length, position + added.length);
        const bytes = Buffer.alloc(sizeBytes);
        node.bytes.copy(bytes);
        added.copy(bytes, position);
        node.bytes = bytes;
      },
      datasync: async () => {
        this.beforeCall?.('sync', path);
        if (this.#countSync('file', path)) node.synced = Buffer.from(node.bytes);
        this.onSync?.();
      },
      truncate: async (sizeBytes) => {
        node.bytes = Buffer.from(node.bytes.subarray(0, sizeBytes));
      },
      sizeBytes: async () => node.bytes.length,
      close: async () => {},
    };
  }

  #countSync(kind: SyncCall['kind'], path: string): boolean {
    this.syncs.push({ kind, path });
    return this.syncs.length - 1 !== this.brokenSync;
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split('/').filter(Boolean))
      node = node instanceof DirectoryNode ? node.entries.get(name) : undefined;
    return node;
  }

  #directory(path: string): DirectoryNode {
    const node = this.#find(path);
    if (!node) throw fsError('ENOENT', path);
    if (!(node instanceof DirectoryNode)) throw fsError('ENOTDIR', path);
    return node;
  }
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function survivor(node: Node, cut: PowerCut): Node {
  if (node instanceof FileNode) {
    const left = new FileNode();
    left.bytes = Buffer.from(node.synced ?? '');
    const grown = node.bytes.length - left.bytes.length;
    if (cut === 'torn' && grown > 0)
      left.bytes = Buffer.from(node.bytes.subarray(0, left.bytes.length + Math.floor(grown / 2)));
    left.synced = Buffer.from(left.bytes);
    return left;
  }
  const left = new DirectoryNode();
  const keepsRemovals = cut === 'removals-kept' || cut === 'marks-kept';
  for (const [name, child] of node.synced) {
    const isGone = keepsRemovals && node.entries.get(name) !== child;
    if (!isGone) left.entries.set(name, survivor(child, cut));
  }
  const marks = node.entries.get('done');
  if (cut === 'marks-kept' && marks instanceof FileNode) {
    const kept = new FileNode();
    kept.bytes = Buffer.from(marks.bytes);
    left.entries.set('done', kept);
  }
  left.synced = new Map(left.entries);
  return left;
}
