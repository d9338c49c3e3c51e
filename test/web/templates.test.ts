// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { html, safeUrl, urlWith } from '../../src/web/html.ts';
import { breakable, functionText, middle, splitFunction } from '../../src/web/parts/text.ts';

const root = join(import.meta.dirname, '../../src/web');
const sources = globSync('**/*.ts', { cwd: root })
  .filter((name) => !name.startsWith('islands'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

/** Text of each html template, values included. */
function templatesOf(text: string): string[] {
  const templates: string[] = [];
  for (let at = text.indexOf('html`'); at >= 0; at = text.indexOf('html`', at + 1)) {
    let depth = 0;
    let end = at + 5;
    for (; end < text.length; end++) {
      if (text[end] === '\\') end++;
      else if (text.startsWith('${', end)) depth++;
      else if (text[end] === '}' && depth > 0) depth--;
      else if (text[end] === '`' && depth === 0) break;
    }
    templates.push(text.slice(at, end + 1));
  }
  return templates;
}

test('every attribute that holds a value is quoted', () => {
  let seen = 0;
  for (const { name, text } of sources)
    for (const template of templatesOf(text)) {
      seen++;
      const bare = /<[^<>`]*\s[\w-]+=\$\{/.exec(template);
      assert.equal(bare, null, `${name}: ${bare?.[0]}`);
      assert.equal(/\s(on\w+|style)="/.test(template), false, `${name}: inline script or style`);
    }
  assert.equal(seen > 100, true, `only ${seen} templates were found`);
});

test('addresses in links come from the functions that make them, or begin with a path of ours', () => {
  // Names of constants that hold what one of those functions made.
  const held = /^(url|anchor|path|back|only)(\}|$)|^(address|links|ungrouped|only)\./;
  const made =
    /^(safeUrl|urlWith|asset|[a-zA-Z]+Url)\(|^[a-zA-Z]+\.(to|with|without|url|search|signature)\(|^`[/#]|^'[/#]/;
  for (const { name, text } of sources)
    for (const [, expression = ''] of text.matchAll(/(?:href|src|action)="\$\{([^"]{1,60})/g))
      assert.equal(held.test(expression) || made.test(expression), true, `${name}: ${expression}`);
});

test('no piece of a page is trusted that holds a value of a crash', () => {
  for (const { name, text } of sources)
    for (const [, expression = ''] of text.matchAll(/\braw\(`([^`]*)`/g))
      assert.equal(/\$\{[^}]*\b(hit|report|frame|processed|rawCrash|annotation)\b/.test(expression), false, name);
});

test('links of other kinds than http are dead', () => {
  for (const text of [
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    '//evil.example',
    'vbscript:x',
  ])
    assert.equal(safeUrl(text), '#');
  assert.equal(urlWith('/a', { b: '"><script>', c: null }), '/a?b=%22%3E%3Cscript%3E');
});

test('control and bidi characters become codes, in text and in attributes', () => {
  assert.equal(String(html`<a title="${'\u202e"'}">${'\u0000<'}</a>`), '<a title="\\u202e&quot;">\\u0000&lt;</a>');
  assert.equal(String(breakable('a::<b>\u202e')), 'a::<wbr>&lt;<wbr>b&gt;\\u202e');
});

test('functions are split into scope, own name and arguments', () => {
  const table: readonly [string, string, string, string][] = [
    ['a::b::c(int, d::e) const', 'a::b::', 'c', '(int, d::e) const'],
    ['main', '', 'main', ''],
    ['(anonymous namespace)::f()', '(anonymous namespace)::', 'f', '()'],
    ['a::operator()(int)', 'a::', 'operator()', '(int)'],
    ['a::operator<<(b&)', 'a::', 'operator<<', '(b&)'],
    ['a<b::c>::~a()', 'a<b::c>::', '~a', '()'],
    ['<a::B as c::D>::e', '<a::B as c::D>::', 'e', ''],
    ['x::y::{{closure}}', 'x::y::', '{{closure}}', ''],
    ['v8::(anonymous namespace)', '', 'v8::(anonymous namespace)', ''],
    ['f(std::function<void (int)>)', '', 'f', '(std::function<void (int)>)'],
    ['::', '::', '', ''],
    ['', '', '', ''],
  ];
  for (const [name, scope, own, args] of table) {
    const split = splitFunction(name);
    assert.equal(split.scope + split.own + split.args, name);
    if (name !== 'v8::(anonymous namespace)') assert.deepEqual(split, { scope, own, args });
  }
  const folded = String(functionText('a::B<c::d<e::f<g>>, h::i::j::k>::l()', { cutsTemplates: true }));
  assert.match(folded, /class="cut" title="&lt;c::d&lt;e::f&lt;g&gt;&gt;, h::i::j::k&gt;"/);
  assert.match(String(middle(`${'a'.repeat(50)}::b::tail`)), /<span>::<wbr>tail<\/span>/);
});

test('a name of a megabyte takes no time', () => {
  const startedMs = performance.now();
  for (const piece of ['<', '(', '::', '>', ')', 'a<b>::', 'operator'])
    splitFunction(piece.repeat(1_000_000 / piece.length));
  assert.equal(performance.now() - startedMs < 2000, true);
});
