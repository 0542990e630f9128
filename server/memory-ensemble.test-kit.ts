/**
 * Whole servers and ensembles in virtual time, and raw bytes to talk to them with: deterministic, without
 * processes.
 */

import { assert } from '#test';
import type { AuthenticationProvider } from './auth/authentication-provider.ts';
import { loadConfig } from './config/load-config.ts';
import { parseConfig, type ServerConfig } from './config/server-config.ts';
import type { ServerError } from './errors.ts';
import type { ServerEvent } from './metrics/server-events.ts';
import { printable } from './printable.ts';
import { LOG_TEXT_CHARS_MAX } from './runtime/logging/bounded-logger.ts';
import type { LogFields, Logger } from './runtime/logging/logger.ts';
import type { Connection, Disk, PlugInHost } from './runtime/runtime.ts';
import { SeededRandom } from './runtime/seeded-random.ts';
import { type MemoryHost, MemoryNetwork } from './runtime/virtual/memory-network.ts';
import { MemoryMachine } from './runtime/virtual/memory-runtime.ts';
import { VirtualClock } from './runtime/virtual/virtual-clock.ts';
import { VirtualTime } from './runtime/virtual/virtual-time.ts';
import { type RunningServer, startServer } from './server.ts';

export const CLIENT_PORT = 2181;
export const QUORUM_PORT = 2888;
export const ELECTION_PORT = 3888;
export const OBSERVER_MASTER_PORT = 2191;
const WAIT_MS = 30_000;
export const ZOO_CFG = '/conf/zoo.cfg';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export interface EnsemblePlan {
  /** Number of voters; 0: one standalone server, with sid 1. */
  readonly voters: number;
  readonly observers?: number;
  /**
   * Number of servers with ids above those. Only their own files name them, besides the voters. `start`
   * leaves them out.
   */
  readonly joiners?: number;
  /** Role of joiners in their own files; a participant follows from the start. @default observer */
  readonly joinerRole?: 'participant' | 'observer';
  /** Number of addresses of each server, each on a network of its own. @default 1 */
  readonly networks?: number;
  /** zoo.cfg is a file of each machine's disk, and is read there at each start. */
  readonly filesOnDisk?: boolean;
  /** System properties of every member, as of a JVM; only with `filesOnDisk`. */
  readonly systemProperties?: ReadonlyMap<string, string>;
  /** Lines of every zoo.cfg. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly seed?: string;
  /**
   * How long each turn of a member's loop keeps it busy, in virtual ms. What arrives meanwhile is handled in
   * the next turn.
   */
  readonly turnMs?: number;
  /** Work for one turn of a member's loop. */
  readonly turnUnits?: number;
  readonly heapBytesMax?: number;
  /** Schemes besides those of the configuration. */
  readonly authProviders?: readonly AuthenticationProvider[];
  /** Stands for the plug-ins of every member. */
  readonly plugIns?: (clock: VirtualClock) => PlugInHost;
}

export class MemoryEnsemble {
  readonly time = new VirtualTime();
  readonly network: MemoryNetwork;
  readonly machines: ReadonlyMap<number, MemoryMachine>;
  readonly log = new Map<number, LogLine[]>();
  /** Events by sid, over all starts of the member. */
  readonly events = new Map<number, ServerEvent[]>();
  readonly fatal = new Map<number, ServerError>();
  readonly #plan: EnsemblePlan;
  readonly #servers = new Map<number, RunningServer>();
  #visitors = 0;

  constructor(plan: EnsemblePlan) {
    this.#plan = plan;
    const random = new SeededRandom(plan.seed ?? 'ensemble');
    this.network = new MemoryNetwork(this.time, { random: random.fork('network') });
    const { turnMs = 0, heapBytesMax, plugIns } = plan;
    const heap = heapBytesMax === undefined ? {} : { heapBytesMax };
    const hosts = plugIns === undefined ? {} : { plugIns };
    const clock = { turnMs: () => turnMs };
    const count = Math.max(1, plan.voters + (plan.observers ?? 0)) + (plan.joiners ?? 0);
    const sids = Array.from({ length: count }, (_, at) => at + 1);
    this.machines = new Map(
      sids.map(sid => {
        const name = nameOf(sid);
        const parts = { network: this.network, name, random: random.fork(name), clock };
        for (let at = 2; at <= (plan.networks ?? 1); at++) this.network.addAddress(name, nameOf(sid, at));
        return [sid, new MemoryMachine({ ...parts, ...heap, ...hosts })];
      }),
    );
  }

