// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../lib/json.ts';
import type { CpuArch, CpuContext } from './cpu.ts';

/** Names as in the stackwalk document (stackwalker.md §9); `unknown` for platform ids nobody has assigned. */
export type OperatingSystem =
  | 'Windows NT'
  | 'Mac OS X'
  | 'iOS'
  | 'Linux'
  | 'Solaris'
  | 'Android'
  | 'PS3'
  | 'NaCl'
  | 'Fuchsia'
  | 'unknown';

/**
 * An opened dump. Everything but system info and the thread list may be missing: absent streams are null or empty, and
 * what was broken is left out with a warning (stackwalker.md §3, §11).
 */
export interface Minidump {
  readonly header: DumpHeader;
  /** The whole directory in file order, unknown and duplicate types included. */
  readonly streams: readonly StreamEntry[];
  readonly systemInfo: SystemInfo;
  readonly threads: readonly Thread[];
  /** In dump order; the first is the main module. */
  readonly modules: readonly Module[];
  readonly unloadedModules: readonly UnloadedModule[];
  readonly exception: Exception | null;
  readonly memory: Memory;
  /** What the process had mapped: MemoryInfoList, else the Linux maps; empty when neither is there. Sorted by base. */
  readonly mappedRanges: readonly MappedRange[];
  readonly misc: MiscInfo | null;
  readonly breakpadInfo: BreakpadInfo | null;
  readonly assertion: Assertion | null;
  readonly crashpad: CrashpadInfo | null;
  /** Raw texts of the Linux /proc streams. */
  readonly linux: LinuxStreams;
  readonly lsbRelease: LsbRelease | null;
  readonly procLimits: readonly ProcLimit[] | null;
  readonly macCrashInfo: readonly MacCrashRecord[] | null;
  readonly macBootArgs: string | null;
  readonly handles: readonly Handle[] | null;
  /** Parsed JSON of the soft errors stream. */
  readonly softErrors: JsonValue | null;
  readonly comment: string | null;
  /** MiscInfo's, else the one of /proc/PID/status. */
  readonly processId: number | null;
  /** Seconds from process start to the dump; null when unknown or negative. */
  readonly processUptimeS: number | null;
  readonly warnings: readonly MinidumpWarning[];

  /** The module whose range holds `address`. Of overlapping modules the one with the lower base wins. */
  moduleAt(address: bigint): Module | undefined;
  /** All unloaded modules that ever covered `address`, in dump order. */
  unloadedModulesAt(address: bigint): readonly UnloadedModule[];
  /** The mapping that holds `address`, from `mappedRanges`. */
  mappedRangeAt(address: bigint): MappedRange | undefined;
  /** Index into `threads` of that thread id, or undefined. */
  threadIndexOf(threadId: number): number | undefined;
}

export interface DumpHeader {
  readonly isBigEndian: boolean;
  readonly version: number;
  readonly streamCount: number;
  /** When the dump was written, Unix seconds; 0 = not said. */
  readonly timeS: number;
  readonly checksum: number;
  readonly flags: bigint;
}

export interface StreamEntry {
  readonly type: number;
  /** E.g. `ThreadList`, or `0x12345678` for an unknown type. */
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** False if the location lies outside the file or a later entry has the same type. */
  readonly isUsed: boolean;
}

export interface MinidumpWarning {
  /** Name of the stream it concerns, or `header`. */
  readonly stream: string;
  readonly message: string;
}

export interface SystemInfo {
  readonly os: OperatingSystem;
  readonly platformId: number;
  /** `10.0.17763`; on Linux the kernel's release (stackwalker.md §3). */
  readonly osVersion: string;
  /** `Service Pack 1`, or what follows the kernel's release. The document's os_ver is both with a space between. */
  readonly osBuild: string | null;
  readonly csdVersion: string | null;
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly buildNumber: number;
  readonly productType: number;
  readonly suiteMask: number;
  readonly cpu: CpuArch;
  /** The raw processor architecture; 0x8003 is arm64 with the old context layout. */
  readonly processorArchitecture: number;
  readonly pointerSizeBytes: 4 | 8;
  readonly cpuCount: number;
  readonly cpuInfo: string | null;
  readonly cpuMicrocodeVersion: number | null;
}

export interface Thread {
  readonly index: number;
  readonly id: number;
  readonly name: string | null;
  readonly suspendCount: number;
  readonly priorityClass: number;
  readonly priority: number;
  /** Address of the thread environment block; 0n where the system has none. */
  readonly teb: bigint;
  /** Where the stack starts according to the thread list, even when its bytes are not in the dump. */
  readonly stackStart: bigint;
  /** The stack's bytes as the thread list gives them; null when they are not in the dump. */
  readonly stack: MemoryRegion | null;
  /** null when missing, too short, or of another processor. */
  readonly context: CpuContext | null;
  readonly startAddress: bigint | null;
}

export interface Module {
  readonly index: number;
  readonly base: bigint;
  readonly sizeBytes: number;
  /** base + size, exclusive. */
  readonly end: bigint;
  readonly checksum: number;
  readonly timeDateStamp: number;
  /** Whole path as stored; may be any text. */
  readonly codeFile: string;
  /** Lower case (stackwalker.md §5). */
  readonly codeId: string | null;
  /** As the CodeView record says, or the module's path for ELF build ids. */
  readonly debugFile: string | null;
  /** Upper-case Breakpad form: 32 hex digits + age, or PDB 2.0's 8 digits + age. */
  readonly debugId: string | null;
  readonly version: string | null;
  readonly codeView: 'pdb70' | 'pdb20' | 'elf' | 'none' | 'unknown';
}

