// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { AutomatonBuilder } from '../../src/signature/automaton.ts';
import { ListMatcher } from '../../src/signature/list-matcher.ts';
import { PatternError, parsePattern } from '../../src/signature/pattern.ts';

function matcherOf(...patterns: string[]): ListMatcher {
  const builder = new AutomatonBuilder();
  for (const pattern of patterns) builder.add(parsePattern(pattern));
  return new ListMatcher(builder.build());
}

const atom = fc.constantFrom(
  ...['a', 'b', 'c', 'é', '🏮', '.', '\\.', '\\$', '[ab]', '[^a]', '[a-c]', '[^b-é]', '\\n', '\\d', '\\(', '{', ' '],
);
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,3}', '*?', '{2,}');
const pattern: fc.Arbitrary<string> = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { weight: 4, arbitrary: fc.tuple(atom, quantifier).map(([a, q]) => (a === '{' ? '\\{' : a) + q) },
    { weight: 1, arbitrary: fc.tuple(tie('pattern'), quantifier).map(([p, q]) => `(${p})${q}`) },
    { weight: 1, arbitrary: fc.constantFrom('^', '$', '\\b', '\\B') },
  ),
  pattern: fc
    .array(
      fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
      { minLength: 1, maxLength: 3 },
    )
    .map((choices) => choices.join('|')),
})).pattern;
const text = fc.array(fc.constantFrom('a', 'b', 'c', 'é', '🏮', '\n', '.', '$', '1', '(', '{', ' '), { maxLength: 8 });

/** The same entry as the runtime's own expressions read it: `$` is before a final newline too, `.` is not `\n` alone. */
function runtimePattern(source: string): RegExp {
  const translated = source.replace(/(^|[^\\])\$/g, '$1(?=\\n?$)').replace(/(^|[^\\])\./g, '$1[^\\n]');
  return new RegExp(`^(?:${translated})`, 'u');
}

test('agrees with the runtime’s own regular expressions on what they both read', () => {
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 4 }),
      fc.array(text, { maxLength: 6 }),
      (sources, texts) => {
        // `\b` is about ASCII in the runtime and about any script here.
        fc.pre(sources.every((source) => !/\\[bB]/.test(source) && !/[$.]{2}/.test(source)));
        let matcher: ListMatcher;
        try {
          matcher = matcherOf(...sources);
        } catch (error) {
          assert.ok(error instanceof PatternError);
          return;
        }
        const expressions = sources.map(runtimePattern);
        for (const characters of texts) {
          const given = characters.join('');
          assert.equal(
            matcher.match(given),
            expressions.findIndex((expression) => expression.test(given)),
            JSON.stringify({ sources, given }),
          );
        }
      },
    ),
    { numRuns: 1500, seed: 7 },
  );
});

test('any text is a pattern or a clear refusal', () => {
  const characters = fc.string({ unit: fc.constantFrom(...'ab.*+?{}[]()|\\^$-,0123:=!<>PdwsbxuAZ'), maxLength: 20 });
  fc.assert(
    fc.property(characters, fc.string({ maxLength: 20 }), (source, given) => {
      try {
        matcherOf(source).match(given);
      } catch (error) {
        assert.ok(error instanceof PatternError, String(error));
      }
    }),
    { numRuns: 3000, seed: 11 },
  );
});

test('patterns that make other engines run for ages take linear time', () => {
  const hostile = ['(a+)+$', '(a|a)*$', '(a*)*b', '(.*)*x', '(a|ab|abc|b|c)*$', '.*.*.*.*.*=', '(a?){30}a{30}b'];
  const matcher = matcherOf(...hostile);
  const given = `${'a'.repeat(8000)}!`;
  const start = performance.now();
  assert.equal(matcher.match(given), -1);
  assert.ok(performance.now() - start < 1000);
});

test('a list that needs more states than are remembered still answers rightly', () => {
  const matcher = matcherOf('[ab]*a[ab]{14}c');
  const given = Array.from({ length: 60_000 }, (_, index) => (((index * 2654435761) >>> 13) & 1 ? 'a' : 'b')).join('');
  assert.equal(matcher.match(given), -1);
  assert.equal(matcher.match(`${given}a${'b'.repeat(14)}c`), 0);
});

test('the first entry that matches is named, even if a later one is shorter', () => {
  assert.equal(matcherOf('abc+d', 'a').match('abcccd'), 0);
  assert.equal(matcherOf('abc+d', 'a').match('abccc'), 1);
});

test('word edges, ends and starts', () => {
  assert.equal(matcherOf('foo\\b').match('foo::bar'), 0);
  assert.equal(matcherOf('foo\\b').match('foo'), 0);
  assert.equal(matcherOf('foo\\b').match('food'), -1);
  assert.equal(matcherOf('foo\\B').match('food'), 0);
  assert.equal(matcherOf('foo$').match('foo\n'), 0);
  assert.equal(matcherOf('foo\\Z').match('foo\n'), -1);
  assert.equal(matcherOf('^foo').match('foo'), 0);
  assert.equal(matcherOf('x^foo').match('xfoo'), -1);
});

for (const [source, reason] of [
  ['a(b', /missing \)/],
  ['a)b', /unbalanced/],
  ['*a', /nothing to repeat/],
  ['a**', /multiple repeat/],
  ['a*+', /possessive/],
  ['[a', /missing \]/],
  ['[z-a]', /bad character range/],
  ['a\\', /ends too early/],
  ['\\q', /unknown escape/],
  ['(a)\\1', /back references/],
  ['(?=a)', /look-around/],
  ['(?i)a', /flags/],
  ['(?P<n>a)', /names/],
  ['a{3,2}', /smaller count/],
  ['(a{99}){99}', /too many/],
  ['('.repeat(60) + ')'.repeat(60), /too deeply/],
] as const)
  test(`refuses ${source.slice(0, 20)} with its reason`, () => {
    assert.throws(
      () => matcherOf(source),
      (error) => error instanceof PatternError && reason.test(error.message),
    );
  });

test('braces that are no count are plain characters', () => {
  assert.equal(matcherOf('{virtual override thunk}').match('{virtual override thunk}'), 0);
  assert.equal(matcherOf('a::{{closure}}').match('a::{{closure}}'), 0);
  assert.equal(matcherOf('a{,2}b').match('aab'), 0);
});
