import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { execaNode, type ResultPromise } from 'execa';
import type { LoadTarget } from '../load/load-spec.ts';
import type { NeighbourName } from './neighbours.ts';

export type ToNeighbour =
  | { readonly kind: 'start'; readonly neighbour: NeighbourName; readonly target: LoadTarget }
  | { readonly kind: 'stop' };
export interface FromNeighbour {
  readonly kind: 'ready' | 'started' | 'stopped';
  /** How many requests the server served for the neighbour that was stopped. */
  readonly did: number;
}

const MAIN = fileURLToPath(new URL('./neighbour-main.js', import.meta.url));

/** One process for all neighbours of a run, which run one at a time. */
export class NeighbourProcess {
  readonly #child: ResultPromise<{ ipc: true; serialization: 'json'; cleanup: true; reject: false }>;

  private constructor() {
    this.#child = execaNode(MAIN, { ipc: true, serialization: 'json', cleanup: true, reject: false });
  }

  /** @throws Error when the process ends first */
  static async start(): Promise<NeighbourProcess> {
    const started = new NeighbourProcess();
    await started.#heard('ready');
    return started;
  }

  async begin(neighbour: NeighbourName, target: LoadTarget): Promise<void> {
    await this.#tell({ kind: 'start', neighbour, target }, 'started');
  }

  /** Returns how many requests the server served for it. */
  async stop(): Promise<number> {
    return (await this.#tell({ kind: 'stop' }, 'stopped')).did;
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#child;
  }

  async #tell(message: ToNeighbour, answer: FromNeighbour['kind']): Promise<FromNeighbour> {
    const heard = this.#heard(answer);
    this.#child.send(message as never);
    return heard;
  }

  async #heard(kind: FromNeighbour['kind']): Promise<FromNeighbour> {
    const ended = this.#child.then(({ shortMessage, stderr }) => {
      throw new Error(`the neighbour's process ended: ${stderr || shortMessage || 'it exited'}`);
    });
    const [message] = (await Promise.race([once(this.#child, 'message'), ended])) as [FromNeighbour];
    if (message.kind !== kind)
      throw new Error(`the neighbour's process sent ${message.kind} where ${kind} was expected`);
    return message;
  }
}
