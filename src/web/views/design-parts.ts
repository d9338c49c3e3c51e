// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html } from '../html.ts';
import { dayChart, legend, type Series, smallChart, spark } from '../parts/charts.ts';
import { bar, barCell } from '../parts/figures.ts';
import { FrameCells, frameList } from '../parts/frames.ts';
import { command, copyButton, lockBadge, notice, sectionHead, snippet } from '../parts/notices.ts';
import { cell, columnHead, dataTable, numberCell, rowHead } from '../parts/tables.ts';
import { breakable, middle, signatureLink } from '../parts/text.ts';
import type { FrameView, ThreadView } from './report-stack.ts';
import { platformLegend } from './top-crashers.ts';

/**
 * Every part of our pages with its states: what the pages themselves are made from, drawn by the same functions. A new
 * part comes here first, in both themes, at 375 and 1440 pixels.
 */
export function designView(): Html {
  return html`<p class="prose">
  Every part of these pages with its states, drawn by the functions that draw the pages. Values stand in
  <code>tokens.css</code> alone; parts read roles. Use the theme button to see both.
</p>
${parts.map(([title, note, draw]) => part(title, note, draw()))}`;
}

type Part = readonly [title: string, note: string | null, draw: () => Html];

const parts: readonly Part[] = [
  [
    'Colour roles',
    'Colour means something or is absent. The accent can be followed or pressed; nothing else has its colour.',
    swatches,
  ],
  [
    'Type',
    'Monospace for what a machine said: names, ids, addresses, values. Numbers are tabular and right-aligned.',
    type,
  ],
  ['Buttons', 'One primary button a page at most. What cannot be used says why, in its title or beside it.', buttons],
  ['Copy and feedback', 'The control that was used says what happened, in its own place, for 1.6 s.', copying],
  ['Segments and fields', 'Every choice is an address.', fields],
  ['Badges and states', 'A fact in one or two words. States differ in shape as well as in colour.', badges],
  ['Notices', 'What is the case, what it means, what to do; the slug last.', notices],
  ['Names', 'On one line the end of a name stays; headings wrap after ::, commas and brackets.', names],
  [
    'Stack frames',
    'Inlined, where it crashed and what gave the signature, ours, no symbols, a guess, the system’s.',
    () => frameList(sampleThread, new FrameCells()),
  ],
  [
    'Table',
    'The row that j and k chose, a bar for the figure that ranks, parts of a whole, fourteen buckets of time.',
    table,
  ],
  ['Charts', 'Drawn on the server; the numbers stand in a table on the same page.', charts],
  ['Query and chips', 'The text says what the chips say.', query],
  ['Why this signature', 'Skipped, taken, not read.', steps],
  ['Key and value', null, facts],
  ['Empty', 'What was looked for, and the nearest search that finds something.', empty],
  ['Pages of a list', null, pager],
];

function part(title: string, note: string | null, content: Html): Html {
  const id = title.toLowerCase().replaceAll(' ', '-');
  return html`<section class="section" aria-labelledby="${id}">
${sectionHead(id, title)}
${note === null ? '' : html`<p class="demo-note">${note}</p>`}
<div class="demo">${content}</div>
</section>`;
}

const roles = [
  'bg-page bg-subtle bg-inset bg-hover bg-selected bg-target line line-strong text text-2 text-3',
  'accent danger warn ok secret data-1 data-2 data-3 data-4 data-rest data-track',
].join(' ');

function swatches(): Html {
  const items = roles.split(' ').map((role) => {
    const drawn = html`<svg aria-hidden="true"><rect class="sw-${role}" width="100%" height="100%"/></svg>`;
    return html`<li>${drawn}<code>--${role}</code></li>`;
  });
  return html`<ul class="swatches">${items}</ul>`;
}

