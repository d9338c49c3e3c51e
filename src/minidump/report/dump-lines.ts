// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { analyseCrash } from '../crash/crash-analysis.ts';
import { assertionText, crashingThreadIndex } from '../crash/crash-reason.ts';
import type { Minidump, Thread } from '../model.ts';
import { hexOfBytes } from '../text.ts';
import { addressText, registersOf } from './dump-document.ts';

/**
 * What a dump holds, as lines for a terminal: streams, system, crash, threads with registers, modules, annotations,
 * memory, warnings. Names from the dump stand in the lines as they are: the caller makes them printable.
 */
export function dumpLines(dump: Minidump): string[] {
  return [
    ...section('Header', headerLines(dump)),
    ...section('Streams', streamLines(dump)),
    ...section('Crash', crashLines(dump)),
    ...section(`Threads: ${dump.threads.length}`, threadLines(dump)),
    ...section(`Modules: ${dump.modules.length}`, moduleLines(dump)),
    ...section(`Unloaded modules: ${dump.unloadedModules.length}`, unloadedModuleLines(dump)),
    ...section('Annotations', annotationLines(dump)),
    ...section('System', systemLines(dump)),
    ...section(`Memory: ${dump.memory.regions.length} regions`, memoryLines(dump)),
    ...section(
      'Warnings',
      dump.warnings.map(({ stream, message }) => `${stream}: ${message}`),
    ),
  ];
}

/** A section without lines is left out. */
function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];
}

function present(...rows: readonly (readonly [label: string, value: string | number | null | undefined])[]): string[] {
  return rows.flatMap(([label, value]) => (value === null || value === undefined ? [] : [`${label}: ${value}`]));
}

function headerLines(dump: Minidump): string[] {
  const { header, systemInfo, misc } = dump;
  return present(
    ['Written', header.timeS === 0 ? null : new Date(header.timeS * 1000).toISOString().replace('.000Z', 'Z')],
    ['Operating system', [systemInfo.os, systemInfo.osVersion, systemInfo.osBuild].filter(Boolean).join(' ')],
    ['Processor', [systemInfo.cpu, systemInfo.cpuInfo].filter(Boolean).join(', ')],
    ['Processors', systemInfo.cpuCount],
    ['Byte order', header.isBigEndian ? 'big-endian' : null],
    ['Process id', dump.processId],
    ['Process uptime', dump.processUptimeS === null ? null : `${dump.processUptimeS} s`],
    ['Build', misc?.buildString],
    ['Comment', dump.comment],
  );
}

function streamLines(dump: Minidump): string[] {
  return dump.streams.map(
    (stream) =>
      `${stream.name.padEnd(20)} ${String(stream.sizeBytes).padStart(10)} bytes at ${stream.offset}${stream.isUsed ? '' : ' (not used)'}`,
  );
}

function crashLines(dump: Minidump): string[] {
  const analysis = analyseCrash(dump);
  if (!analysis || !dump.exception) return ['no crash'];
  const index = crashingThreadIndex(dump);
  return present(
    ['Reason', analysis.reason],
    ['Address', addressText(dump)(analysis.address)],
    ['Thread', index === null ? `id ${dump.exception.threadId}, not in the dump` : `#${index}`],
    ['Instruction', analysis.instruction],
    ['Assertion', assertionText(dump)],
  );
}

function threadLines(dump: Minidump): string[] {
  const crashing = crashingThreadIndex(dump);
  return dump.threads.flatMap((thread) => [
    `#${thread.index} id ${thread.id}${thread.name === null ? '' : ` "${thread.name}"`}${thread.index === crashing ? ' (crashed)' : ''}, ${stackText(dump, thread)}`,
    ...registerLines(dump, thread, thread.index === crashing),
  ]);
}

function stackText(dump: Minidump, thread: Thread): string {
  const size = thread.stack ? `${thread.stack.sizeBytes} bytes` : 'not in the dump';
  return `stack at ${addressText(dump)(thread.stackStart)}, ${size}`;
}

const registersPerLine = 4;

/** The crashing thread's own context is that of its signal handler; the exception has the one of the crash. */
function registerLines(dump: Minidump, thread: Thread, isCrashing: boolean): string[] {
  const context = (isCrashing ? dump.exception?.context : null) ?? thread.context;
  if (!context) return ['  registers cannot be read'];
  const texts = registersOf(context).map(([name, value]) => `${name.padStart(4)} ${value}`);
  return Array.from(
    { length: Math.ceil(texts.length / registersPerLine) },
    (_, row) => `  ${texts.slice(row * registersPerLine, (row + 1) * registersPerLine).join('  ')}`,
  );
}

function moduleLines(dump: Minidump): string[] {
  const address = addressText(dump);
  return dump.modules.map((module) =>
    [
      `${address(module.base)} - ${address(module.end)}`,
      module.codeFile || '(no name)',
      ...present(
        ['version', module.version],
        ['code id', module.codeId],
        [
          'debug',
          [module.debugFile === module.codeFile ? null : module.debugFile, module.debugId].filter(Boolean).join(' ') ||
            null,
        ],
      ),
    ].join('  '),
  );
}

function unloadedModuleLines(dump: Minidump): string[] {
  const address = addressText(dump);
  return dump.unloadedModules.map(
    (module) => `${address(module.base)} - ${address(module.end)}  ${module.codeFile || '(no name)'}`,
  );
}

function annotationLines({ crashpad, modules }: Minidump): string[] {
  if (!crashpad) return [];
  const pairs = (map: ReadonlyMap<string, string>) => [...map].map(([key, value]) => `${key} = ${value}`);
  return [
    ...present(['Report id', crashpad.reportId], ['Client id', crashpad.clientId]),
    ...pairs(crashpad.simpleAnnotations),
    ...crashpad.modules.flatMap((module) => {
      const lines = [
        ...module.listAnnotations,
        ...pairs(module.simpleAnnotations),
        ...[...module.annotationObjects].map(
          ([name, { value, bytes }]) =>
            `${name} = ${value ?? `(${bytes.length} bytes) ${hexOfBytes(bytes.subarray(0, 32))}`}`,
        ),
      ];
      const title = modules[module.moduleIndex]?.codeFile ?? `module ${module.moduleIndex}`;
      return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
    }),
  ];
}

function systemLines(dump: Minidump): string[] {
  const { linux, lsbRelease, macBootArgs } = dump;
  return [
    ...present(
      ['Distribution', lsbRelease && (lsbRelease.description || lsbRelease.id)],
      ['Command line', linux.commandLine?.join(' ')],
      ['Boot arguments', macBootArgs],
      ['Handles', dump.handles?.length],
    ),
    ...(dump.procLimits ?? []).map(({ name, soft, hard, unit }) => `${name}: ${soft} of ${hard} ${unit}`),
    ...(dump.macCrashInfo ?? []).flatMap(({ module, message }) => present([module ?? 'crash info', message ?? ''])),
  ];
}

function memoryLines(dump: Minidump): string[] {
  const address = addressText(dump);
  return dump.memory.regions.map((region) => `${address(region.base)}  ${region.sizeBytes} bytes`);
}
