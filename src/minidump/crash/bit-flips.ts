// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CpuContext, registerLayouts } from '../cpu.ts';
import type { MappedRange, Minidump } from '../model.ts';
import { isAllowedIn, type MemoryOperation } from './memory-operation.ts';

/** An address that would have been valid, had one bit been otherwise: a sign of faulty memory (stackwalker.md §8). */
export interface BitFlip {
  readonly address: bigint;
  /** Register that held the flipped address; null when the crash address itself was tried. */
  readonly sourceRegister: string | null;
  /** 0 to 1, in single precision as rust-minidump reckons and prints it. */
  readonly confidence: number;
  readonly wasNonCanonical: boolean;
  readonly isNull: boolean;
  readonly wasLow: boolean;
  readonly nearbyRegisters: number;
  readonly hasPoisonRegisters: boolean;
}

export interface BitFlipQuestion {
  readonly address: bigint;
  readonly sourceRegister: string | null;
  readonly wasNonCanonical: boolean;
  readonly operation: MemoryOperation;
  /** Bytes that the instruction accessed; null when unknown. */
  readonly accessSizeBytes: number | null;
}

const nearbyDistance = 4096n;
const lowAddressMax = nearbyDistance * 2n;
const nearbyConfidences = [0.5, 0.55, 0.6, 0.65] as const;

/** Bytes with which allocators fill freed memory: a register full of one points at a use after free instead. */
const poisonBytes = new Set([
  ...[0x2b, 0x2d, 0x2f, 0x49, 0x4b, 0x4d, 0x4f, 0x6b, 0x8b, 0x9b, 0x9f, 0xa5, 0xbb, 0xcc, 0xcd, 0xce, 0xdb, 0xe5],
]);

/**
 * Flips each bit of an address that is not mapped with the needed right, and keeps what becomes null or mapped. Answers
 * nothing for an access that begins within its own size of a mapping: that is an off-by-one.
 */
export function possibleBitFlips(
  dump: Pick<Minidump, 'mappedRanges' | 'mappedRangeAt' | 'systemInfo'>,
  context: CpuContext | null,
  question: BitFlipQuestion,
): BitFlip[] {
  const { address, operation } = question;
  const isMapped = (candidate: bigint): boolean => {
    const range = dump.mappedRangeAt(candidate);
    return range !== undefined && isAllowedIn(range, operation);
  };
  if (isMapped(address)) return [];
  const distance = distanceToMapping(dump.mappedRanges, address, operation);
  if (distance !== undefined && question.accessSizeBytes !== null && distance < BigInt(question.accessSizeBytes))
    return [];
  const [from, to] = bitsToTry(dump.systemInfo.cpu, question.wasNonCanonical);
  const flips: BitFlip[] = [];
  for (let bit = from; bit < to; bit++) {
    const candidate = address ^ (1n << BigInt(bit));
    if (candidate === 0n || isMapped(candidate)) flips.push(judge(candidate, context, question));
  }
  return flips;
}

/** amd64 uses 48 bits; a non-canonical address has its damage in the others. */
function bitsToTry(cpu: string, wasNonCanonical: boolean): readonly [number, number] {
  if (wasNonCanonical) return [48, 64];
  return cpu === 'amd64' ? [0, 48] : [0, 64];
}

function distanceToMapping(
  ranges: readonly MappedRange[],
  address: bigint,
  operation: MemoryOperation,
): bigint | undefined {
  let least: bigint | undefined;
  for (const range of ranges) {
    if (!isAllowedIn(range, operation)) continue;
    const distance = address < range.base ? range.base - address : address - range.end + 1n;
    const positive = distance < 0n ? 0n : distance;
    if (least === undefined || positive < least) least = positive;
  }
  return least;
}

function judge(address: bigint, context: CpuContext | null, question: BitFlipQuestion): BitFlip {
  const layout = context ? registerLayouts[context.cpu] : undefined;
  const values = (layout?.generalPurpose ?? []).flatMap((name) => context?.registers.get(name) ?? []);
  const isNull = address === 0n;
  const details = {
    wasNonCanonical: question.wasNonCanonical,
    isNull,
    wasLow: isNull && question.address <= lowAddressMax,
    // Small numbers are everywhere, so nearness says nothing for low addresses.
    nearbyRegisters: address > lowAddressMax ? values.filter((value) => isNear(value, address)).length : 0,
    hasPoisonRegisters: values.some((value) => isPoison(value, layout?.pointerSizeBytes ?? 8)),
  };
  return { address, sourceRegister: question.sourceRegister, ...details, confidence: confidenceOf(details) };
}

function isNear(value: bigint, address: bigint): boolean {
  return (value > address ? value - address : address - value) <= nearbyDistance;
}

function isPoison(value: bigint, sizeBytes: number): boolean {
  const byte = Number(value & 0xffn);
  return poisonBytes.has(byte) && value === BigInt(`0x${byte.toString(16).padStart(2, '0').repeat(sizeBytes)}`);
}

/** Independent signs combined as 1 - product(1 - p), in single precision. */
function confidenceOf(
  flip: Pick<BitFlip, 'wasNonCanonical' | 'isNull' | 'wasLow' | 'nearbyRegisters' | 'hasPoisonRegisters'>,
): number {
  const signs = [0.25];
  if (flip.wasNonCanonical) signs.push(0.9);
  if (flip.isNull) signs.push(flip.wasLow ? 0.25 : 0.5);
  if (flip.nearbyRegisters > 0) signs.push(nearbyConfidences[Math.min(flip.nearbyRegisters, 4) - 1] as number);
  const doubt = signs.reduce((product, sign) => Math.fround(product * Math.fround(1 - Math.fround(sign))), 1);
  const confidence = Math.fround(1 - doubt);
  return Math.fround(flip.hasPoisonRegisters ? confidence * 0.5 : confidence);
}
