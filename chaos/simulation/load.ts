import type { Clock } from '../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { Request, SimClient } from './sim-client.ts';

export interface LoadOptions {
  client: SimClient;
  clock: Clock;
  random: SeededRandom;
  paths: readonly string[];
  pipelineDepth: number;
  thinkMs: readonly [low: number, high: number];
  readShare: number;
  /** In front of every value this client writes: values are unique. */
  signature: string;
}

/** Keeps one client busy: thinks, then sends, whatever became of the requests before. */
export class Load {
  readonly #options: LoadOptions;
  #writes = 0;
  #stopped = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#think();
  }

  stop(): void {
    this.#stopped = true;
  }

  #think(): void {
    const { clock, random, thinkMs } = this.#options;
    // Never 0: an eager client must not hold time still.
    clock.after(Math.max(0.1, random.between(...thinkMs)), () => this.#act());
  }

  #act(): void {
    if (this.#stopped) return;
    const { client, pipelineDepth } = this.#options;
    if (client.ready && client.pending < pipelineDepth) client.send(this.#drawRequest());
    this.#think();
  }

  #drawRequest(): Request {
    const { random, paths, readShare, signature } = this.#options;
    const path = random.pick(paths);
    if (random.chance(readShare)) return { f: 'getData', path };
    const value = `${signature}-${this.#writes++}`;
    // Mostly NODEEXISTS, which is the point: a failed write must leave no trace.
    return { f: random.chance(CREATE_SHARE) ? 'create' : 'setData', path, value };
  }
}

const CREATE_SHARE = 0.1;
