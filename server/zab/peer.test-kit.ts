import { AclDecisions } from '../auth/acl-decisions.ts';
import { testProviders } from '../auth/providers.test-kit.ts';
/** One role (leader, follower, observer) without an election, and packets by hand on the other side. */

import { assert } from '#test';
import { parseConfig } from '../config/server-config.ts';
import type { ServerError } from '../errors.ts';
import { configurationFromText, configurationOf } from '../membership/configuration.ts';
import { Membership } from '../membership/membership.ts';
import { NO_ORACLE } from '../membership/oracle.ts';
import { countEvents } from '../metrics/count-events.ts';
import { Guard } from '../metrics/guard.ts';
import { Metrics } from '../metrics/metrics.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { ServerStats } from '../metrics/server-stats.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { RatedLog } from '../runtime/logging/rated-log.ts';
import type { Connection } from '../runtime/runtime.ts';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { MemoryNetwork } from '../runtime/virtual/memory-network.ts';
import { MemoryMachine, type MemoryRuntime } from '../runtime/virtual/memory-runtime.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { SessionIds } from '../sessions/session-ids.ts';
import { databaseDefaults } from '../storage/database-config.ts';
import { EpochFiles } from '../storage/epoch-file.ts';
import { ZkDatabase } from '../storage/zk-database.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import { JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import {
  OBSERVER_PROPOSALS,
  PacketType,
  PROTOCOL_VERSION,
  packetName,
  writeQuorumPacket,
} from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { PacketReader, type PacketView } from './packet-stream.ts';
import type { ConfigOutcome, PeerContext } from './peer-context.ts';

export const TICK_MS = 200;
export const INIT_LIMIT_MS = 10 * TICK_MS;
export const SYNC_LIMIT_MS = 5 * TICK_MS;
const WAIT_MS = 30_000;

export interface StageOptions {
  readonly sid?: number;
  readonly voters?: number;
  readonly observers?: number;
  readonly settings?: string;
  /** Work for one turn of the loop. */
  readonly turnUnits?: number;
  /** How long each turn keeps the process busy, virtual ms. */
  readonly turnMs?: number;
}

/** A machine with a database, and the context that roles on it get. */
export class Stage {
  readonly time = new VirtualTime();
  readonly network: MemoryNetwork;
  readonly machine: MemoryMachine;
  readonly sid: number;
  readonly #options: StageOptions;
  runtime!: MemoryRuntime;
  database!: ZkDatabase;
  epochs!: EpochFiles;
  context!: PeerContext;
  serving: ZooKeeperServer | null = null;
  fatal: ServerError | null = null;
  /** Why the role ended. */
  ended: string | null = null;
  /** The configurations that NEWLEADER named. */
  readonly configsSeen: (string | null)[] = [];
  /** The committed configurations that the role was told. */
  readonly configs: (string | null)[] = [];
  readonly configsProposed: string[] = [];
  readonly activations: { readonly text: string; readonly leader: number | null }[] = [];
  /** What the role must do when it is told a configuration. */
  configOutcome: ConfigOutcome = 'goesOn';
  #visitors = 0;

  constructor(options: StageOptions = {}) {
    this.#options = options;
    this.sid = options.sid ?? 1;
    const random = new SeededRandom('stage');
    this.network = new MemoryNetwork(this.time, { random });
    this.machine = new MemoryMachine({
      network: this.network,
      name: `zk${this.sid}`,
      random,
      clock: { turnMs: () => options.turnMs ?? 0 },
    });
    this.boot();
  }

