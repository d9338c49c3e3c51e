// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ClientKind } from './client-kinds.ts';

/** One kind of crash of the demo: who sends it, how often, and what people say about it. */
export interface DemoScene {
  /** File in demo/dumps, without `.dmp.gz`; null: the client sends no dump. */
  readonly dump: string | null;
  /** `real`: the dump of a program that crashed; `synthetic`: one that was written field by field. */
  readonly origin: 'real' | 'synthetic';
  readonly as: ClientKind;
  readonly count: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Told in turn, one to every third report. */
  readonly comments?: readonly string[];
  /** Seconds between start and crash, shortest and longest. */
  readonly uptimeS: readonly [shortest: number, longest: number];
}

const lantern = (version: string, channel = 'release', buildId = '20260914091500') => ({
  ProductName: 'Lantern',
  Version: version,
  BuildID: buildId,
  ReleaseChannel: channel,
});
const oldLantern = lantern('2.3.1', 'release', '20260602113000');
const newLantern = lantern('2.4.0');
const tidepool = (version: string) => ({
  ...{ ProductName: 'Tidepool', Version: version, ReleaseChannel: 'beta' },
  ...{ TotalPhysicalMemory: '17101250560', ProcessType: 'parent' },
});
const kestrel = { prod: 'Kestrel', ver: '1.8.2', channel: 'release', ptype: 'main' };
const marginalia = {
  ...{ _productName: 'Marginalia', _version: '3.1.0', _channel: 'release' },
  ...{ platform: 'win32', process_type: 'renderer', osarch: 'amd64' },
};

const javaFrames = [
  { module: 'org.example.lantern.sync.AlbumSync', function: 'merge', file: 'AlbumSync.kt', lineno: 88 },
  { module: 'org.example.lantern.sync.AlbumSync', function: 'run', file: 'AlbumSync.kt', lineno: 41 },
  { module: 'java.util.concurrent.ThreadPoolExecutor', function: 'runWorker', file: '', lineno: 1145 },
  { module: 'java.lang.Thread', function: 'run', file: '', lineno: 1012 },
];
const javaException = {
  exception: {
    values: [
      {
        ...{ type: 'IllegalStateException', module: 'java.lang', value: 'album is closed' },
        stacktrace: { frames: javaFrames.map((frame) => ({ ...frame, in_app: frame.module.startsWith('org') })) },
      },
    ],
  },
};
const javaTrace = [
  'java.lang.IllegalStateException: album is closed',
  ...javaFrames.map((at) => `\tat ${at.module}.${at.function}(${at.file || 'Unknown Source'}:${at.lineno})`),
].join('\n');

const deletedLayer = ['I deleted the last layer and it was gone', 'crashed when I closed the layers panel'];

