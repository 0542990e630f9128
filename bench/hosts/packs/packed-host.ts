/**
 * Runs several of our servers in each process, where hundreds are wanted: a process of its own takes 60 MiB
 * and an event loop, a server in a pack a few MiB. They share the loop, so none of them is killed or paused
 * alone, and no time of theirs is that of a server alone.
 */
import { fileURLToPath } from 'node:url';
import { execa, type ResultPromise } from 'execa';
import { UsageError } from '../../usage-error.ts';
import type { CappedLog } from '../capped-log.ts';
import type { Host, HostProcess, ProcessExit, StartOptions } from '../host.ts';
import type { FromPack, ToPack } from './pack-messages.ts';

const MAIN = fileURLToPath(new URL('./pack-main.js', import.meta.url));
const STOP_GRACE_MS = 5_000;

/** `host`, with up to `size` servers in each process. */
export function packedHost(host: Host, size: number): Host {
  const packs = new Set<Pack>();
  return {
    ...host,
    start(options) {
      // A process holds the directories of every server that it has run.
      const { marker } = options;
      let pack = [...packs].find(each => each.has(marker)) ?? [...packs].find(each => each.count < size);
      if (pack === undefined) {
        const started = new Pack(() => packs.delete(started));
        pack = started;
        packs.add(pack);
      }
      return pack.start(options);
    },
    noBudget: () => 'packed members share a process',
  };
}

type Child = ResultPromise<{ ipc: true; serialization: 'json'; cleanup: true; reject: false }>;

class Pack {
  readonly #child: Child;
  /** Those that run. */
  readonly #servers = new Map<string, PackedProcess>();
  /** Every zoo.cfg of which a server has run here. */
  readonly #places = new Set<string>();

  constructor(onEnd: () => void) {
    this.#child = execa(process.execPath, [MAIN], {
      ...{ ipc: true, serialization: 'json', cleanup: true, reject: false },
    });
    this.#child.on('message', message => this.#onMessage(message as FromPack));
    void this.#child.then(({ exitCode, signal, stderr }) => {
      onEnd();
      for (const server of this.#servers.values()) {
        server.log.write(Buffer.from(String(stderr)));
        server.end({ code: exitCode, signal });
      }
      this.#servers.clear();
    });
  }

  get count(): number {
    return this.#places.size;
  }

  has(cfgFile: string): boolean {
    return this.#places.has(cfgFile);
  }

  start({ marker: cfgFile, command, log }: StartOptions): HostProcess {
    const { pid } = this.#child;
    if (pid === undefined) throw new UsageError('a process for several members could not be started');
    const links = command.args.indexOf('--link-map');
    const server = new PackedProcess(pid, log, () => this.#say({ kind: 'stop', cfgFile }));
    this.#servers.set(cfgFile, server);
    this.#places.add(cfgFile);
    this.#say({ kind: 'start', cfgFile, ...(links >= 0 && { linkMap: command.args[links + 1]! }) });
    return server;
  }

  #say(message: ToPack): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #onMessage(message: FromPack): void {
    const server = this.#servers.get(message.cfgFile);
    if (message.kind === 'line') {
      server?.log.write(Buffer.from(message.text));
      return;
    }
    this.#servers.delete(message.cfgFile);
    server?.end({ code: message.code, signal: undefined });
    if (this.#servers.size === 0) this.#child.kill('SIGTERM');
  }
}

/** One server of a pack, from its start to its end. */
class PackedProcess implements HostProcess {
  readonly pid: number;
  readonly log: CappedLog;
  readonly exited: Promise<ProcessExit>;
  #exit: ProcessExit | undefined;
  readonly #askToStop: () => void;
  #resolve: (exit: ProcessExit) => void = () => {};

  constructor(pid: number, log: CappedLog, askToStop: () => void) {
    this.pid = pid;
    this.log = log;
    this.#askToStop = askToStop;
    this.exited = new Promise(resolve => {
      this.#resolve = resolve;
    });
  }

  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  get isRunning(): boolean {
    return this.#exit === undefined;
  }

  end(exit: ProcessExit): void {
    this.#exit ??= exit;
    this.#resolve(exit);
  }

  signal(signal: NodeJS.Signals): void {
    if (signal !== 'SIGTERM')
      throw new UsageError(
        `${signal} to a packed member: it shares its process with others, and can only be stopped`,
      );
    this.#askToStop();
  }

  async stop(graceMs = STOP_GRACE_MS): Promise<ProcessExit> {
    if (this.isRunning) this.#askToStop();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const say = () => reject(new Error(`a packed member did not stop within ${graceMs} ms`));
      timer = setTimeout(say, graceMs);
    });
    return Promise.race([this.exited, late]).finally(() => clearTimeout(timer));
  }

  kill(): Promise<ProcessExit> {
    return this.stop();
  }
}
