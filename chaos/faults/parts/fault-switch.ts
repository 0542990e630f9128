/** The lab's side of `--inject-faults`: asks a running server to break its own disk or clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../../bench/hosts/host.ts';
import type { FaultReport, InjectedFaults } from '../../../server/runtime/faulty/injected-faults.ts';

type Undo = () => Promise<void>;

/** One layer of misbehaviour that a server should show. Several faults may be on one member. */
export type FaultLayer = { readonly [Part in keyof InjectedFaults]?: InjectedFaults[Part] };

/** What a fault uses of it. */
export interface ServerFaults {
  /** Settles when the server has it, or at once when it does not run: then it starts with it. */
  apply(layer: FaultLayer): Promise<Undo>;
  /** A new report of the running server; undefined when it does not run. */
  report(): Promise<FaultReport | undefined>;
}

/** A server that starts on a busy machine takes a while. */
const TAKEN_MAX_MS = 15_000;
const POLL_MS = 10;

export class FaultSwitch implements ServerFaults {
  readonly #host: Pick<Host, 'writeFile' | 'readFile'>;
  readonly #file: string;
  readonly #isRunning: () => boolean;
  readonly #takenMaxMs: number;
  #layers: readonly FaultLayer[] = [];
  #writes = 0;
  /** Two writes at a time would share a temporary file. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    host: Pick<Host, 'writeFile' | 'readFile'>,
    file: string,
    isRunning: () => boolean,
    takenMaxMs = TAKEN_MAX_MS,
  ) {
    this.#host = host;
    this.#file = file;
    this.#isRunning = isRunning;
    this.#takenMaxMs = takenMaxMs;
  }

  async apply(layer: FaultLayer): Promise<Undo> {
    this.#layers = [...this.#layers, layer];
    const undo = async () => {
      this.#layers = this.#layers.filter(each => each !== layer);
      await this.report();
    };
    try {
      await this.report();
      return undo;
    } catch (error) {
      await undo().catch(() => {});
      throw error;
    }
  }

  report(): Promise<FaultReport | undefined> {
    const next = this.#last.then(() => this.#ask());
    this.#last = next.catch(() => {});
    return next;
  }

  async #ask(): Promise<FaultReport | undefined> {
    const id = String(++this.#writes);
    await this.#host.writeFile(this.#file, switchText(id, this.#layers));
    const giveUpAt = performance.now() + this.#takenMaxMs;
    while (this.#isRunning()) {
      const report = await this.#read();
      if (report?.id === id) return report;
      if (performance.now() > giveUpAt)
        throw new Error(`${this.#file}: the server has not taken it within ${this.#takenMaxMs} ms`);
      await sleep(POLL_MS);
    }
    return undefined;
  }

  /** Undefined before the server has written one. */
  async #read(): Promise<FaultReport | undefined> {
    try {
      return JSON.parse(await this.#host.readFile(`${this.#file}.report`)) as FaultReport;
    } catch {
      return undefined;
    }
  }
}

/** If two layers set the same thing, the later one counts. */
export function switchText(id: string, layers: readonly FaultLayer[]): string {
  const disk = Object.assign({}, ...layers.map(layer => layer.disk));
  const clock = Object.assign({}, ...layers.map(layer => layer.clock));
  return `${JSON.stringify({ id, disk, clock })}\n`;
}