  boot(): void {
    const { voters = 3, observers = 1, settings = '' } = this.#options;
    this.runtime = this.machine.boot();
    const { clock, disk, random, network } = this.runtime;
    const metrics = new Metrics();
    const logger = silentLogger;
    const events = new ServerEvents(countEvents(metrics));
    const parts = { disk, clock, random, metrics, events, logger };
    this.database = new ZkDatabase(parts, {
      ...databaseDefaults,
      dataDir: '/d',
      dataLogDir: '/d',
      preAllocBytes: 0,
    });
    this.database.load();
    this.epochs = new EpochFiles(disk, this.database.snapDirectory);
    this.epochs.load(this.database.lastLoggedZxid, events);
    const sids = Array.from({ length: voters + observers }, (_, at) => at + 1);
    const lines = sids.map(sid => `server.${sid}=zk${sid}:2888:3888${sid > voters ? ':observer' : ''}\n`);
    const role = this.sid > voters ? 'peerType=observer\n' : '';
    const limits = `dataDir=/d\nclientPort=2181\ntickTime=${TICK_MS}\ninitLimit=10\nsyncLimit=5\n`;
    const text = limits + role + lines.join('') + settings;
    const config = parseConfig({ path: '/zoo.cfg', text, myid: String(this.sid) });
    this.context = {
      sid: this.sid,
      config,
      clock,
      network,
      random,
      database: this.database,
      access: new AclDecisions(testProviders()),
      epochs: this.epochs,
      sessionIds: new SessionIds(this.sid, clock),
      localSessions: null,
      oracle: NO_ORACLE,
      membership: new Membership(this.sid, configurationOf(config.quorum!.config)),
      onConfigSeen: text => void this.configsSeen.push(text),
      onConfigProposed: text => void this.configsProposed.push(text),
      onConfigCommitted: text => {
        this.configs.push(text);
        return this.configOutcome;
      },
      onConfigActivated: (text, leader) => {
        this.activations.push({ text, leader });
        this.context.membership.commit(configurationFromText(text));
        return this.configOutcome;
      },
      sync: { snapshotNeeded: false },
      confirmed: { acceptedEpoch: 0 },
      quorumPortFailures: new Map(),
      metrics,
      events,
      stats: new ServerStats(),
      logger,
      lines: new RatedLog({ logger, clock }),
      guard: new Guard({ clock, logger, metrics }),
      turns: new TurnQueue(clock, this.#options.turnUnits),
      heapBytesMax: 2 ** 32,
      onFatal: error => {
        this.fatal = error;
      },
      commits: null,
      readers: {
        holdsBackSyncs: false,
        mayApply: true,
        apply: packet => void this.database.applyPacket(packet),
        treeReplaced: () => {},
      },
      serve: server => {
        this.serving = server;
      },
    };
  }

  /** Cuts the power; the machine comes back with what was durable. */
  powerCycle(): void {
    this.machine.crash('power');
    this.boot();
  }

  /** Transactions that were committed long ago: in the tree, in the log and durable. */
  history(packets: readonly TxnPacket[], epoch: number): this {
    for (const packet of packets) {
      this.database.append(packet);
      this.database.applyPacket(packet);
    }
    let durable = false;
    this.database.flush(() => {
      durable = true;
    });
    this.wait(() => durable, 'the history to be durable');
    this.epochs.setAcceptedEpoch(epoch);
    this.epochs.setCurrentEpoch(epoch);
    return this;
  }

  wait(condition: () => boolean, what: string, withinMs = WAIT_MS): void {
    if (!this.time.runUntil(condition, this.time.nowMs + withinMs))
      assert.unreachable(`waited ${withinMs} virtual ms for ${what}`);
  }

  settle(): void {
    this.time.advance(20);
  }

  /** The most that `count` grows in one turn of the loop, until `done`. */
  mostInOneTurn(count: () => number, done: () => boolean): number {
    let most = 0;
    let before = count();
    this.wait(() => {
      most = Math.max(most, count() - before);
      before = count();
      return done();
    }, 'the end of what is counted in turns');
    return most;
  }

  /**
   * Listens on a port of another member, which the test plays. Call the result to get the next connection.
   */
  playMember(sid: number, port: number): () => Peer {
    const clock = new VirtualClock(this.time);
    const accepted: Connection[] = [];
    this.network.host(`zk${sid}`, clock).listen(
      { host: `zk${sid}`, port },
      {
        onListening: () => {},
        onConnection: connection => void accepted.push(connection),
        onError: error => assert.unreachable(error.message),
      },
    );
    return () => {
      this.wait(() => accepted.length > 0, `a connection to zk${sid}:${port}`);
      return new Peer(this, accepted.shift()!);
    };
  }

  /**
   * Connects as a member that the test plays, by default from a host of its own.
   *
   * @throws Error when it is refused
   */
  dial(port: number, from = `visitor${++this.#visitors}`): Peer {
    let peer: Peer | undefined;
    let refused: Error | undefined;
    const host = this.network.find(from) ?? this.network.host(from, new VirtualClock(this.time));
    host.connect({ host: `zk${this.sid}`, port }, 1_000, {
      onConnected: connection => {
        peer = new Peer(this, connection);
      },
      onError: error => {
        refused = error;
      },
    });
    this.wait(() => (peer ?? refused) !== undefined, `an answer from port ${port}`);
    if (peer === undefined) throw refused;
    return peer;
  }
}

/** One end of a learner connection, played by the test: packets in and out, as "TYPE zxid". */
export class Peer {
  readonly #stage: Stage;
  readonly #connection: Connection;
  readonly #packets: PacketReader;
  /** Packets received and not taken yet, except PINGs. */
  #told: string[] = [];
  #raw: Buffer[] | null = null;
  /** Data of the last packet of each name. */
  readonly data = new Map<string, Buffer>();
  /** Called with each packet as it comes, except PINGs. */
  onPacket: ((packet: { name: string; data: Buffer }) => void) | null = null;
  /** Data of each PING. */
  readonly pings: Buffer[] = [];
  /** Acts as a learner that serves: sends each PING back, with its zxid. */
  answersPings = false;
  closed: string | null = null;