  get sids(): number[] {
    return [...this.machines.keys()];
  }

  machine(sid: number): MemoryMachine {
    return this.machines.get(sid)!;
  }

  server(sid: number): RunningServer {
    const server = this.#servers.get(sid);
    if (server === undefined) throw new Error(`member ${sid} does not run`);
    return server;
  }

  /** Sids of all members but joiners. */
  get #members(): number[] {
    return this.sids.slice(0, this.sids.length - (this.#plan.joiners ?? 0));
  }

  /** Boots these members, or all. @throws ServerError from a server that cannot start */
  boot(...sids: number[]): this {
    for (const sid of sids.length === 0 ? this.#members : sids) {
      const runtime = this.machine(sid).boot();
      const config = this.#plan.filesOnDisk
        ? this.#loadConfig(runtime.disk, sid)
        : parseConfig({ path: `${nameOf(sid)}/zoo.cfg`, text: this.#configText(sid), myid: String(sid) });
      const { turnUnits, authProviders = [] } = this.#plan;
      const limits = turnUnits === undefined ? {} : { turnUnits };
      const lines = this.log.get(sid) ?? [];
      this.log.set(sid, lines);
      const events = this.events.get(sid) ?? [];
      this.events.set(sid, events);
      const onEvent = (event: ServerEvent) => void events.push(event);
      const onFatal = (error: ServerError) => {
        this.fatal.set(sid, error);
        this.machine(sid).crash('kill');
        this.#servers.delete(sid);
      };
      this.#servers.set(
        sid,
        startServer({ runtime, config, logger: logTo(lines), authProviders, onEvent, onFatal, ...limits }),
      );
    }
    return this;
  }

  #loadConfig(disk: Disk, sid: number): ServerConfig {
    if (!disk.exists(ZOO_CFG)) {
      writeFile(disk, ZOO_CFG, this.#configText(sid));
      writeFile(disk, '/data/myid', String(sid));
    }
    return loadConfig(disk, ZOO_CFG, this.#plan.systemProperties);
  }

  /** Boots all members and waits until each serves. */
  start(): this {
    this.boot();
    this.waitServing(...this.#members);
    return this;
  }

  waitServing(...sids: number[]): void {
    const serves = (sid: number) => this.#servers.get(sid)?.view.serving != null;
    this.wait(() => sids.every(serves), `the members ${sids} to serve`);
  }

  /** Whether the member runs. */
  runs(sid: number): boolean {
    return this.#servers.has(sid);
  }

  kill(sid: number, how: 'kill' | 'power' = 'kill'): void {
    this.machine(sid).crash(how);
    this.#servers.delete(sid);
  }

  get leader(): number {
    const leaders = [...this.#servers].filter(
      ([, { view }]) => view.leaderServer !== null && view.serving !== null,
    );
    return leaders.length === 1 ? leaders[0]![0] : -1;
  }

  wait(condition: () => boolean, what: string, withinMs = WAIT_MS): void {
    if (!this.time.runUntil(condition, this.time.nowMs + withinMs))
      assert.unreachable(`waited ${withinMs} virtual ms for ${what}`);
  }

  /** A connection from a host of its own, with nothing sent on it. */
  dial(sid: number, port: number, host = `visitor${++this.#visitors}`): RawConnection {
    return this.dialFrom(this.network.host(host, new VirtualClock(this.time)), sid, port);
  }

  /** Connects from a host that may have other connections. */
  dialFrom(host: MemoryHost, sid: number, port: number): RawConnection {
    const raw = new RawConnection(this);
    host.connect({ host: nameOf(sid), port }, 1000, {
      onConnected: connection => raw.attach(connection),
      onError: error => raw.onClose(error.message),
    });
    this.wait(() => raw.connected || raw.closed !== null, `a connection to ${nameOf(sid)}:${port}`);
    return raw;
  }

  /**
   * Loses everything that members send to each other through this network, on old connections and new ones.
   */
  cutNetwork(network: number): void {
    for (const from of this.sids)
      for (const to of this.sids)
        if (from !== to) {
          this.network.cut(nameOf(from), nameOf(to, network), 'blackhole');
          this.network.cut(nameOf(to, network), nameOf(from), 'blackhole');
        }
  }

  /** Messages at `level` of a member. */
  messages(sid: number, level: LogLine['level']): string[] {
    return (this.log.get(sid) ?? []).filter(line => line.level === level).map(line => line.message);
  }

  #configText(sid: number): string {
    const { voters, observers = 0, joinerRole = 'observer', settings = {}, networks = 1 } = this.#plan;
    const lines: Record<string, string | number> = {
      dataDir: '/data',
      clientPort: CLIENT_PORT,
      tickTime: 200,
      initLimit: 10,
      syncLimit: 5,
      '4lw.commands.whitelist': '*',
      // Recovery reads preallocated zeros to their end.
      preAllocSize: 64,
      ...settings,
    };
    if (voters > 0) {
      for (let other = 1; other <= voters + observers; other++) {
        const role = other > voters ? 'observer' : 'participant';
        lines[`server.${other}`] = lineOf(other, role, networks).replace(/:participant$/, '');
      }
      if (sid > voters + observers) lines[`server.${sid}`] = lineOf(sid, joinerRole);
      const isObserver = sid > voters + observers ? joinerRole === 'observer' : sid > voters;
      if (isObserver) lines.peerType = 'observer';
    }
    return Object.entries(lines)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('');
  }
}

/** The server line of a member, behind `server.N=`. */
export function lineOf(sid: number, role: 'participant' | 'observer' = 'participant', networks = 1): string {
  const addresses = Array.from({ length: networks }, (_, at) => nameOf(sid, at + 1));
  return `${addresses.map(host => `${host}:${QUORUM_PORT}:${ELECTION_PORT}`).join('|')}:${role}`;
}

export function writeFile(disk: Disk, path: string, text: string): void {
  const directory = path.replace(/\/[^/]*$/, '');
  disk.makeDirectory(directory);
  const file = disk.open(path, 'w');
  file.writeAt(0, Buffer.from(text));
  file.syncNow();
  file.close();
  disk.syncDirectory(directory);
}

/** The address of a member in one of the networks, which are numbered from 1 on. */
export function nameOf(sid: number, network = 1): string {
  return network === 1 ? `zk${sid}` : `zk${sid}-net${network}`;
}

/** A connection that sends bytes to a server and keeps those that it receives, without parsing them. */
export class RawConnection {
  readonly #ensemble: MemoryEnsemble;
  #connection: Connection | null = null;
  #chunks: Buffer[] = [];
  /** Why it is closed; null while it is open. */
  closed: string | null = null;
  /** Called for each chunk instead of keeping it. */
  onData: ((chunk: Buffer) => void) | null = null;

  constructor(ensemble: MemoryEnsemble) {
    this.#ensemble = ensemble;
  }

  get connected(): boolean {
    return this.#connection !== null;
  }

  attach(connection: Connection): void {
    this.#connection = connection;
    connection.start({
      onData: chunk => {
        this.receivedBytes += chunk.length;
        if (this.onData === null) this.#chunks.push(chunk);
        else this.onData(chunk);
      },
      onClose: reason => this.onClose(reason),
    });
  }

  onClose(reason: string): void {
    this.closed ??= reason;
  }

  /** Number of bytes received so far, taken or not. */
  receivedBytes = 0;

  /** Bytes received and not taken yet. */
  get received(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  take(): Buffer {
    const all = this.received;
    this.#chunks = [];
    return all;
  }

  write(bytes: Uint8Array): void {
    this.#connection?.write(bytes);
  }

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  /** Closes this half. The connection goes on reading, and drops what it reads. */
  finish(): void {
    this.#connection?.end();
  }

  destroy(): void {
    this.#connection?.destroy('test');
    this.closed ??= 'test';
  }

  untilReceived(count: number): Buffer {
    this.#ensemble.wait(() => this.received.length >= count || this.closed !== null, `${count} bytes`);
    return this.received;
  }

  untilClosed(withinMs = WAIT_MS): void {
    this.#ensemble.wait(() => this.closed !== null, 'the server to close the connection', withinMs);
  }
}

function logTo(lines: LogLine[]): Logger {
  const add =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}): void => {
      // Text of peers and clients is cut and escaped where it becomes part of a message (field report B11).
      assert.is(message, printable(message, LOG_TEXT_CHARS_MAX));
      lines.push({ level, message, fields });
    };
  const logger: Logger = {
    debug: add('debug'),
    info: add('info'),
    warn: add('warn'),
    error: add('error'),
    child: () => logger,
  };
  return logger;
}
