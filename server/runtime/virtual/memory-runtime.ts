import type { Disk, PlugInHost, Runtime } from '../runtime.ts';
import { SeededRandom } from '../seeded-random.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryHttp } from './memory-http.ts';
import { type MemoryHost, MemoryNetwork } from './memory-network.ts';
import { VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface MemoryMachineOptions {
  network: MemoryNetwork;
  /** The host name that others dial. */
  name: string;
  random: SeededRandom;
  clock?: VirtualClockOptions;
  heapBytesMax?: number;
  /** Wraps a process's disk, for example in one that lies about syncs. */
  wrapDisk?: (disk: Disk, clock: VirtualClock) => Disk;
  /** Gives each process what stands for its plug-ins. */
  plugIns?: (clock: VirtualClock) => PlugInHost;
}

/** The default of Node.js on a machine of 16 GiB. */
const HEAP_BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** The Runtime of a process in virtual time, whose parts are in memory. */
export interface MemoryRuntime extends Runtime {
  readonly clock: VirtualClock;
  readonly network: MemoryHost;
  readonly random: SeededRandom;
  readonly http: MemoryHttp;
}

/**
 * How a process ends. `kill`: the kernel keeps the page cache and resets the connections. `power`: unsynced
 * data is lost, and connections stay half open.
 */
export type Crash = 'kill' | 'power';

/**
 * One machine of a simulated world: a name and a disk that persist, and at most one process at a time. Each
 * boot gives that process a new Runtime; a crash removes its timers, connections and listeners.
 */
export class MemoryMachine {
  readonly name: string;
  readonly disk: MemoryDisk;
  readonly #options: MemoryMachineOptions;
  #process: MemoryRuntime | undefined;
  #boots = 0;

  constructor(options: MemoryMachineOptions) {
    this.#options = options;
    this.name = options.name;
    this.disk = new MemoryDisk({
      schedule: (delayMs, run) => void this.#process?.clock.after(delayMs, run),
      random: options.random.fork(`${options.name}/disk`),
      wallMs: () => this.#process?.clock.wallMs() ?? 0,
    });
  }

  /** The Runtime of the running process; undefined when there is none. */
  get runtime(): MemoryRuntime | undefined {
    return this.#process;
  }

  get boots(): number {
    return this.#boots;
  }

  /** Starts a process. The one before must be gone. */
  boot(clockOptions: VirtualClockOptions = {}): MemoryRuntime {
    const { network, random, clock: clockDefaults, wrapDisk, plugIns } = this.#options;
    if (this.#process !== undefined) throw new Error(`${this.name} is running already`);
    this.#boots++;
    const clock = new VirtualClock(network.time, { ...clockDefaults, ...clockOptions });
    const host = network.host(this.name, clock);
    const secrets = random.fork(`${this.name}/secrets ${this.#boots}`);
    this.#process = {
      clock,
      network: host,
      disk: wrapDisk === undefined ? this.disk : wrapDisk(this.disk, clock),
      random: random.fork(`${this.name}/boot ${this.#boots}`),
      secret: bytes => Buffer.from(Array.from({ length: bytes }, () => secrets.below(256))),
      http: new MemoryHttp(clock),
      plugIns: plugIns?.(clock) ?? noPlugIns(clock),
      heapBytesMax: this.#options.heapBytesMax ?? HEAP_BYTES_MAX,
      environment: () => new Map([['host.name', this.name]]),
      descriptors: () => ({ open: host.connectionCount, max: Number.MAX_SAFE_INTEGER }),
    };
    return this.#process;
  }

  crash(how: Crash): void {
    const runtime = this.#process;
    if (runtime !== undefined) {
      this.#process = undefined;
      runtime.clock.kill();
      if (how === 'power') runtime.network.powerOff();
      else runtime.network.kill();
    }
    if (how === 'power') this.disk.crash();
  }
}

/** Every plug-in ends as soon as it is started. */
function noPlugIns(clock: VirtualClock): PlugInHost {
  return {
    start: events => {
      clock.inNextTurn(() => events.onEnd('there are no plug-ins in virtual time'));
      return { send: () => {}, kill: () => {} };
    },
  };
}

/** The Runtime of a unit test that needs one member and no world: 'localhost', a disk, a clock to advance. */
export function memoryRuntime(time: VirtualTime, seed: number | string = 0): MemoryRuntime {
  const random = new SeededRandom(seed);
  const network = new MemoryNetwork(time, { random: random.fork('network') });
  return new MemoryMachine({ network, name: 'localhost', random }).boot();
}
