import type { Traffic } from '../admin/metrics.ts';
import type { Connection } from '../runtime/runtime.ts';
import { SnapshotSerializer } from '../storage/snapshot-stream.ts';
import { JuteError, JuteReader, JuteWriter } from '../wire/jute.ts';
import { PacketType, packetName, type QuorumPacket, writeQuorumPacket } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { counterOf, EPOCH_MAX, epochOf, isEpoch, makeZxid, zxidToHex } from '../wire/zxid.ts';
import type { LearnerInfo, LearnerMaster } from './learner-master.ts';
import { PACKET_BYTES_MAX, PacketReader, type PacketView } from './packet-stream.ts';
import { planSync, type SyncPlan } from './sync-plan.ts';

export const PROTOCOL_VERSION = 0x10000;
/** Upstream's mark behind a snapshot on the wire. */
export const SNAPSHOT_SIGNATURE = 'BenWasHere';

/** What may wait for a learner that does not keep up, or is still taking its snapshot. */
const BACKLOG_BYTES_MAX = 512 * 1024 * 1024;
const SNAPSHOT_SLICE_BYTES = 256 * 1024;
/** Of a packet of the handshake: none has more than a LearnerInfo in it. */
const HANDSHAKE_PACKET_BYTES_MAX = 4096;

type Phase = 'hello' | 'epoch' | 'ackEpoch' | 'wait' | 'ackNewLeader' | 'start' | 'broadcast' | 'closed';

/** The master's side of one learner: handshake, sync, then forwarding. @see facts section 21; LearnerHandler */
export class LearnerHandler {
  readonly #connection: Connection;
  readonly #master: LearnerMaster;
  readonly #packets: PacketReader;
  readonly #writer = new JuteWriter(256);
  readonly #openedMs: number;
  #phase: Phase = 'hello';
  #info: LearnerInfo | null = null;
  #isObserver = false;
  #epoch = 0;
  /**
   * Live traffic, from the registration for it to UPTODATE. A learner may take it before, but Apache's up to 3.9.2 fails
   * on a COMMIT between NEWLEADER and UPTODATE whose proposal came before NEWLEADER (ZOOKEEPER-4394): under load it would
   * come back again and again.
   */
  #held: Buffer[] | null = null;
  #heldBytes = 0;
  #snapshot: SnapshotSerializer | null = null;
  #fromDisk: TxnPacket[] | null = null;
  #lastHeardMs: number;
  /** When the oldest proposal not yet acked was sent; 0 when all are acked. */
  #unackedSinceMs = 0;
  #lastSentProposal = 0;
  lastAckedZxid = 0;
  /** How it was brought up to date, for admin and the lab. */
  syncMode: SyncPlan['mode'] | null = null;
  packetsSent = 0;
  packetsReceived = 0;
  readonly #sentTraffic = new Map<number, Traffic>();
  readonly #receivedTraffic = new Map<number, Traffic>();

  constructor(connection: Connection, master: LearnerMaster) {
    this.#connection = connection;
    this.#master = master;
    this.#openedMs = master.context.clock.monotonicMs();
    this.#lastHeardMs = this.#openedMs;
    this.#packets = new PacketReader(packet => this.#onPacket(packet));
    this.#packets.packetBytesMax = HANDSHAKE_PACKET_BYTES_MAX;
    connection.start({
      onData: chunk => this.#onData(chunk),
      onClose: reason => this.close(reason, false),
      onDrain: () => this.#sendSnapshotSlice(),
    });
  }

  get sid(): number {
    return this.#info?.sid ?? -1;
  }

  /** It has said who it is. */
  get named(): boolean {
    return this.#info !== null;
  }

  get isObserver(): boolean {
    return this.#isObserver;
  }

  get remote(): string {
    return `${this.#connection.remote.host}:${this.#connection.remote.port}`;
  }

  /** Serving: counted among the synced learners. */
  get synced(): boolean {
    return this.#phase === 'broadcast';
  }

  get bytesQueued(): number {
    return this.#connection.bytesQueued + this.#heldBytes;
  }

  get establishedMs(): number {
    return this.#openedMs;
  }

  #onData(chunk: Buffer): void {
    if (this.#phase === 'closed') return;
    this.#lastHeardMs = this.#master.context.clock.monotonicMs();
    try {
      this.#packets.feed(chunk);
    } catch (error) {
      // Anything else is a fault of this server, which must not be mistaken for one of the learner.
      if (!(error instanceof JuteError)) throw error;
      this.close(`malformed packet: ${error.message}`);
    }
  }