function type(): Html {
  return html`<p class="t6">22 few big numbers</p>
<p class="t5">18 page title, signature</p>
<p class="t4">15 section head</p>
<p>13 everything else: 1,203 clients in 7 days</p>
<p class="t2">12 code and cells of second rank <code>lantern::tank::Level::lower</code></p>
<p class="t1">11 badges, column heads, units</p>`;
}

function buttons(): Html {
  return html`<div class="actions">
  <button class="btn primary" type="button">Search</button>
  <button class="btn" type="button">Reprocess</button>
  <button class="btn quiet" type="button">CSV</button>
  <button class="btn danger" type="button">Delete</button>
  <button class="btn" type="button" aria-pressed="true">Our frames only</button>
  <button class="btn busy" type="button" aria-busy="true">Counting</button>
  <button class="btn" type="button" disabled title="Your role may not do this">Share</button>
</div>`;
}

function copying(): Html {
  const commands = 'dump_syms --inlines --store symbols wick_overlay.pdb && salvage symbols add symbols';
  const id = html`<span class="id" id="design-id">3d1f0c52-77aa-4b1e-9c30-5a90b0261119</span>`;
  return html`<p>${id} ${copyButton('design-id', 'Copy id')}</p>
${command('design-command', commands)}
${snippet('design-snippet', 'lantern::tank::.*')}`;
}

function fields(): Html {
  return html`<div class="toolbar">
  <div class="group">
    <span class="label">Last</span>
    <div class="segments" role="group" aria-label="Example of a period">
      <a href="#segments-and-fields">1 d</a>
      <a href="#segments-and-fields" aria-current="true">7 d</a>
      <a href="#segments-and-fields">28 d</a>
    </div>
  </div>
  <div class="group">
    <label class="label" for="design-platform">Platform</label>
    <select class="select" id="design-platform"><option>All</option></select>
  </div>
</div>
<div class="fields">
  <div class="field">
    <label for="design-name">What it is for</label>
    <input class="input" id="design-name" value="nightly export">
    <span class="hint">Seen by admins</span>
  </div>
  <div class="field bad">
    <label for="design-uptime">Uptime</label>
    <input class="input" id="design-uptime" value="6O" aria-invalid="true" aria-describedby="design-error">
    <span class="error" id="design-error">Enter a whole number.</span>
  </div>
  <div class="field">
    <label for="design-token">Token</label>
    <input class="input" id="design-token" value="slv_…9f2c" disabled>
  </div>
</div>`;
}

function badges(): Html {
  const states = [
    html`<span class="state ok">steady</span>`,
    html`<span class="state">open</span>`,
    html`<span class="state warn">slow</span>`,
    html`<span class="state danger">failing</span>`,
  ];
  return html`<p class="badges">
  <span class="badge">Windows 11</span>
  <span class="badge info">new</span>
  <span class="badge danger">startup</span>
  <span class="badge warn">some at startup</span>
  <span class="badge provisional">provisional</span>
  <span class="badge ok">fixed in 4.2.1</span>
  ${lockBadge('protected')}
</p>
<p class="statusline">${states}</p>`;
}

function notices(): Html {
  const hidden = html`<strong>One field was left out:</strong> <code>url</code> is protected.`;
  const missing = html`<strong>wick_overlay.pdb has no symbols.</strong> 2 frames have no names.`;
  const damaged = html`<strong>The dump is not a minidump.</strong> 5 attempts.`;
  const queued = html`<strong>Queued.</strong> The report will be processed again.`;
  const seen = html`<strong>You see protected data.</strong> Opening this report was recorded.`;
  return html`${notice('info', hidden, { slug: 'field_not_permitted' })}
${notice('warn', missing, { actions: html`<a class="btn" href="#notices">Module</a>` })}
${notice('danger', damaged, { slug: 'dump_bad_signature' })}
${notice('ok', queued)}
${notice('secret', seen)}`;
}

