/** A master's handler of one learner, on a connection that keeps what it was sent. */
import { assert } from '#test';
import { parseConfig } from '../../config/server-config.ts';
import { configurationOf } from '../../membership/configuration.ts';
import { Membership } from '../../membership/membership.ts';
import { parseQuorumConfig } from '../../membership/quorum-text.ts';
import { ServerEvents } from '../../metrics/server-events.ts';
import { silentLogger } from '../../runtime/logging/logger.ts';
import { RatedLog } from '../../runtime/logging/rated-log.ts';
import type { Connection, ConnectionEvents } from '../../runtime/runtime.ts';
import { VirtualClock } from '../../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../../runtime/virtual/virtual-time.ts';
import { databaseDefaults, type ZkDatabaseConfig } from '../../storage/database-config.ts';
import { createPacket, type TestRig, testRig } from '../../storage/storage.test-kit.ts';
import { ZkDatabase } from '../../storage/zk-database.ts';
import type { TurnQueue } from '../../turns/turn-queue.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { juteLimits } from '../../wire/jute-limits.ts';
import { PacketType, packetName, type QuorumPacket, writeQuorumPacket } from '../../wire/quorum-packet.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';
import { makeZxid } from '../../wire/zxid.ts';
import { quorumTurns } from '../../zab/packet-input.ts';
import { PacketReader } from '../../zab/packet-stream.ts';
import { LearnerBacklog } from './learner-backlog.ts';
import { LearnerHandler } from './learner-handler.ts';
import type { LearnerMaster } from './learner-master.ts';
import { syncThrottlers } from './learner-sync-throttler.ts';

export const EPOCH = 2;
export const NEWLEADER_ZXID = makeZxid(EPOCH, 0);
/** The last transaction that both sides have. */
export const COMMON = makeZxid(1, 1);
export const MISSED = makeZxid(1, 2);
export const PENDING = makeZxid(EPOCH, 1);
export const LATER = makeZxid(EPOCH, 2);

/** Records whatever the handler writes, and tells it what the other end does. */
export class FakeConnection implements Connection {
  readonly local = { host: 'a', port: 2888 };
  readonly remote = { host: 'b', port: 40_000 };
  readonly peerCertificate = null;
  bytesQueued = 0;
  written: Buffer[] = [];
  events: ConnectionEvents | null = null;
  destroyed: string | undefined;
  /** What `write` answers. */
  hasRoom = true;

  start(events: ConnectionEvents): void {
    this.events = events;
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    this.written.push(Buffer.from(bytes.subarray(start, end)));
    return this.hasRoom;
  }

  writeShared(bytes: Uint8Array): boolean {
    return this.write(bytes);
  }

  limitIdle(): void {}

  keepAlive(): void {}

  stop(): void {}

  end(): void {}

  destroy(reason = ''): void {
    this.destroyed = reason;
  }

  pause(): void {}
  resume(): void {}
}

export function infoOf(sid: number): Buffer {
  return new JuteWriter().writeLong(sid).writeInt(0x10000).writeLong(0).toBuffer();
}

export class Story {
  readonly rig: TestRig = testRig();
  readonly connection = new FakeConnection();
  readonly database: ZkDatabase;
  readonly handler: LearnerHandler;
  readonly turns: TurnQueue;
  readonly acks: number[] = [];
  readonly backlog: LearnerBacklog;
  isSpare = true;
  isVoter = true;
  isForwarding = false;
  /** Calls of `stopForwarding`. */
  stopped = 0;
  /** What the leader has proposed and not committed when the learner registers. */
  pending: TxnPacket[] = [];
  #start: (() => void) | null = null;

  constructor(settings = '', database: Partial<ZkDatabaseConfig> = {}, backlogBytesMax?: number) {
    this.backlog = new LearnerBacklog(this.rig.clock, backlogBytesMax);
    this.turns = quorumTurns(this.rig.clock);
    const { clock, disk, random, metrics } = this.rig;
    const events = new ServerEvents();
    const parts = { disk, clock, random, metrics, events, logger: silentLogger };
    const directories = { dataDir: '/d', dataLogDir: '/d' };
    this.database = new ZkDatabase(parts, { ...databaseDefaults, ...database, ...directories });
    this.database.load();
    for (const zxid of [COMMON, MISSED]) this.logAndApply(createPacket(zxid));
    const serverConfig = parseConfig({ path: '/zoo.cfg', text: `dataDir=/d\nclientPort=2181\n${settings}` });
    const master: LearnerMaster<LearnerHandler> = {
      context: {
        sid: 1,
        config: serverConfig,
        clock,
        database: this.database,
        metrics,
        events,
        logger: silentLogger,
        lines: new RatedLog({ logger: silentLogger, clock: new VirtualClock(new VirtualTime()) }),
        membership: new Membership(1, configurationOf(parseQuorumConfig(''))),
      },
      acceptsFollowers: true,
      addresses: { has: () => false, claimed() {} },
      throttlers: syncThrottlers({ config: serverConfig, metrics }),
      awaitEpoch: (_handler, _info, done) => done(EPOCH),
      awaitEpochAck: (_handler, _currentEpoch, _lastZxid, done) => done(),
      startForwarding: handler => {
        this.isForwarding = true;
        for (const packet of this.pending) handler.sendProposal(packet);
      },
      stopForwarding: () => {
        this.isForwarding = false;
        this.stopped++;
      },
      backlogOf: () => this.backlog,
      canSpare: () => this.isSpare,
      awaitSeat: (_handler, done) => done(),
      awaitStart: (_handler, done) => {
        this.#start = done;
      },
      onAck: (_handler, zxid) => void this.acks.push(zxid),
      onTouched() {},
      isVoter: () => this.isVoter,
      onHeldBack() {},
      onPartialPacket() {},
      turnsOf: () => this.turns,
      onRequest() {},
      onRevalidate() {},
      onClosed() {},
      configText: 'version=0',
    };
    this.handler = new LearnerHandler(this.connection, master);
  }

  receive(type: number, zxid: number, data: Buffer | null = null): void {
    const writer = new JuteWriter();
    writeQuorumPacket(writer, { type, zxid, data, authinfo: null } satisfies QuorumPacket);
    this.connection.events?.onData(writer.toBuffer());
  }

  /** Runs the handshake up to the sync, as a follower that has `COMMON`. */
  discover(): void {
    this.receive(PacketType.FOLLOWERINFO, makeZxid(1, 0), infoOf(3));
    assert.equal(this.sent(), ['LEADERINFO 0x200000000']);
    this.receive(PacketType.ACKEPOCH, COMMON, Buffer.from([0, 0, 0, 1]));
  }

  logAndApply(packet: TxnPacket): void {
    this.database.append(packet);
    this.database.applyPacket(packet);
  }

  serve(): void {
    this.#start?.();
  }

  commit(packet: TxnPacket): void {
    const bytes = new JuteWriter();
    writeQuorumPacket(bytes, { type: PacketType.COMMIT, zxid: packet.zxid, data: null, authinfo: null });
    this.handler.sendBatch(PacketType.COMMIT, bytes.toBuffer(), 1);
  }

  takeBytes(): Buffer {
    const bytes = Buffer.concat(this.connection.written);
    this.connection.written = [];
    return bytes;
  }

  /** The packets written since the last call. */
  sent(bytes = this.takeBytes()): string[] {
    const packets: string[] = [];
    const reader = new PacketReader(
      juteLimits().packetBytesMax,
      ({ type, zxid }) => void packets.push(`${packetName(type)} 0x${zxid.toString(16)}`),
    );
    reader.feed(bytes);
    return packets;
  }
}