  #onPacket(packet: PacketView): void {
    this.packetsReceived++;
    this.#traffic('received', packet.type, packet.end - packet.start);
    switch (this.#phase) {
      case 'hello':
        this.#onInfo(packet);
        return;
      case 'ackEpoch':
        this.#onAckEpoch(packet);
        return;
      case 'ackNewLeader':
        this.#onNewLeaderAck(packet);
        return;
      case 'start':
      case 'broadcast':
        this.#onTraffic(packet);
        return;
      case 'epoch':
      case 'wait':
        this.close(`${packet} came before its turn`);
        return;
      case 'closed':
    }
  }

  #onInfo(packet: PacketView): void {
    const isFollower = packet.type === PacketType.FOLLOWERINFO;
    if (!isFollower && packet.type !== PacketType.OBSERVERINFO) {
      this.close(`first packet is ${packet}, FOLLOWERINFO or OBSERVERINFO expected`);
      return;
    }
    if (isFollower && !this.#master.acceptsFollowers) {
      this.close('a follower came to the port of an observer master');
      return;
    }
    const reader = new JuteReader(packet.data());
    const sid = reader.remaining >= 8 ? reader.readLong() : -1;
    const protocolVersion = reader.remaining >= 4 ? reader.readInt() : 0;
    const acceptedEpoch = epochOf(packet.zxid);
    const configVersion = reader.remaining >= 8 ? reader.readLong() : 0;
    if (protocolVersion < PROTOCOL_VERSION) {
      this.close(
        `learner ${sid} speaks protocol 0x${protocolVersion.toString(16)}, 0x10000 (3.4) or later accepted`,
      );
      return;
    }
    // It decides the next epoch of all: a number from nowhere would be on every disk for good.
    if (!isEpoch(acceptedEpoch + 1)) {
      this.close(`learner ${sid} has accepted epoch ${acceptedEpoch}, 0 to ${EPOCH_MAX - 1} accepted`);
      return;
    }
    this.#isObserver = !isFollower;
    this.#info = { sid, protocolVersion, configVersion, acceptedEpoch };
    this.#phase = 'epoch';
    this.#master.awaitEpoch(this, this.#info, epoch => {
      if (this.#phase !== 'epoch') return;
      this.#epoch = epoch;
      this.#phase = 'ackEpoch';
      const version = Buffer.alloc(4);
      version.writeInt32BE(PROTOCOL_VERSION);
      this.sendPacket({
        type: PacketType.LEADERINFO,
        zxid: makeZxid(epoch, 0),
        data: version,
        authinfo: null,
      });
    });
  }

  #onAckEpoch(packet: PacketView): void {
    if (packet.type !== PacketType.ACKEPOCH || packet.dataLength < 4) {
      this.close(`${packet} where ACKEPOCH was expected`);
      return;
    }
    const accepted = packet.data().readInt32BE(0);
    const peerLastZxid = packet.zxid;
    this.#phase = 'wait';
    this.#master.awaitEpochAck(this, accepted === -1 ? null : accepted, peerLastZxid, () => {
      if (this.#phase === 'wait') this.#sync(peerLastZxid);
    });
  }

  /** Everything here happens in one step, so nothing can be committed between the plan and the registration. */
  #sync(peerLastZxid: number): void {
    const database = this.#master.context.database;
    const plan = this.#plan(peerLastZxid);
    this.syncMode = plan.mode;
    this.#master.context.metrics.counter(`${plan.mode.toLowerCase()}_count`).add();
    this.#master.context.logger.info(`${plan.mode} to learner ${this.sid}`, {
      learner: this.sid,
      peerLastZxid: zxidToHex(peerLastZxid),
      lastProcessedZxid: zxidToHex(database.lastProcessedZxid),
    });
    let lastSent: number;
    if (plan.mode === 'SNAP') {
      lastSent = database.lastProcessedZxid;
      this.sendPacket({ type: PacketType.SNAP, zxid: lastSent, data: null, authinfo: null });
      this.#snapshot = new SnapshotSerializer(database.tree, database.sessionTimeouts);
    } else {
      this.sendPacket({ type: PacketType[plan.mode], zxid: plan.zxid, data: null, authinfo: null });
      lastSent = this.#sendHistory(plan);
    }
    this.#held = [];
    this.#master.startForwarding(this, lastSent);
    this.#phase = 'ackNewLeader';
    if (this.#snapshot === null) this.#sendNewLeader();
    else this.#sendSnapshotSlice();
  }

  #sendNewLeader(): void {
    this.sendPacket({
      type: PacketType.NEWLEADER,
      zxid: makeZxid(this.#epoch, 0),
      data: Buffer.from(this.#master.context.configText, 'utf8'),
      authinfo: null,
    });
  }

  #plan(peerLastZxid: number): SyncPlan {
    const database = this.#master.context.database;
    const committedLog = database.committedLog;
    return planSync({
      peerLastZxid,
      lastProcessedZxid: database.lastProcessedZxid,
      committed: {
        min: database.minCommittedZxid,
        max: database.maxCommittedZxid,
        zxids: Array.from({ length: committedLog.size }, (_, i) => committedLog.at(i).zxid),
      },
      disk: () => {
        this.#fromDisk = this.#readDisk(peerLastZxid);
        return this.#fromDisk?.map(packet => packet.zxid) ?? null;
      },
      forceSnapshot: this.#master.context.config.forceSnapshotSync,
    });
  }

  /** Committed transactions on disk from the learner's last one on; null when they do not reach back to it. */
  #readDisk(peerLastZxid: number): TxnPacket[] | null {
    const { database } = this.#master.context;
    const diff = database.readLogFrom(peerLastZxid);
    if (diff === null) return null;
    const packets: TxnPacket[] = [];
    for (let packet = diff.next(); packet !== null; packet = diff.next()) {
      if (packet.zxid > database.lastProcessedZxid) break;
      packets.push(packet);
    }
    diff.close();
    return packets;
  }

  #sendHistory(plan: Exclude<SyncPlan, { mode: 'SNAP' }>): number {
    const database = this.#master.context.database;
    if (plan.source === 'none') return database.lastProcessedZxid;
    const { committedLog } = database;
    const packets =
      plan.source === 'disk'
        ? (this.#fromDisk ?? [])
        : Array.from({ length: committedLog.size }, (_, i) => committedLog.at(i));
    this.#fromDisk = null;
    let last = plan.after;
    for (const packet of packets) {
      if (packet.zxid <= plan.after) continue;
      this.#write(PacketType.PROPOSAL, packet.bytes);
      this.sendPacket({ type: PacketType.COMMIT, zxid: packet.zxid, data: null, authinfo: null });
      last = packet.zxid;
    }
    return Math.max(last, plan.zxid);
  }

  #sendSnapshotSlice(): void {
    const snapshot = this.#snapshot;
    if (snapshot === null || this.#phase === 'closed') return;
    const writer = new JuteWriter(SNAPSHOT_SLICE_BYTES + 4096);
    const more = snapshot.next(writer, SNAPSHOT_SLICE_BYTES);
    if (!more) writer.writeString(SNAPSHOT_SIGNATURE);
    const roomLeft = this.#connection.write(writer.buffer, 0, writer.length);
    this.#traffic('sent', PacketType.SNAP, writer.length);
    if (!more) {
      this.#snapshot = null;
      this.#sendNewLeader();
    } else if (roomLeft) {
      this.#master.context.clock.after(0, () => this.#sendSnapshotSlice());
    }
  }

  #onNewLeaderAck(packet: PacketView): void {
    if (packet.type === PacketType.PING) return;
    // Apache up to 3.8.4 may ack what the sync brought before it acks NEWLEADER. It counts for nothing. ZOOKEEPER-4685
    if (packet.type === PacketType.ACK && counterOf(packet.zxid) !== 0) return;
    if (packet.type !== PacketType.ACK || packet.zxid !== makeZxid(this.#epoch, 0)) {
      this.close(`${packet} where the ACK of NEWLEADER ${zxidToHex(makeZxid(this.#epoch, 0))} was expected`);
      return;
    }
    this.#phase = 'start';
    this.#packets.packetBytesMax = PACKET_BYTES_MAX;
    this.#master.awaitStart(this, () => {
      if (this.#phase !== 'start') return;
      this.#phase = 'broadcast';
      this.sendPacket({ type: PacketType.UPTODATE, zxid: -1, data: null, authinfo: null });
      this.#release();
    });
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#heldBytes = 0;
    for (const bytes of held) this.#connection.write(bytes);
    if (this.#lastSentProposal > this.lastAckedZxid)
      this.#unackedSinceMs = this.#master.context.clock.monotonicMs();
  }

  #onTraffic(packet: PacketView): void {
    switch (packet.type) {
      case PacketType.ACK:
        // The second ACK of NEWLEADER, after UPTODATE, says nothing new.
        if (packet.zxid === makeZxid(this.#epoch, 0)) return;
        if (this.#isObserver) {
          this.close(`observer ${this.sid} sent ${packet}: observers do not take part in agreement`);
          return;
        }
        this.lastAckedZxid = packet.zxid;
        this.#unackedSinceMs = packet.zxid >= this.#lastSentProposal ? 0 : this.#lastHeardMs;
        this.#master.onAck(this, packet.zxid);
        return;
      case PacketType.PING:
        this.#master.onPing(this, packet);
        return;
      case PacketType.REQUEST:
        this.#master.onRequest(this, packet);
        return;
      case PacketType.REVALIDATE:
        this.#master.onRevalidate(this, packet);
        return;
      default:
        this.close(`unexpected ${packet}`);
    }
  }

  /** Part of the handshake, or an answer: it does not wait behind what is held. */
  sendPacket(packet: QuorumPacket): void {
    const writer = this.#writer.reset();
    writeQuorumPacket(writer, packet);
    this.#write(packet.type, writer.bytes);
  }

  #write(type: number, bytes: Buffer): void {
    if (this.#phase === 'closed') return;
    this.packetsSent++;
    this.#traffic('sent', type, bytes.length);
    this.#connection.write(bytes);
    this.#boundBacklog();
  }

  sendProposal(packet: TxnPacket): void {
    this.#lastSentProposal = packet.zxid;
    if (this.#unackedSinceMs === 0) this.#unackedSinceMs = this.#master.context.clock.monotonicMs();
    this.#forward(PacketType.PROPOSAL, packet.bytes);
  }

  /** INFORM differs from PROPOSAL in its first four bytes. Row 000-7: a commit that carries the payload. */
  sendInform(packet: TxnPacket): void {
    const bytes = packet.bytes;
    if (this.#held !== null) {
      const inform = Buffer.from(bytes);
      inform.writeInt32BE(PacketType.INFORM, 0);
      this.#forward(PacketType.INFORM, inform);
      return;
    }
    this.packetsSent++;
    this.#traffic('sent', PacketType.INFORM, bytes.length);
    this.#connection.write(INFORM_TYPE);
    this.#connection.write(bytes, 4, bytes.length);
    this.#boundBacklog();
  }

  /** Many whole packets of one type in one piece. */
  sendBatch(type: number, bytes: Buffer, count: number): void {
    this.packetsSent += count - 1;
    this.#trafficOf('sent', type).add(0, count - 1);
    this.#forward(type, bytes);
  }

  /** Live traffic, in whole packets counted as `type`. The bytes must not change afterwards. */
  #forward(type: number, bytes: Buffer): void {
    if (this.#held === null) {
      this.#write(type, bytes);
      return;
    }
    this.packetsSent++;
    this.#traffic('sent', type, bytes.length);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    this.#boundBacklog();
  }

  #boundBacklog(): void {
    if (this.bytesQueued <= BACKLOG_BYTES_MAX) return;
    this.close(`${this.bytesQueued} bytes wait for a learner that does not keep up`);
  }

  /** Called twice a tick. Closes a learner that was silent, or owes an ack, for longer than the limits allow. */
  tick(lastProposed: number): void {
    const { initLimitMs, syncLimitMs } = this.#master.context.config;
    const nowMs = this.#master.context.clock.monotonicMs();
    if (this.#phase === 'broadcast') {
      if (nowMs - this.#lastHeardMs > syncLimitMs)
        this.close(`nothing heard for ${syncLimitMs} ms (syncLimit)`);
      else if (this.#unackedSinceMs > 0 && nowMs - this.#unackedSinceMs > syncLimitMs) {
        this.close(`a proposal was not acked for ${syncLimitMs} ms (syncLimit)`);
      }
    } else if (nowMs - this.#openedMs > initLimitMs) {
      this.close(`not synced within ${initLimitMs} ms (initLimit)`);
    }
    const takesPackets =
      this.#phase === 'start' || this.#phase === 'broadcast' || this.#phase === 'ackNewLeader';
    if (takesPackets && this.#snapshot === null) {
      this.sendPacket({ type: PacketType.PING, zxid: lastProposed, data: null, authinfo: null });
    }
  }

  heardWithinMs(limitMs: number): boolean {
    return this.#master.context.clock.monotonicMs() - this.#lastHeardMs <= limitMs;
  }

  #traffic(direction: 'sent' | 'received', type: number, bytes: number): void {
    this.#trafficOf(direction, type).add(bytes);
  }

  /** Whoever says it is a server of no configuration shares one name: names cost memory. */
  get #name(): string {
    const known = this.#master.context.config.quorum?.config.servers.has(this.sid) ?? false;
    return known ? `sid_${this.sid}` : 'unknown';
  }

  #trafficOf(direction: 'sent' | 'received', type: number): Traffic {
    const table = direction === 'sent' ? this.#sentTraffic : this.#receivedTraffic;
    let traffic = table.get(type);
    if (traffic === undefined) {
      traffic = this.#master.context.metrics.trafficOf(direction, packetName(type).toLowerCase(), this.#name);
      // Until it has said who it is, nothing is remembered under a name.
      if (this.#info !== null) table.set(type, traffic);
    }
    return traffic;
  }

  close(reason: string, warn = true): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#snapshot = null;
    this.#held = null;
    this.#packets.suspend();
    const fields = { learner: this.sid, from: this.remote };
    if (warn) this.#master.context.logger.warn(`learner connection closed: ${reason}`, fields);
    else this.#master.context.logger.info(`learner connection closed: ${reason}`, fields);
    this.#connection.destroy(reason);
    this.#master.onClosed(this);
  }
}

const INFORM_TYPE = Buffer.from([0, 0, 0, PacketType.INFORM]);