export interface UnloadedModule {
  readonly base: bigint;
  readonly sizeBytes: number;
  readonly end: bigint;
  readonly checksum: number;
  readonly timeDateStamp: number;
  readonly codeFile: string;
  /** Time stamp + size, lower case. */
  readonly codeId: string | null;
}

export interface Exception {
  readonly threadId: number;
  /** Windows exception code, signal number, or Mach exception. */
  readonly code: number;
  /** Exception flags, si_code, or Mach sub-code. */
  readonly flags: number;
  readonly nestedRecord: bigint;
  readonly address: bigint;
  /** At most 15. */
  readonly parameters: readonly bigint[];
  readonly context: CpuContext | null;
}

/** Bytes of the process that the dump holds: [base, base + sizeBytes). */
export interface MemoryRegion {
  readonly base: bigint;
  readonly sizeBytes: number;
  /** Exactly `length` bytes at `address` as a view, or undefined if any of them lies outside. */
  read(address: bigint, length: number): Uint8Array | undefined;
  /** Unsigned integer of 1, 2, 4 or 8 bytes in the dump's byte order. */
  readUint(address: bigint, sizeBytes: 1 | 2 | 4 | 8): bigint | undefined;
}

/** The process memory in the dump: Memory64List and MemoryList together. Reads do not cross from one region to the next. */
export interface Memory {
  /** Sorted by base, overlapping ones included. Lookups give each address to the region that starts first. */
  readonly regions: readonly MemoryRegion[];
  regionAt(address: bigint): MemoryRegion | undefined;
  read(address: bigint, length: number): Uint8Array | undefined;
  readUint(address: bigint, sizeBytes: 1 | 2 | 4 | 8): bigint | undefined;
  /** A native word of the dumped process. */
  readPointer(address: bigint): bigint | undefined;
}

/** One mapping of the address space with its rights. */
export interface MappedRange {
  readonly base: bigint;
  /** Exclusive. */
  readonly end: bigint;
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  readonly isExecutable: boolean;
  /** Windows: PAGE_GUARD; never true elsewhere. */
  readonly isGuard: boolean;
  /** Windows: free regions are listed too, and hold nothing. */
  readonly isFree: boolean;
  /** Linux: the file behind it, or `[stack]` and the like. */
  readonly name: string | null;
}

export interface MiscInfo {
  readonly processId: number | null;
  /** Unix seconds. */
  readonly processCreateTimeS: number | null;
  readonly processUserTimeS: number | null;
  readonly processKernelTimeS: number | null;
  readonly processorMaxMhz: number | null;
  readonly processorCurrentMhz: number | null;
  readonly buildString: string | null;
  readonly debugBuildString: string | null;
}

export interface BreakpadInfo {
  /** Thread that wrote the dump; not walked. */
  readonly dumpThreadId: number | null;
  readonly requestingThreadId: number | null;
}

export interface Assertion {
  readonly kind: 'invalid_parameter' | 'pure_virtual_call' | 'unknown';
  readonly expression: string | null;
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

export interface CrashpadInfo {
  readonly version: number;
  /** GUIDs in lower-case canonical form; null when all zero. */
  readonly reportId: string | null;
  readonly clientId: string | null;
  readonly simpleAnnotations: ReadonlyMap<string, string>;
  readonly modules: readonly CrashpadModule[];
  /** Bits of an address that count (pointer authentication); null = not said. */
  readonly addressMask: bigint | null;
}

export interface CrashpadModule {
  readonly moduleIndex: number;
  readonly listAnnotations: readonly string[];
  readonly simpleAnnotations: ReadonlyMap<string, string>;
  readonly annotationObjects: ReadonlyMap<string, CrashpadAnnotation>;
}

/** Type 1 is a string; 0x8000 and above are user-defined: their bytes are not interpreted. */
export interface CrashpadAnnotation {
  readonly type: number;
  readonly value: string | null;
  readonly bytes: Uint8Array;
}

export interface LinuxStreams {
  readonly cpuInfo: ReadonlyMap<string, string> | null;
  readonly procStatus: ReadonlyMap<string, string> | null;
  readonly commandLine: readonly string[] | null;
  readonly environment: ReadonlyMap<string, string> | null;
  /** Number of mappings in /proc/PID/maps. */
  readonly memoryMapCount: number | null;
  readonly auxv: Uint8Array | null;
}

export interface LsbRelease {
  readonly id: string;
  readonly release: string;
  readonly codename: string;
  readonly description: string;
}

export interface ProcLimit {
  readonly name: string;
  readonly soft: number | 'unlimited' | 'err';
  readonly hard: number | 'unlimited' | 'err';
  readonly unit: string;
}

export interface MacCrashRecord {
  readonly version: number;
  readonly thread: bigint | null;
  readonly dialogMode: bigint | null;
  readonly abortCause: bigint | null;
  readonly module: string | null;
  readonly message: string | null;
  readonly signature: string | null;
  readonly backtrace: string | null;
  readonly message2: string | null;
}

export interface Handle {
  readonly handle: bigint;
  readonly typeName: string | null;
  readonly objectName: string | null;
}
