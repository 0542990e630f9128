import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { execaNode, type ResultPromise } from 'execa';
import { closeChild } from '../hosts/close-child.ts';
import { LoadError } from '../load/load-error.ts';
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

/** A process that has not answered within this time stands still. */
const ANSWER_MAX_MS = 30_000;
const MAIN = fileURLToPath(new URL('./neighbour-main.js', import.meta.url));

type Child = ResultPromise<{ ipc: true; serialization: 'json'; cleanup: true; reject: false }>;

/**
 * One process for all neighbours of a run, which run one at a time. It starts with the first of them. If it
 * ends, what ran beside it is lost, and the next neighbour gets a new process.
 */
export class NeighbourProcess {
  #child: Child | undefined;

  /** @throws LoadError when the process ends first */
  async begin(neighbour: NeighbourName, target: LoadTarget): Promise<void> {
    if (this.#child === undefined) {
      this.#child = execaNode(MAIN, { ipc: true, serialization: 'json', cleanup: true, reject: false });
      await this.#heard('ready', this.#child);
    }
    await this.#tell({ kind: 'start', neighbour, target }, 'started');
  }

  /** Returns how many requests the server served for it. @throws LoadError when the process has ended */
  async stop(): Promise<number> {
    return (await this.#tell({ kind: 'stop' }, 'stopped')).did;
  }

  async close(): Promise<void> {
    if (this.#child !== undefined) await closeChild(this.#child);
  }

  async #tell(message: ToNeighbour, answer: FromNeighbour['kind']): Promise<FromNeighbour> {
    const child = this.#child;
    if (child === undefined) throw new LoadError("the neighbour's process has ended");
    const heard = this.#heard(answer, child);
    if (child.connected) child.send(message as never, () => {});
    return heard;
  }

  async #heard(kind: FromNeighbour['kind'], child: Child): Promise<FromNeighbour> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new LoadError(`the neighbour's process did not answer within ${ANSWER_MAX_MS} ms`));
        child.kill('SIGKILL');
      }, ANSWER_MAX_MS);
    });
    const ended = child.then(({ shortMessage, stderr }) => {
      throw new LoadError(`the neighbour's process ended: ${stderr || shortMessage || 'it exited'}`);
    });
    try {
      const [message] = (await Promise.race([once(child, 'message'), ended, late])) as [FromNeighbour];
      if (message.kind !== kind)
        throw new LoadError(`the neighbour's process sent ${message.kind} where ${kind} was expected`);
      return message;
    } catch (error) {
      this.#child = undefined;
      throw error;
    } finally {
      clearTimeout(timer);
      ended.catch(() => {});
    }
  }
}
