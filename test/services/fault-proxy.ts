// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A TCP proxy that does to a connection what networks and sick servers do.
import { connect, createServer, type Socket } from 'node:net';

/** `reset`: cut after some bytes of the client. `hang`: take everything and say nothing. `503`: S3's SlowDown. */
export type Fault = 'none' | 'latency' | 'reset' | 'hang' | 'refuse' | '503';

const slowDown = '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>';

export class FaultProxy {
  /** Applies to connections and to bytes from now on. */
  fault: Fault = 'none';
  latencyMs = 100;
  /** Bytes of a client after which `reset` cuts. */
  resetAfterBytes = 2_000;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server = createServer((client) => this.#serve(client));
  readonly #sockets = new Set<Socket>();

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Cuts every open connection. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket): void {
    this.#keep(client);
    if (this.fault === 'refuse') return void client.resetAndDestroy();
    const server = connect(this.#target);
    this.#keep(server);
    let receivedBytes = 0;
    client.on('data', (bytes) => {
      receivedBytes += bytes.length;
      if (this.fault === 'hang') return;
      if (this.fault === '503') {
        const headers = `HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: ${slowDown.length}\r\nConnection: close`;
        client.end(`${headers}\r\n\r\n${slowDown}`);
        return void server.destroy();
      }
      if (this.fault === 'reset' && receivedBytes > this.resetAfterBytes) {
        client.resetAndDestroy();
        return void server.destroy();
      }
      this.#pass(bytes, server);
    });
    server.on('data', (bytes) => {
      if (this.fault !== 'hang') this.#pass(bytes, client);
    });
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }

  #pass(bytes: Buffer, to: Socket): void {
    if (this.fault !== 'latency') return void to.write(bytes);
    setTimeout(() => void to.write(bytes), this.latencyMs);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