/** In no order; the demo mixes them. The first is what `--one` sends. */
export const demoScenes: readonly DemoScene[] = [
  {
    ...{ dump: 'lantern-2.4.0-paint', origin: 'real', as: 'breakpad-linux', count: 7, uptimeS: [40, 5400] },
    annotations: newLantern,
    comments: deletedLayer,
  },
  {
    ...{ dump: 'lantern-2.3.1-paint', origin: 'real', as: 'breakpad-linux', count: 3, uptimeS: [300, 9000] },
    annotations: oldLantern,
  },
  {
    ...{ dump: 'lantern-mac-2.4.0-paint', origin: 'synthetic', as: 'breakpad-mac', count: 4, uptimeS: [60, 7200] },
    annotations: newLantern,
    comments: ['happens every time I undo past the first layer'],
  },
  {
    ...{ dump: 'tidepool-0.9.2-upload', origin: 'synthetic', as: 'crashpad', count: 6, uptimeS: [5, 90] },
    annotations: tidepool('0.9.2'),
    comments: ['black screen, then desktop', 'same after the update'],
  },
  {
    ...{ dump: 'tidepool-0.9.1-upload', origin: 'synthetic', as: 'crashpad', count: 3, uptimeS: [10, 120] },
    annotations: tidepool('0.9.1'),
  },
  {
    ...{ dump: 'kestrel-1.8.2-rename', origin: 'real', as: 'crashpad', count: 5, uptimeS: [3600, 400_000] },
    annotations: { ...kestrel, MozCrashReason: 'called `Option::unwrap()` on a `None` value' },
  },
  {
    ...{ dump: 'tidepool-0.9.2-memory', origin: 'synthetic', as: 'crashpad', count: 4, uptimeS: [1800, 14_400] },
    annotations: { ...tidepool('0.9.2'), OOMAllocationSize: '268435456', AvailablePhysicalMemory: '104857600' },
    comments: ['after two hours in the reef level'],
  },
  {
    ...{ dump: 'marginalia-3.1.0-renderer', origin: 'synthetic', as: 'electron', count: 4, uptimeS: [20, 30_000] },
    annotations: marginalia,
  },
  {
    ...{ dump: null, origin: 'synthetic', as: 'firefox-android', count: 3, uptimeS: [4, 600] },
    annotations: {
      ...{ ProductName: 'LanternMobile', Version: '1.2.0', ReleaseChannel: 'release', ProcessType: 'main' },
      ...{ Android_Model: 'Sample Phone', Android_Version: '34 (REL)', CPUArchitecture: 'arm64', OS: 'Android' },
      ...{ JavaStackTrace: javaTrace, JavaException: JSON.stringify(javaException) },
    },
  },
  {
    ...{ dump: 'tidepool-0.9.2-driver', origin: 'synthetic', as: 'crashpad', count: 3, uptimeS: [2, 60] },
    annotations: tidepool('0.9.2'),
  },
  {
    ...{ dump: 'lantern-2.4.0-brush', origin: 'real', as: 'breakpad-linux', count: 3, uptimeS: [600, 12_000] },
    annotations: newLantern,
    comments: ['painting with the tablet'],
  },
  {
    ...{ dump: 'lantern-2.4.0-undo', origin: 'real', as: 'breakpad-linux', count: 2, uptimeS: [900, 20_000] },
    annotations: newLantern,
  },
  {
    ...{ dump: 'lantern-2.3.1-undo', origin: 'real', as: 'breakpad-linux', count: 2, uptimeS: [900, 20_000] },
    annotations: oldLantern,
  },
  {
    ...{ dump: 'lantern-2.4.0-open', origin: 'real', as: 'breakpad-linux', count: 2, uptimeS: [1, 4] },
    annotations: { ...newLantern, StartupCrash: '1' },
    comments: ['does not open my palette'],
  },
  {
    ...{ dump: 'lantern-mac-2.4.0-open', origin: 'synthetic', as: 'breakpad-mac', count: 1, uptimeS: [2, 2] },
    annotations: { ...newLantern, StartupCrash: '1' },
  },
  {
    ...{ dump: 'lantern-2.4.0-plugin', origin: 'real', as: 'breakpad-linux', count: 2, uptimeS: [30, 900] },
    annotations: { ...newLantern, ProcessType: 'plugin' },
  },
  {
    ...{ dump: 'lantern-2.3.1-export', origin: 'real', as: 'breakpad-linux', count: 2, uptimeS: [200, 800] },
    annotations: oldLantern,
  },
  {
    ...{ dump: 'tidepool-0.9.2-unload', origin: 'synthetic', as: 'crashpad', count: 2, uptimeS: [500, 4000] },
    annotations: tidepool('0.9.2'),
  },
  {
    ...{ dump: 'kestrel-1.8.2-delta', origin: 'real', as: 'crashpad', count: 2, uptimeS: [60, 90_000] },
    annotations: { ...kestrel, MozCrashReason: 'range end index 80 out of range for slice of length 64' },
  },
  {
    ...{ dump: 'kestrel-1.8.2-cache', origin: 'real', as: 'crashpad', count: 1, uptimeS: [700, 700] },
    annotations: kestrel,
  },
  {
    ...{ dump: 'lantern-2.3.1-svg', origin: 'real', as: 'breakpad-linux', count: 1, uptimeS: [33, 33] },
    annotations: oldLantern,
    comments: ['importing a logo'],
  },
];
