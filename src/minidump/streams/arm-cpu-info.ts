// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Implementer byte of ARM's main id register. */
const vendors = new Map([
  [0x41, 'ARM'],
  [0x51, 'Qualcomm'],
  [0x56, 'Marvell'],
  [0x69, 'Intel/Marvell'],
]);

/** Main id register without variant and revision. */
const parts = new Map([
  [0x4100c050, 'Cortex-A5'],
  [0x4100c080, 'Cortex-A8'],
  [0x4100c090, 'Cortex-A9'],
  [0x4100c0f0, 'Cortex-A15'],
  [0x4100c140, 'Cortex-R4'],
  [0x4100c150, 'Cortex-R5'],
  [0x4100b360, 'ARM1136'],
  [0x4100b560, 'ARM1156'],
  [0x4100b760, 'ARM1176'],
  [0x4100b020, 'ARM11-MPCore'],
  [0x41009260, 'ARM926'],
  [0x41009460, 'ARM946'],
  [0x41009660, 'ARM966'],
  [0x510006f0, 'Krait'],
  [0x510000f0, 'Scorpion'],
]);

/** Linux's AT_HWCAP bits on arm, lowest first (asm/hwcap.h). */
const features = [
  ...['swp', 'half', 'thumb', '26bit', 'fastmult', 'fpa', 'vfpv2', 'edsp', 'java', 'iwmmxt', 'crunch'],
  ...['thumbee', 'neon', 'vfpv3', 'vfpv3d16', 'tls', 'vfpv4', 'idiva', 'idivt'],
];

/** `ARMv7 ARM Cortex-A9 features: swp,half,…` from the processor level and the two words of the ARM union. */
export function armCpuInfo(level: number, cpuId: number, hardwareCaps: number): string {
  const words = [`ARMv${level}`];
  if (cpuId !== 0) {
    const vendor = cpuId >>> 24;
    const part = (cpuId & 0xff00fff0) >>> 0;
    words.push(vendors.get(vendor) ?? `vendor(0x${vendor.toString(16)})`);
    words.push(parts.get(part) ?? `part(0x${part.toString(16)})`);
  }
  const present = features.filter((_, bit) => (hardwareCaps >>> bit) & 1);
  if (present.length > 0) words.push(`features: ${present.join(',')}`);
  return words.join(' ');
}