const longName = [
  'std::_Hash<std::_Umap_traits<lantern::GlyphKey, lantern::GlyphEntry, ',
  'std::_Uhash_compare<lantern::GlyphKey, std::hash<lantern::GlyphKey>>, ',
  'std::allocator<std::pair<lantern::GlyphKey const, lantern::GlyphEntry>>, 0>>::find',
].join('');

function names(): Html {
  return html`<p class="reason">
  <span>SIGSEGV / SEGV_MAPERR</span>
  <span class="id">at 0x0000000000000018</span>
  <span class="why">Write through a null pointer, offset 0x18</span>
</p>
<p class="signature">${breakable('lantern::tank::Level::lower')}</p>
<p class="signature long">${breakable(longName)}</p>
<div class="sigline narrow"><span class="sig">${middle(longName)}</span></div>`;
}

const frame = (number: number, part: Partial<FrameView>): FrameView => ({
  id: `design-f${number}${part.is_inline ? '-a' : ''}`,
  frame: number,
  is_inline: false,
  text: 'RtlUserThreadStart',
  has_function: true,
  module: 'ntdll.dll',
  module_id: null,
  file: null,
  line: null,
  source_url: null,
  trust: 'cfi',
  owner: 'system',
  is_crash: false,
  gave_signature: false,
  ...part,
});
const ours = { module: 'tank.dll', owner: 'ours' } as const;
const lost = { module: 'wick_overlay.dll', owner: 'no_symbols', has_function: false } as const;

const sampleThread: ThreadView = {
  index: 0,
  thread_id: 4100,
  name: 'ui main',
  is_crashing: true,
  last_error_value: null,
  frame_count: 5,
  frames_left_out: 0,
  frames: [
    frame(0, {
      ...ours,
      is_inline: true,
      text: 'lantern::tank::Level::unlink(lantern::tank::Cell*)',
      file: 'native/tank/level.h',
      line: 88,
      trust: 'inlined',
    }),
    frame(0, {
      ...ours,
      is_crash: true,
      gave_signature: true,
      text: 'lantern::tank::Level::lower(unsigned long long)',
      file: 'native/tank/level.cc',
      line: 412,
      trust: 'context',
    }),
    frame(1, { ...ours, text: 'lantern::base::TaskQueue::drain()', file: 'native/base/task_queue.cc', line: 231 }),
    frame(2, { ...lost, text: 'wick_overlay.dll + 0x1d3a0' }),
    frame(3, { ...lost, text: 'wick_overlay.dll + 0x9c14', trust: 'scan' }),
    frame(4, {}),
  ],
};

function table(): Html {
  const heads = [
    columnHead('#', 'num'),
    columnHead('Signature', 'grow'),
    html`<th role="columnheader" scope="col" class="num" aria-sort="descending"><a href="#table">Share</a></th>`,
    columnHead(platformLegend, 'mid-wide'),
    columnHead('7 days', 'num mid-wide'),
  ];
  const rows = [
    tableRow(1, longName, 1203, [0.7, 0.2, 0.1]),
    tableRow(2, 'lantern::tank::Level::lower', 498, [0.5, 0.3, 0.2], true),
    tableRow(3, 'OOM | large | lantern::tank::Pump::grow', 104, [1, 0, 0]),
  ];
  return dataTable('Example of a table', heads, rows, { look: 'stack' });
}

function tableRow(
  rank: number,
  name: string,
  clients: number,
  [windows, mac, linux]: readonly [number, number, number],
  isChosen = false,
): Html {
  const platforms = bar([
    { share: windows, ink: '' },
    { share: mac, ink: 'd2' },
    { share: linux, ink: 'd3' },
  ]);
  const buckets = [1, 3, 2, 4, 4, 5, 3, 6, 7, 6, 8, 9, 8, 10];
  return html`<tr role="row"${isChosen ? html` aria-selected="true"` : ''}>
  ${numberCell(rank, '', 'lead-cell')}
  ${rowHead(html`<div class="sigline">${signatureLink('#table', name)}</div>`, 'grow')}
  ${numberCell(barCell(clients, 1203), 'Share')}
  ${cell(html`<span class="plat">${platforms}<span class="soft">Win ${Math.round(windows * 100)}</span></span>`, 'mid-wide')}
  ${cell(spark(buckets, 'Crashes in 14 equal parts of the period'), 'mid-wide')}
</tr>`;
}

