// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type BuilderCpu, buildContext, type Registers } from './context-builder.ts';
import { Section } from './dump-section.ts';

// Builds dumps for processors, systems and streams of which there is no real one. Records are written field by field
// after the published C structures, and share nothing with the reader in src/minidump.

export type BuilderOs = 'windows' | 'mac' | 'ios' | 'linux' | 'android' | 'solaris';

const platformIds = { windows: 2, mac: 0x8101, ios: 0x8102, linux: 0x8201, solaris: 0x8202, android: 0x8203 } as const;

const architectures = {
  ...{ x86: 0, mips: 1, ppc: 3, arm: 5, amd64: 9, arm64: 12 },
  ...{ ppc64: 0x8002, 'arm64-old': 0x8003, mips64: 0x8004 },
} as const;

export interface BuilderThread {
  readonly id: number;
  readonly name?: string;
  readonly registers?: Registers;
  /** A context of one's own instead of `registers`; null writes none. */
  readonly context?: Section | null;
  readonly stack?: { readonly start: bigint; readonly bytes: ArrayLike<number> };
  /** Writes the start of the stack without its bytes, as Windows does at times. */
  readonly hasStackElsewhere?: boolean;
  readonly teb?: bigint;
}

export interface BuilderModule {
  readonly base: bigint;
  readonly size: number;
  readonly name: string;
  readonly timeDateStamp?: number;
  readonly checksum?: number;
  /** Bytes of VS_FIXEDFILEINFO's version words: file high, file low, product high, product low. */
  readonly version?: readonly [number, number, number, number];
  readonly codeView?: Section;
}

export interface BuilderException {
  readonly threadId: number;
  readonly code: number;
  readonly flags?: number;
  readonly address?: bigint;
  readonly parameters?: readonly bigint[];
  readonly parameterCount?: number;
  readonly registers?: Registers;
}

export class MinidumpBuilder {
  readonly isBigEndian: boolean;
  readonly cpu: BuilderCpu;
  readonly os: BuilderOs;
  readonly #streams: { readonly type: number; readonly section: Section }[] = [];
  readonly #threads: BuilderThread[] = [];
  readonly #modules: BuilderModule[] = [];
  readonly #memory: { readonly start: bigint; readonly bytes: ArrayLike<number> }[] = [];
  #time = 1_700_000_000;
  #hasMemory64List = false;
  #hasListPadding = false;
  #extraListEntries = 0;

  constructor(options: { readonly cpu: BuilderCpu; readonly os: BuilderOs; readonly isBigEndian?: boolean }) {
    this.cpu = options.cpu;
    this.os = options.os;
    this.isBigEndian = options.isBigEndian ?? false;
  }

  section(): Section {
    return new Section(this.isBigEndian);
  }

  stream(type: number, section: Section): this {
    this.#streams.push({ type, section });
    return this;
  }

  time(seconds: number): this {
    this.#time = seconds;
    return this;
  }

  thread(thread: BuilderThread): this {
    this.#threads.push(thread);
    return this;
  }

  module(module: BuilderModule): this {
    this.#modules.push(module);
    return this;
  }

  memory(start: bigint, bytes: ArrayLike<number>): this {
    this.#memory.push({ start, bytes });
    return this;
  }

  /** Writes memory as Memory64List, as dumps with full memory do. */
  asMemory64List(): this {
    this.#hasMemory64List = true;
    return this;
  }

  /** Writes four bytes between count and entries of the lists, as some writers do for alignment. */
  withListPadding(): this {
    this.#hasListPadding = true;
    return this;
  }

  /** Makes the counts of all lists too high by that many. */
  withTooHighCounts(extra: number): this {
    this.#extraListEntries = extra;
    return this;
  }