  constructor(stage: Stage, connection: Connection) {
    this.#stage = stage;
    this.#connection = connection;
    this.#packets = new PacketReader(juteLimits().packetBytesMax, packet => this.#onPacket(packet));
    connection.start({
      onData: chunk => {
        if (this.#raw !== null) this.#raw.push(chunk);
        else this.#packets.feed(chunk);
      },
      onClose: reason => {
        this.closed = reason;
      },
    });
  }

  #onPacket(packet: PacketView): void {
    if (packet.type === PacketType.SNAP) {
      this.#packets.suspend();
      this.#raw = [this.#packets.takeRest()];
    }
    if (packet.type === PacketType.PING) {
      this.pings.push(Buffer.from(packet.data()));
      if (this.answersPings) this.send(PacketType.PING, packet.zxid, Buffer.alloc(0));
      return;
    }
    const name = `${packetName(packet.type)} 0x${packet.zxid.toString(16)}`;
    this.#told.push(name);
    const data = Buffer.from(packet.data());
    this.data.set(name, data);
    this.onPacket?.({ name, data });
  }

  /** Packets that came since the last call, once nothing is under way any more. */
  told(): string[] {
    this.#stage.settle();
    return this.#told.splice(0);
  }

  /** Bytes that came after a SNAP. */
  get raw(): Buffer {
    return Buffer.concat(this.#raw ?? []);
  }

  send(type: PacketType, zxid: number, data: Buffer | null = null): this {
    const writer = new JuteWriter();
    writeQuorumPacket(writer, { type, zxid, data, authinfo: null });
    this.#connection.write(writer.toBuffer());
    return this;
  }

  /** A transaction as PROPOSAL, or as INFORM. */
  sendTxn(type: PacketType, { bytes }: TxnPacket): this {
    const copy = Buffer.from(bytes);
    copy.writeInt32BE(type, 0);
    this.#connection.write(copy);
    return this;
  }

  write(bytes: Uint8Array): this {
    this.#connection.write(bytes);
    return this;
  }

  destroy(): void {
    this.#connection.destroy('the test');
  }

  /** Stops reading. */
  pause(): this {
    this.#connection.pause();
    return this;
  }

  resume(): this {
    this.#connection.resume();
    return this;
  }

  /** Sends FOLLOWERINFO or OBSERVERINFO of `sid`, which perhaps asks for proposals. */
  sendInfo(
    type: typeof PacketType.FOLLOWERINFO | typeof PacketType.OBSERVERINFO,
    sid: number,
    acceptedEpoch = 0,
    asksForProposals = false,
  ): this {
    const info = new JuteWriter().writeLong(sid).writeInt(PROTOCOL_VERSION).writeLong(0);
    if (asksForProposals) info.writeInt(OBSERVER_PROPOSALS);
    return this.send(type, makeZxid(acceptedEpoch, 0), info.toBuffer());
  }

  sendAckEpoch(lastZxid: number, currentEpoch: number): this {
    const data = Buffer.alloc(4);
    data.writeInt32BE(currentEpoch);
    return this.send(PacketType.ACKEPOCH, lastZxid, data);
  }

  sendLeaderInfo(epoch: number, promisesProposals = false): this {
    const info = new JuteWriter().writeInt(PROTOCOL_VERSION);
    if (promisesProposals) info.writeInt(OBSERVER_PROPOSALS);
    return this.send(PacketType.LEADERINFO, epoch * 0x1_0000_0000, info.toBuffer());
  }
}
