// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * The format's text (stackwalker.md §6) followed word by word with strings and linear searches: slow, small, and
 * written without a look at the real parser, as a second opinion for it.
 */

interface Ranged {
  readonly start: number;
  readonly size: number;
}

interface NaiveFunction extends Ranged {
  readonly name: string;
  readonly parameterSize: number;
  readonly isMultiple: boolean;
  readonly lines: (Ranged & { line: number; file: string })[];
  readonly inlines: (Ranged & { depth: number; line: number; file: string | null; origin: string })[];
}

interface NaiveWin extends Ranged {
  readonly numbers: readonly number[];
  readonly rest: string;
}

export class NaiveSym {
  readonly #files = new Map<string, string>();
  readonly #origins = new Map<string, string>();
  #functions: NaiveFunction[] = [];
  readonly #publics: { address: number; parameterSize: number; isMultiple: boolean; name: string }[] = [];
  #inits: (Ranged & { rules: string; deltas: { address: number; rules: string }[] })[] = [];
  readonly #win: Record<'0' | '4', NaiveWin[]> = { '0': [], '4': [] };

  constructor(text: string) {
    let current: NaiveFunction | null = null;
    for (const raw of text.split('\n')) {
      const line = raw.replace(/\r*$/, '');
      const words = line.split(' ');
      if (/^[0-9a-f]+ [0-9a-f]+ \d+ \d+$/.test(line) && current) {
        current.lines.push({ start: hex(words[0]), size: hex(words[1]), line: Number(words[2]), file: words[3]! });
      } else if (words[0] === 'FILE')
        this.#files.set(words[1]!, this.#files.get(words[1]!) ?? words.slice(2).join(' '));
      else if (words[0] === 'INLINE_ORIGIN')
        this.#origins.set(words[1]!, this.#origins.get(words[1]!) ?? words.slice(2).join(' '));
      else if (words[0] === 'FUNC') {
        const isMultiple = words[1] === 'm';
        const [start, size, parameters, ...name] = words.slice(isMultiple ? 2 : 1);
        const record = { start: hex(start), size: hex(size), parameterSize: hex(parameters), isMultiple };
        current = { ...record, name: name.join(' '), lines: [], inlines: [] };
        this.#functions.push(current);
      } else if (words[0] === 'INLINE' && current) {
        const [depth, callLine, file, origin, ...pairs] = words.slice(1);
        for (let i = 0; i + 1 < pairs.length; i += 2)
          current.inlines.push({
            depth: Number(depth),
            line: Number(callLine),
            file: file!,
            origin: origin!,
            start: hex(pairs[i]),
            size: hex(pairs[i + 1]),
          });
      } else if (words[0] === 'PUBLIC') {
        current = null;
        const isMultiple = words[1] === 'm';
        const [address, parameters, ...name] = words.slice(isMultiple ? 2 : 1);
        this.#publics.push({ address: hex(address), parameterSize: hex(parameters), isMultiple, name: name.join(' ') });
      } else if (line.startsWith('STACK CFI INIT '))
        this.#inits.push({ start: hex(words[3]), size: hex(words[4]), rules: words.slice(5).join(' '), deltas: [] });
      else if (line.startsWith('STACK CFI '))
        this.#inits.at(-1)?.deltas.push({ address: hex(words[2]), rules: words.slice(3).join(' ') });
      else if (line.startsWith('STACK WIN ')) this.#addWin(words);
    }
    this.#functions = withoutOverlaps(this.#functions);
    this.#inits = withoutOverlaps(this.#inits);
    for (const type of ['0', '4'] as const) this.#win[type] = withoutOverlaps(this.#win[type]);
  }

