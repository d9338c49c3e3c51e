// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { compareTerms } from './memory-facets.ts';
import { bucketsMax, filterClause, type Parameters, valueExpression } from './postgres-expressions.ts';
import type { SearchField } from './search-fields.ts';
import { type Facet, type FacetAnswer, type FacetTerm, facetKey, type Measure } from './search-request.ts';

/** One line of the facet statement: node, up to four terms from the outermost in, the number, and the measures. */
export interface FacetLine {
  readonly node: number;
  readonly t1: string | null;
  readonly t2: string | null;
  readonly t3: string | null;
  readonly t4: string | null;
  readonly n: number;
  readonly m: readonly string[] | null;
}

interface Node {
  readonly id: number;
  readonly facet: Facet;
  readonly parent: Node | null;
  /** Facets of the levels from the outermost to this one; a cardinality counts as a level without a term. */
  readonly levels: readonly Facet[];
}

/** The facet tree as a flat list, parents before children. */
export function facetNodes(facets: readonly Facet[]): Node[] {
  const nodes: Node[] = [];
  const visit = (facet: Facet, parent: Node | null): void => {
    const node = { id: nodes.length + 1, facet, parent, levels: [...(parent?.levels ?? []), facet] };
    nodes.push(node);
    if (facet.kind !== 'cardinality') for (const below of facet.below) visit(below, node);
  };
  for (const facet of facets) visit(facet, null);
  return nodes;
}

/**
 * One statement for the total and all facets, over one materialised set of matches: each level keeps its top terms and
 * the level below counts only within them. Lines of node 0 carry the total.
 */
export function facetStatement(nodes: readonly Node[], where: string, size: number, parameters: Parameters): string {
  const measures = nodes.flatMap((node) => measuresOf(node.facet));
  const counted = measures.flatMap((measure) => (measure.kind === 'distinct' ? [measure.field] : []));
  const fields = [
    ...new Map([...nodes.map((node) => node.facet.field), ...counted].map((field) => [field.name, field])).values(),
  ];
  const alias = (field: SearchField): string => `f${fields.findIndex(({ name }) => name === field.name)}`;
  const flags = measures.filter((measure) => measure.kind === 'matching');
  const names: Names = { field: alias, flag: (measure) => `g${flags.indexOf(measure as (typeof flags)[number])}` };
  const columns = [
    ...fields.map((field) => `${termExpression(field, parameters)} as ${alias(field)}`),
    ...flags.map((measure) => `(${filterClause(measure.filter, parameters)}) as ${names.flag(measure)}`),
  ];
  const steps = nodes.map((node) => `n${node.id} as (${nodeStatement(node, names, size, parameters)})`);
  const lines = nodes.map((node) => {
    const terms = [0, 1, 2, 3].map((level) => shownTerm(node, level)).join(', ');
    return `select ${node.id}, ${terms}, n, ${measuresOf(node.facet).length > 0 ? 'm' : 'null'} from n${node.id}`;
  });
  return `with matched as materialized (select ${columns.length > 0 ? columns.join(', ') : '1'} from reports where ${where}),
${['total as (select count(*) as n from matched)', ...steps].join(',\n')}
select 0 as node, null::text as t1, null::text as t2, null::text as t3, null::text as t4, n, null::bigint[] as m from total
${lines.map((line) => `union all ${line}`).join('\n')}`;
}

/** What the columns of the matched set are called. */
interface Names {
  readonly field: (field: SearchField) => string;
  readonly flag: (measure: Measure) => string;
}

const measuresOf = (facet: Facet): readonly Measure[] => (facet.kind === 'terms' ? (facet.measures ?? []) : []);

/** Parts are counted lower-cased and once a report. */
function termExpression(field: SearchField, parameters: Parameters): string {
  const expression = valueExpression(field, parameters);
  return field.kind === 'parts' ? `array(select distinct lower(part) from unnest(${expression}) part)` : expression;
}

/** The term of one level inside the statement, with its lateral join where the field is a list. */
function levelTerm(
  facet: Facet,
  level: number,
  alias: (field: SearchField) => string,
  parameters: Parameters,
): { term: string; join: string } {
  const column = `m.${alias(facet.field)}`;
  if (facet.field.kind === 'parts')
    return { term: `part${level}`, join: ` cross join lateral unnest(${column}) as part${level}` };
  if (facet.kind !== 'histogram') return { term: column, join: '' };
  if (facet.field.kind === 'date' && typeof facet.interval === 'string')
    return { term: `date_trunc('${facet.interval}', ${column}, 'UTC')`, join: '' };
  if (facet.field.kind === 'date') {
    const seconds = Number(facet.interval) / 1000;
    const origin = (facet.originMs ?? 0) / 1000;
    return { term: `date_bin('${seconds} seconds', ${column}, to_timestamp(${origin}))`, join: '' };
  }
  const interval = parameters.add(facet.interval, 'float8');
  return { term: `floor(${column} / ${interval}) * ${interval}`, join: '' };
}

