/**
 * Makes the members of a network reachable for the lab, at the addresses that they have inside. Clients of
 * the lab, its probes and people use those; what goes through the relay crosses the link of the member too.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { execa, type ResultPromise } from 'execa';
import type { Address } from '../ports.ts';
import { inSpace } from './network-commands.ts';

const MAIN = fileURLToPath(new URL('./relay-main.js', import.meta.url));

type Child = ResultPromise<{ ipc: true; serialization: 'json'; cleanup: true; reject: false }>;

export class Relay {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** @param space where the members can be reached. @throws Error naming an address that is taken */
  static async start(space: string, addresses: readonly Address[]): Promise<Relay> {
    const [file = '', ...args] = [...inSpace(space), process.execPath, MAIN];
    const child = execa(file, args, { ipc: true, serialization: 'json', cleanup: true, reject: false });
    const relay = new Relay(child);
    try {
      for (const address of addresses) await relay.#handOver(address);
      return relay;
    } catch (error) {
      await relay.stop();
      throw error;
    }
  }

  async #handOver({ host, port }: Address): Promise<void> {
    const server = createServer();
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    try {
      const taken = Promise.race([once(this.#child, 'message'), this.#ended()]);
      (this.#child.send as SendListener).call(this.#child, { host, port }, server);
      await taken;
    } finally {
      server.close();
    }
  }

  async #ended(): Promise<never> {
    const { stderr, shortMessage } = await this.#child;
    throw new Error(`the relay of a network ended: ${stderr || shortMessage || 'it exited'}`);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child;
  }
}

type SendListener = (message: object, listener: Server) => boolean;
