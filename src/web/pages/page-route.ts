// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PageContext } from '../page.ts';
import type { WebParts } from '../web-parts.ts';

/** One page: where it lives, who may open it, and what it answers. */
export interface PageRoute {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  /** Pages that a person must reach before signing in. */
  readonly isOpen?: boolean;
  handle(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
}

export type AddPage = (route: PageRoute) => void;

/** The pages of one file. */
export type AddPages = (add: AddPage, parts: WebParts) => void;