  systemInfo(options: SystemInfoOptions = {}): this {
    const section = this.section();
    section.u16(options.architecture ?? architectures[this.cpu]);
    section
      .u16(options.level ?? 6)
      .u16(options.revision ?? 0x0e09)
      .u8(options.cpuCount ?? 8)
      .u8(1);
    for (const number of options.version ?? [10, 0, 19045]) section.u32(number);
    section.u32(options.platformId ?? platformIds[this.os]).rva(section.text(options.csdVersion ?? ''));
    section.u16(256).u16(0);
    const cpu = options.cpuUnion ?? Buffer.from('GenuineIntel');
    section.bytes(cpu).zeros(24 - cpu.length);
    return this.stream(7, section);
  }

  exception(exception: BuilderException): this {
    const section = this.section().u32(exception.threadId).u32(0);
    section
      .u32(exception.code)
      .u32(exception.flags ?? 0)
      .u64(0)
      .u64(exception.address ?? 0n);
    const parameters = exception.parameters ?? [];
    section.u32(exception.parameterCount ?? parameters.length).u32(0);
    for (let index = 0; index < 15; index++) section.u64(parameters[index] ?? 0n);
    section.location(exception.registers && this.context(exception.registers));
    return this.stream(6, section);
  }

  context(registers: Registers, flags?: number): Section {
    return buildContext(this.cpu, registers, { isBigEndian: this.isBigEndian, ...(flags && { flags }) });
  }

  unloadedModule(modules: readonly BuilderModule[]): this {
    const section = this.section().u32(12).u32(24).u32(modules.length);
    for (const module of modules) {
      section
        .u64(module.base)
        .u32(module.size)
        .u32(module.checksum ?? 0)
        .u32(module.timeDateStamp ?? 0);
      section.rva(section.text(module.name));
    }
    return this.stream(14, section);
  }

  /** Regions of the address space: Windows' protection and state words. */
  memoryInfo(regions: readonly { base: bigint; size: bigint; protection: number; state?: number }[]): this {
    const section = this.section().u32(16).u32(48).u64(regions.length);
    for (const region of regions) {
      section.u64(region.base).u64(region.base).u32(region.protection).u32(0).u64(region.size);
      section
        .u32(region.state ?? 0x1000)
        .u32(region.protection)
        .u32(0x20000)
        .u32(0);
    }
    return this.stream(16, section);
  }

  /** `version` 1 to 5 decides how long the structure is. */
  miscInfo(options: { pid: number; createTime: number; version?: 1 | 2 | 3 | 4 | 5; build?: string }): this {
    const section = this.section();
    const size = [24, 44, 232, 832, 1364][(options.version ?? 1) - 1] as number;
    section.u32(size).u32(options.build === undefined ? 3 : 0x103);
    section.u32(options.pid).u32(options.createTime).u32(7).u32(5);
    if (size > 24) section.zeros(Math.min(size, 232) - 24);
    if (size > 232) section.utf16Field(options.build ?? '', 520).utf16Field('dbg', 80);
    if (size > 832) section.zeros(size - 832);
    return this.stream(15, section);
  }

  text(type: number, text: string): this {
    return this.stream(type, this.section().ascii(text));
  }