const sampleSeries: readonly Series[] = [
  { name: '4.2.0', values: [2, 4, 3, 6, 9, 8, 12] },
  { name: '4.1.9', values: [5, 4, 4, 3, 2, 1, 1] },
  { name: 'other', values: [1, 1, 0, 1, 0, 0, 1], is_rest: true },
];

function charts(): Html {
  const days = sampleSeries[0]?.values.map((_, day) => new Date(Date.UTC(2026, 10, 13 + day))) ?? [];
  const byVersion = dayChart(days, sampleSeries, 'Example: crashes per day by version, at most 14 a day');
  const small = smallChart(days, [1, 2, 2, 3, 5, 4, 6], 'Example: crashes per day, at most 6');
  return html`${legend(sampleSeries)}
${byVersion}
<div class="facet-demo">${small}</div>`;
}

function query(): Html {
  return html`<div class="query">
  <label class="vh" for="design-query">Example of a query</label>
  <input class="input" id="design-query" value="product:Lantern !platform:Linux uptime&lt;60">
  <button class="btn primary" type="button">Search</button>
</div>
<div class="chips below">
  <span class="chip">
    <span class="key">product</span>
    <span class="op">is</span>
    <span class="val">Lantern</span>
    <a class="x" href="#query-and-chips" aria-label="Remove product">×</a>
  </span>
  <span class="chip not">
    <span class="key">platform</span>
    <span class="op">is not</span>
    <span class="val">Linux</span>
    <a class="x" href="#query-and-chips" aria-label="Remove platform">×</a>
  </span>
</div>`;
}

function steps(): Html {
  const step = (kind: string, number: string, name: string, words: string) => {
    const what = html`<span class="what sig">${breakable(name)}</span><span class="rule">${words}</span>`;
    return html`<li class="${kind}"><span class="n">${number}</span><span>${what}</span></li>`;
  };
  const skipped = 'on the irrelevant list: skipped · irrelevant_signature_re.txt:77';
  return html`<ol class="steps">
  ${step('skip-step', '0 inl', 'lantern::tank::Level::unlink', skipped)}
  ${step('take', '0', 'lantern::tank::Level::lower', 'no list names it: taken, and the end')}
  ${step('', '1', 'lantern::tank::Pump::commit', 'not read: the frame above was the end')}
</ol>`;
}

function facts(): Html {
  return html`<dl class="kv cols facts">
  <div><dt>Product</dt><dd>Lantern 4.2.0 <span class="faint">stable</span></dd></div>
  <div><dt>Uptime</dt><dd>6 min 12 s</dd></div>
  <div><dt>Comment</dt><dd><span class="faint">withheld: wrong type</span></dd></div>
</dl>`;
}

function empty(): Html {
  return html`<div class="empty">
  <h3 class="strong">No report matches</h3>
  <p>Searched the last 7 days. Without <code>uptime&lt;5</code> there are 608.</p>
  <div class="actions"><a class="btn" href="#empty">Drop uptime</a></div>
</div>`;
}

function pager(): Html {
  return html`<nav class="pager" aria-label="Example of pages">
  <span>51–100 of 1,287</span>
  <span class="end segments">
    <a href="#pages-of-a-list">1</a>
    <a href="#pages-of-a-list" aria-current="page">2</a>
    <a href="#pages-of-a-list">3</a>
    <span class="faint">…</span>
    <a href="#pages-of-a-list">26</a>
    <a href="#pages-of-a-list">Next</a>
  </span>
</nav>`;
}
