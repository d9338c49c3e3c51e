// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Writes `.sym` texts for tests: one method a record, numbers given as numbers. */
export class SymBuilder {
  readonly #lines: string[] = [];

  module(debugFile = 'app.pdb', debugId = '3249D99D0C4049318610F4E4FB0B69361', os = 'windows', arch = 'x86_64'): this {
    return this.raw(`MODULE ${os} ${arch} ${debugId} ${debugFile}`);
  }

  file(id: number, name: string): this {
    return this.raw(`FILE ${id} ${name}`);
  }

  origin(id: number, name: string): this {
    return this.raw(`INLINE_ORIGIN ${id} ${name}`);
  }

  func(address: number, size: number, name: string, parameterSize = 0, isMultiple = false): this {
    return this.raw(`FUNC ${isMultiple ? 'm ' : ''}${hex(address)} ${hex(size)} ${hex(parameterSize)} ${name}`);
  }

  line(address: number, size: number, line: number, file: number): this {
    return this.raw(`${hex(address)} ${hex(size)} ${line} ${file}`);
  }

  inline(
    depth: number,
    callLine: number,
    callFile: number,
    origin: number,
    ...ranges: readonly (readonly [address: number, size: number])[]
  ): this {
    const pairs = ranges.map(([address, size]) => `${hex(address)} ${hex(size)}`).join(' ');
    return this.raw(`INLINE ${depth} ${callLine} ${callFile} ${origin} ${pairs}`);
  }

  public(address: number, name: string, parameterSize = 0, isMultiple = false): this {
    return this.raw(`PUBLIC ${isMultiple ? 'm ' : ''}${hex(address)} ${hex(parameterSize)} ${name}`);
  }

  cfiInit(address: number, size: number, rules: string): this {
    return this.raw(`STACK CFI INIT ${hex(address)} ${hex(size)} ${rules}`);
  }

  cfi(address: number, rules: string): this {
    return this.raw(`STACK CFI ${hex(address)} ${rules}`);
  }

  /** `numbers`: prologue, epilogue, parameters, saved registers, locals, max stack. */
  win(type: 0 | 4, address: number, size: number, numbers: readonly number[], rest: string): this {
    return this.raw(
      `STACK WIN ${type} ${[address, size, ...numbers].map(hex).join(' ')} ${type === 4 ? 1 : 0} ${rest}`,
    );
  }

  raw(line: string): this {
    this.#lines.push(line);
    return this;
  }

  text(lineEnd = '\n'): string {
    return this.#lines.map((line) => line + lineEnd).join('');
  }

  bytes(lineEnd = '\n'): Buffer {
    return Buffer.from(this.text(lineEnd));
  }
}

export interface LargeSymShape {
  readonly functions: number;
  readonly linesPerFunction: number;
  readonly publics: number;
  readonly debugFile?: string;
  readonly debugId?: string;
  /** Records of a real file to put first, without its MODULE line; its addresses must be below `baseAddress`. */
  readonly prefix?: string;
  readonly baseAddress?: number;
}

/** The shape of a browser engine's file: 212 MB, 6.5 M lines (stackwalker.md §12). */
export const browserEngine: LargeSymShape = { functions: 340_000, linesPerFunction: 13.5, publics: 40_000 };

const ruleTexts = 1261;

/**
 * A large synthetic `.sym`, the same at every run, in pieces of about 1 MiB. In proportion to its functions it has
 * 1.7 INLINE and 2.05 STACK CFI lines each, names of some 60 characters, a file per 20 functions.
 */
export function* largeSym(shape: LargeSymShape): Generator<Buffer> {
  const random = makeRandom(20260729);
  const files = Math.ceil(shape.functions / 20);
  const origins = Math.ceil(shape.functions / 4);
  let text = `MODULE Linux x86_64 ${shape.debugId ?? 'A1B2C3D4E5F60718293A4B5C6D7E8F900'} ${shape.debugFile ?? 'libengine.so'}\n`;
  for (let i = 0; i < files; i++) text += `FILE ${i} /build/src/${word(i)}/${word(i * 7)}/${word(i * 13)}_${i}.cpp\n`;
  for (let i = 0; i < origins; i++)
    text += `INLINE_ORIGIN ${i} ns::${word(i)}::${word(i * 3)}<T${i}>::inlined(int, char const*)\n`;
  text += shape.prefix ?? '';
  let address = shape.baseAddress ?? 0x1000;
  const starts: number[] = [];
  for (let f = 0; f < shape.functions; f++) {
    const size = 64 + Math.floor(random() * 512);
    starts.push(address, size);
    text += functionText(f, address, size, shape.linesPerFunction, files, origins, random);
    address += size + 16 - (size % 16);
    if (text.length > 1024 * 1024) {
      yield Buffer.from(text);
      text = '';
    }
  }
  for (let i = 0; i < shape.publics; i++, address += 32) text += `PUBLIC ${hex(address)} 0 export_${word(i)}_${i}\n`;
  for (let f = 0; f < shape.functions; f++) {
    text += cfiText(starts[2 * f]!, starts[2 * f + 1]!, f);
    if (text.length > 1024 * 1024) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(text);
}

function functionText(
  f: number,
  address: number,
  size: number,
  linesPerFunction: number,
  files: number,
  origins: number,
  random: () => number,
): string {
  const file = f % files;
  let text = `FUNC ${hex(address)} ${hex(size)} 0 ns::${word(f)}::${word(f * 5)}::method_${f}(std::basic_string<char> const&, unsigned long, ns::Options const*)\n`;
  const inlines = f % 10 < 7 ? (f % 3) + 1 : 1;
  for (let depth = 0; depth < inlines; depth++)
    text += `INLINE ${depth} ${100 + depth} ${file} ${(f + depth * 17) % origins} ${hex(address + 8 * (depth + 1))} ${hex(32 - 8 * depth)}\n`;
  const lines = Math.max(1, Math.floor(linesPerFunction * (0.5 + random())));
  const step = Math.max(1, Math.floor(size / lines));
  let line = 10 + Math.floor(random() * 5000);
  for (let at = 0; at < size; at += step) {
    text += `${hex(address + at)} ${hex(Math.min(step, size - at))} ${line} ${file}\n`;
    line += Math.floor(random() * 6);
  }
  return text;
}

function cfiText(address: number, size: number, f: number): string {
  const depth = f % ruleTexts;
  let text = `STACK CFI INIT ${hex(address)} ${hex(size)} .cfa: $rsp 8 + .ra: .cfa -8 + ^\n`;
  text += `STACK CFI ${hex(address + 1)} .cfa: $rsp ${16 + depth * 8} + $rbp: .cfa -16 + ^\n`;
  if (f % 20 === 0) text += `STACK CFI ${hex(address + 4)} .cfa: $rbp 16 +\n`;
  return text;
}

const syllables = [
  'ba',
  'cor',
  'dex',
  'fil',
  'gra',
  'hub',
  'jit',
  'lay',
  'mem',
  'net',
  'out',
  'pix',
  'que',
  'ren',
  'sty',
  'web',
];

function word(n: number): string {
  return `${syllables[n % 16]}${syllables[(n >> 4) % 16]}${syllables[(n >> 8) % 16]}`;
}

/** A small generator with a seed (mulberry32), so that the file is the same everywhere. */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function hex(value: number): string {
  return value.toString(16);
}