  build(): Uint8Array {
    this.#writeLists();
    const header = this.section().u32(0x504d444d).u32(0x0001a793).u32(this.#streams.length);
    const directory = this.section();
    header.rva(directory).u32(0).u32(this.#time).u64(0);
    for (const { type, section } of this.#streams) directory.u32(type).location(section);
    return layOut(header);
  }

  #writeLists(): void {
    if (this.#threads.length > 0) this.#writeThreads();
    if (this.#modules.length > 0) this.#writeModules();
    if (this.#memory.length > 0) this.#hasMemory64List ? this.#writeMemory64() : this.#writeMemory();
  }

  #list(count: number): Section {
    const section = this.section().u32(count + this.#extraListEntries);
    return this.#hasListPadding ? section.u32(0) : section;
  }

  #writeThreads(): void {
    const list = this.#list(this.#threads.length);
    const names = this.#threads.filter((thread) => thread.name !== undefined);
    for (const thread of this.#threads) {
      list
        .u32(thread.id)
        .u32(0)
        .u32(32)
        .u32(1)
        .u64(thread.teb ?? 0n);
      const bytes = thread.hasStackElsewhere ? undefined : thread.stack?.bytes;
      list.u64(thread.stack?.start ?? 0n).location(bytes && this.section().bytes(bytes));
      const context = thread.context === undefined ? this.context(thread.registers ?? {}) : thread.context;
      list.location(context ?? undefined);
    }
    this.stream(3, list);
    if (names.length === 0) return;
    const nameList = this.section().u32(names.length);
    for (const thread of names) nameList.u32(thread.id).rva64(nameList.text(thread.name ?? ''));
    this.stream(24, nameList);
  }

  #writeModules(): void {
    const list = this.#list(this.#modules.length);
    for (const module of this.#modules) {
      list
        .u64(module.base)
        .u32(module.size)
        .u32(module.checksum ?? 0)
        .u32(module.timeDateStamp ?? 0);
      list.rva(list.text(module.name));
      const words = module.version;
      list.u32(words ? 0xfeef04bd : 0).u32(words ? 0x10000 : 0);
      for (let index = 0; index < 4; index++) list.u32(words?.[index] ?? 0);
      list
        .zeros(7 * 4)
        .location(module.codeView)
        .location(undefined)
        .u64(0)
        .u64(0);
    }
    this.stream(4, list);
  }

  #writeMemory(): void {
    const list = this.#list(this.#memory.length);
    for (const { start, bytes } of this.#memory) list.u64(start).location(this.section().bytes(bytes));
    this.stream(5, list);
  }

  #writeMemory64(): void {
    const list = this.section().u64(this.#memory.length + this.#extraListEntries);
    const data = this.section();
    list.rva64(data);
    for (const { start, bytes } of this.#memory) {
      list.u64(start).u64(bytes.length);
      data.bytes(bytes);
    }
    this.stream(9, list);
  }
}

export interface SystemInfoOptions {
  readonly architecture?: number;
  readonly platformId?: number;
  readonly level?: number;
  readonly revision?: number;
  readonly cpuCount?: number;
  readonly version?: readonly [number, number, number];
  readonly csdVersion?: string;
  /** First bytes of the 24-byte processor union: the vendor's name on x86. */
  readonly cpuUnion?: Uint8Array;
}

/** CodeView records by kind. */
export const codeView = {
  pdb70(
    guid: readonly [number, number, number, ArrayLike<number>],
    age: number,
    file: string,
    isBigEndian = false,
  ): Section {
    const section = new Section(isBigEndian).u32(0x53445352).u32(guid[0]).u16(guid[1]).u16(guid[2]).bytes(guid[3]);
    return section.u32(age).ascii(file).u8(0);
  },
  pdb20(signature: number, age: number, file: string): Section {
    return new Section().u32(0x3031424e).u32(0).u32(signature).u32(age).ascii(file).u8(0);
  },
  elf(buildId: ArrayLike<number>): Section {
    return new Section().u32(0x4270454c).bytes(buildId);
  },
};

/** Gives every section that can be reached from the header its place, in order of first mention, 4-aligned. */
function layOut(header: Section): Uint8Array {
  const offsets = new Map<Section, number>();
  const order: Section[] = [];
  let end = 0;
  const waiting = [header];
  for (const section of waiting) {
    if (offsets.has(section)) continue;
    offsets.set(section, end);
    order.push(section);
    end += Math.ceil(section.length / 4) * 4;
    waiting.push(...section.fixups.map((fixup) => fixup.target));
  }
  const dump = new Uint8Array(end);
  for (const section of order)
    dump.set(
      section.toBytes((target) => offsets.get(target) as number),
      offsets.get(section) as number,
    );
  return dump;
}