function nodeStatement(node: Node, names: Names, size: number, parameters: Parameters): string {
  const terms = node.levels.map((facet, level) => levelTerm(facet, level + 1, names.field, parameters));
  const own = terms.at(-1) as { term: string; join: string };
  const outer = terms.slice(0, -1);
  const parentJoin = node.parent
    ? ` join n${node.parent.id} p on ${outer.map(({ term }, level) => `p.t${level + 1} = ${term}`).join(' and ')}`
    : '';
  const from = `matched m${terms.map(({ join }) => join).join('')}${parentJoin}`;
  const groups = outer.map(({ term }, level) => `${term} as t${level + 1}`);
  const outerNames = outer.map((_, level) => `t${level + 1}`);
  if (node.facet.kind === 'cardinality') {
    const select = [...groups, `count(distinct ${own.term}) as n`].join(', ');
    return `select ${select} from ${from}${groups.length > 0 ? ` group by ${ordinals(groups.length)}` : ''}`;
  }
  const name = `t${node.levels.length}`;
  const measured = measuredColumn(node.facet, names);
  const columns = [...groups, `${own.term} as ${name}`, 'count(*) as n', ...measured];
  const counted = `select ${columns.join(', ')} from ${from} where ${own.join === '' ? `m.${names.field(node.facet.field)}` : own.term} is not null group by ${ordinals(node.levels.length)}`;
  const byMeasure = node.facet.kind === 'terms' && node.facet.isRankedByMeasure && measured.length > 0;
  const order =
    node.facet.kind === 'histogram' ? `${name} asc` : `${byMeasure ? 'm[1] desc, ' : ''}n desc, ${name} asc`;
  const limit = node.facet.kind === 'histogram' ? bucketsMax : size;
  if (outer.length === 0) return `select * from (${counted}) counted order by ${order} limit ${limit}`;
  return `select ${[...outerNames, name, 'n', ...(measured.length > 0 ? ['m'] : [])].join(', ')} from (select *, row_number() over (partition by ${outerNames.join(', ')} order by ${order}) as place from (${counted}) counted) ranked where place <= ${limit}`;
}

function measuredColumn(facet: Facet, names: Names): string[] {
  const numbers = measuresOf(facet).map((measure) =>
    measure.kind === 'distinct'
      ? `count(distinct m.${names.field(measure.field)})`
      : `count(*) filter (where m.${names.flag(measure)})`,
  );
  return numbers.length > 0 ? [`array[${numbers.join(', ')}]::bigint[] as m`] : [];
}

/** `1, 2`: names would find the parent's columns of the same name first. */
const ordinals = (count: number): string => Array.from({ length: count }, (_, at) => at + 1).join(', ');

/** A level's term as text, spelt so that it can be read back. */
function shownTerm(node: Node, level: number): string {
  const facet = node.levels[level];
  if (!facet || facet.kind === 'cardinality') return 'null';
  const name = `t${level + 1}`;
  if (facet.field.kind === 'date') return `to_char(${name} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
  if (facet.field.kind === 'boolean') return `case when ${name} then 'T' else 'F' end`;
  return `${name}::text`;
}

/** Puts the lines back into the tree of answers. */
export function readFacets(
  nodes: readonly Node[],
  lines: readonly FacetLine[],
): { total: number; facets: Record<string, FacetAnswer> } {
  const byNode = Map.groupBy(lines, (line) => line.node);
  const total = byNode.get(0)?.[0]?.n ?? 0;
  const answersOf = (parent: Node | null, path: readonly (string | number)[]): Record<string, FacetAnswer> => {
    const answers: Record<string, FacetAnswer> = {};
    for (const node of nodes) {
      if (node.parent !== parent) continue;
      const own = (byNode.get(node.id) ?? []).filter((line) =>
        path.every((term, level) => termAt(line, node, level) === term),
      );
      answers[facetKey(node.facet)] = answerOf(node, own, path, answersOf);
    }
    return answers;
  };
  return { total, facets: answersOf(null, []) };
}

function answerOf(
  node: Node,
  lines: readonly FacetLine[],
  path: readonly (string | number)[],
  answersOf: (parent: Node, path: readonly (string | number)[]) => Record<string, FacetAnswer>,
): FacetAnswer {
  const { facet } = node;
  if (facet.kind === 'cardinality') return { value: lines[0]?.n ?? 0 };
  const terms = lines.map((line): FacetTerm => {
    const term = termAt(line, node, path.length) as string | number;
    const measures = measuresOf(facet).map(({ name }, at): [string, number] => [name, Number(line.m?.[at] ?? 0)]);
    const shown: FacetTerm = {
      term,
      count: line.n,
      ...(measures.length > 0 && { measures: Object.fromEntries(measures) }),
    };
    return facet.below.length > 0 ? { ...shown, facets: answersOf(node, [...path, term]) } : shown;
  });
  if (facet.kind === 'histogram') return terms.sort((a, b) => compareTerms(a.term, b.term));
  const ranking = facet.isRankedByMeasure ? measuresOf(facet)[0]?.name : undefined;
  const weightOf = ({ measures }: FacetTerm) => (ranking === undefined ? 0 : (measures?.[ranking] ?? 0));
  return terms.sort((a, b) => weightOf(b) - weightOf(a) || b.count - a.count || compareTerms(a.term, b.term));
}

function termAt(line: FacetLine, node: Node, level: number): string | number | null {
  const text = [line.t1, line.t2, line.t3, line.t4][level] ?? null;
  const field = node.levels[level]?.field;
  if (text === null || !field) return text;
  if (field.kind === 'integer' || field.kind === 'float') return Number(text);
  if (field.kind === 'date') return `${text.replace(/\.0+$/, '')}+00:00`;
  return text;
}