  #addWin(words: readonly string[]): void {
    const list = this.#win[words[2] as '0' | '4'];
    const numbers = words.slice(3, 11).map(hex);
    const [start, size] = numbers as [number, number];
    if (size === 0) return;
    const last = list.at(-1) as { start: number; size: number } | undefined;
    if (last && start < last.start + last.size && last.start < start + size) {
      if (start > last.start) last.size = start - last.start;
      else if (start !== last.start || size !== last.size) return;
    }
    list.push({ start, size, numbers, rest: words.slice(12).join(' ') });
  }

  function(a: number) {
    const found = covering(this.#functions, a);
    if (found)
      return {
        name: found.name,
        address: found.start,
        size: found.size,
        parameterSize: this.win(a)?.parameterSize ?? found.parameterSize,
        isPublic: false,
        isMultiple: found.isMultiple,
      };
    const before = this.#publics.filter((p) => p.address <= a);
    const address = Math.max(...before.map((p) => p.address));
    const [best] = before
      .filter((p) => p.address === address)
      .sort((x, y) => Buffer.compare(Buffer.from(y.name), Buffer.from(x.name)));
    if (!best || this.#functions.some((f) => f.start >= best.address && f.start < a)) return null;
    const { name, parameterSize, isMultiple } = best;
    return { name, address, size: 0, parameterSize, isPublic: true, isMultiple };
  }

  line(a: number) {
    const found = covering(withoutOverlaps(covering(this.#functions, a)?.lines ?? []), a);
    return found ? { file: this.#files.get(found.file) ?? null, line: found.line || null } : null;
  }

  /** Positions of the physical function and of each inlined call, outermost first, as the spec's shift by one says. */
  #stack(a: number) {
    const records = covering(this.#functions, a)?.inlines ?? [];
    const chain = [];
    for (let depth = 0; ; depth++) {
      const found = records
        .filter((r) => r.depth === depth && r.size > 0 && r.start <= a)
        .sort((x, y) => x.start - y.start)
        .at(-1);
      if (!found || a >= found.start + found.size) break;
      chain.push(found);
    }
    const sites = chain.map((r) => ({ file: this.#files.get(r.file ?? '') ?? null, line: r.line || null }));
    const line = this.line(a);
    return { chain, positions: [...sites, line ?? { file: null, line: null }], line };
  }

  outerLine(a: number) {
    const { chain, positions, line } = this.#stack(a);
    return chain.length > 0 ? positions[0] : line;
  }

  inlines(a: number) {
    const { chain, positions } = this.#stack(a);
    return chain
      .map((r, k) => ({ function: this.#origins.get(r.origin), ...positions[k + 1] }))
      .filter((call) => call.function !== undefined)
      .reverse();
  }

  cfi(a: number) {
    const found = covering(this.#inits, a);
    if (!found) return null;
    const deltas = found.deltas.filter((d) => d.address <= a).sort((x, y) => x.address - y.address);
    return { address: found.start, size: found.size, initRules: found.rules, deltas };
  }

  win(a: number) {
    const frameData = covering(this.#win['4'], a);
    const found = frameData ?? covering(this.#win['0'], a);
    if (!found) return null;
    const [, , prologueSize, epilogueSize, parameterSize, savedRegisterSize, localSize, maxStackSize] = found.numbers;
    return {
      kind: frameData ? 'frame_data' : 'fpo',
      address: found.start,
      size: found.size,
      prologueSize,
      epilogueSize,
      parameterSize,
      savedRegisterSize,
      localSize,
      maxStackSize,
      program: frameData ? found.rest : null,
      allocatesBasePointer: !frameData && found.rest !== '0',
    };
  }

  /** Every address at which some answer may change, and its neighbours. */
  addresses(): number[] {
    const edges = [
      ...this.#functions.flatMap((f) => [f, ...f.lines, ...f.inlines]),
      ...this.#inits,
      ...this.#inits.flatMap((i) => i.deltas.map((d) => ({ start: d.address, size: 0 }))),
      ...this.#win['0'],
      ...this.#win['4'],
      ...this.#publics.map((p) => ({ start: p.address, size: 0 })),
    ].flatMap(({ start, size }) => [start, start + size]);
    return [...new Set(edges.flatMap((edge) => [edge - 1, edge, edge + 1]))].filter((a) => a >= 0);
  }
}

function hex(text: string | undefined): number {
  return Number.parseInt(text ?? '', 16);
}

function covering<T extends Ranged>(list: readonly T[], a: number): T | undefined {
  return list.find((item) => a >= item.start && a < item.start + item.size);
}

/** Sorted by start; one that starts inside the one kept before is dropped, and so is one without a size. */
function withoutOverlaps<T extends Ranged>(list: readonly T[]): T[] {
  const kept: T[] = [];
  for (const item of [...list].sort((x, y) => x.start - y.start)) {
    const last = kept.at(-1);
    if (item.size > 0 && (!last || item.start >= last.start + last.size)) kept.push(item);
  }
  return kept;
}
