// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { collectorLimits } from './limits.ts';

/** The requests of one connection: one at a time, so that pipelining cannot multiply what a connection costs. */
interface Lane {
  active: { readonly request: IncomingMessage; readonly response: ServerResponse } | null;
  readonly waiting: (() => void)[];
  /** Nothing more is taken from this connection. */
  isClosing: boolean;
}

export class Lanes {
  readonly #lanes = new WeakMap<Duplex, Lane>();

  /** Runs `handle` when it is this request's turn; never, when the connection ends before. */
  enter(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    const lane = this.#laneOf(request.socket);
    const run = () => {
      lane.active = { request, response };
      response.once('close', () => this.#leave(lane, request));
      handle();
    };
    if (lane.isClosing || lane.waiting.length >= collectorLimits.pipelinedMax.value) request.socket.destroy();
    else if (lane.active) lane.waiting.push(run);
    else run();
  }

  /** No further request of this connection is handled; it ends with the answer that is on its way. */
  closeAfter(request: IncomingMessage): void {
    this.#laneOf(request.socket).isClosing = true;
  }

  /** What is being answered on this connection. */
  activeOn(socket: Duplex): Lane['active'] {
    return this.#lanes.get(socket)?.active ?? null;
  }

  #leave(lane: Lane, request: IncomingMessage): void {
    lane.active = null;
    if (request.socket.destroyed) lane.waiting.length = 0;
    else if (lane.isClosing) {
      lane.waiting.length = 0;
      request.socket.destroySoon();
    } else lane.waiting.shift()?.();
  }

  #laneOf(socket: Duplex): Lane {
    let lane = this.#lanes.get(socket);
    if (!lane) {
      lane = { active: null, waiting: [], isClosing: false };
      this.#lanes.set(socket, lane);
    }
    return lane;
  }
}
