// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { publicRawCrash } from '../../crash/public-annotations.ts';
import type { RawCrash } from '../../crash/raw-crash.ts';
import { isJsonObject } from '../../lib/json.ts';
import { webLimits } from '../limits.ts';
import { cutText } from '../parts/text.ts';
import { numberAt, objectsAt, shownValue, textAt, textsAt, valueAt } from './report-values.ts';

export interface AnnotationView {
  readonly name: string;
  readonly value: string;
}

export interface AnnotationsView {
  readonly public: readonly AnnotationView[];
  /** Null for readers without protected data: how many there are is not theirs to know either (decisions.md 33). */
  readonly protected: readonly AnnotationView[] | null;
}

/** What the collector adds is no annotation of the client. */
const collectorKeys = new Set(['metadata', 'uuid', 'submitted_timestamp', 'version']);

export function annotationsView(
  rawCrash: RawCrash,
  declaredPublic: readonly string[],
  seesProtected: boolean,
): AnnotationsView {
  const shown = publicRawCrash(rawCrash, new Set(declaredPublic));
  const names = Object.keys(rawCrash).filter((name) => !collectorKeys.has(name));
  const views = (wanted: readonly string[]): AnnotationView[] =>
    wanted
      .toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
      .slice(0, webLimits.annotationsShownMax.value)
      .map((name) => ({
        name: cutText(name, 200),
        value: cutText(shownValue(rawCrash[name] ?? null), webLimits.valueShownMax.value),
      }));
  return {
    public: views(names.filter((name) => Object.hasOwn(shown, name))),
    protected: seesProtected ? views(names.filter((name) => !Object.hasOwn(shown, name))) : null,
  };
}

/** A part of the report that did not make it into storage (web.md X24). */
export interface LostPartView {
  readonly name: string;
  readonly size_bytes: number | null;
  readonly limit_bytes: number | null;
  readonly reason: string;
  readonly slug: string;
}

/** Read from the notes that our collector writes; only what they say of parts, so it is public. */
export function lostParts(rawCrash: RawCrash): readonly LostPartView[] {
  const metadata = valueAt(rawCrash, 'metadata');
  const notes = [...textsAt(metadata, 'collector_notes'), ...textsAt(rawCrash, 'collector_notes')];
  return notes.slice(0, 200).flatMap((note): LostPartView[] => {
    const large = /^dropped (.{1,200}): (\d{1,15}) bytes, larger than (\d{1,15}) bytes$/.exec(note);
    if (large)
      return [
        {
          name: large[1] as string,
          size_bytes: Number(large[2]),
          limit_bytes: Number(large[3]),
          reason: 'larger than the limit for a file that is no dump',
          slug: 'attachment_too_large',
        },
      ];
    const many = /^dropped (.{1,200}): too many files$/.exec(note);
    if (many)
      return [
        {
          name: many[1] as string,
          size_bytes: null,
          limit_bytes: null,
          reason: 'too many files in one report',
          slug: 'too_many_files',
        },
      ];
    if (note === 'extract payload text part exception: body part is too large')
      return [
        {
          name: 'an annotation',
          size_bytes: null,
          limit_bytes: null,
          reason: 'annotations together were larger than the limit',
          slug: 'annotations_too_large',
        },
      ];
    if (note === 'dropped an annotation: too many annotations')
      return [
        {
          name: 'an annotation',
          size_bytes: null,
          limit_bytes: null,
          reason: 'too many annotations',
          slug: 'too_many_annotations',
        },
      ];
    return [];
  });
}

/** Registers of the crashing frame, as `[name, value]`; null where there are none. */
export function registersOf(frame: RawCrash | undefined): readonly (readonly [string, string])[] | null {
  const registers = valueAt(frame, 'registers');
  if (!isJsonObject(registers)) return null;
  const pairs = Object.entries(registers)
    .slice(0, 80)
    .map(([name, value]): readonly [string, string] => [cutText(name, 20), cutText(shownValue(value), 40)]);
  return pairs.length > 0 ? pairs : null;
}

/** A memory access of the crashing instruction. */
export interface AccessView {
  readonly address: string;
  readonly size: number | null;
  readonly kind: string;
}

export function memoryAccesses(processed: RawCrash): readonly AccessView[] {
  return objectsAt(processed, 'json_dump.crash_info.memory_accesses')
    .slice(0, 16)
    .map((access) => ({
      address: cutText(textAt(access, 'address') ?? '', 40),
      size: numberAt(access, 'size'),
      kind: cutText(textAt(access, 'access_type') ?? 'access', 20),
    }));
}
