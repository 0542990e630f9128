import { formatAddress } from '../runtime/host-address.ts';
import type { Connection } from '../runtime/runtime.ts';
import type { DiskDiff } from '../storage/disk-diff.ts';
import { JuteError, JuteReader, JuteWriter } from '../wire/jute.ts';
import { PacketType, type QuorumPacket, writeQuorumPacket } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { counterOf, EPOCH_MAX, epochOf, isEpoch, makeZxid, zxidToHex } from '../wire/zxid.ts';
import { ForwardedIdentities } from './forwarded-identities.ts';
import type { LearnerInfo, LearnerMaster } from './learner-master.ts';
import type { LearnerSyncThrottler } from './learner-sync-throttler.ts';
import { LearnerTraffic } from './learner-traffic.ts';
import { PacketReader, type PacketView } from './packet-stream.ts';
import { needsDisk, planSync, type SyncPlan, type SyncQuestion } from './sync-plan.ts';
import { HistoryStream, SnapshotStream, type SyncStream } from './sync-stream.ts';

export const PROTOCOL_VERSION = 0x10000;

/** What may wait for a learner that does not keep up, or is still taking its snapshot. */
const BACKLOG_BYTES_MAX = 512 * 1024 * 1024;
/** Of log read, or of a sync sent, in one turn of the loop: a few ms. */
const SLICE_BYTES = 256 * 1024;
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
  /** Before NEWLEADER: the log being read for it, then what is being sent. */
  #diff: DiskDiff | null = null;
  #stream: SyncStream | null = null;
  /** While it syncs. */
  #throttler: LearnerSyncThrottler | null = null;
  /**
   * When the learner took some of its sync, or was greeted. A large tree takes as long as it takes: a limit on the whole would
   * begin it again for ever.
   */
  #lastMovedMs: number;
  #lastHeardMs: number;
  /** When the oldest proposal not yet acked was sent; 0 when all are acked. */
  #unackedSinceMs = 0;
  #lastSentProposal = 0;
  lastAckedZxid = 0;
  /** How it was brought up to date, for admin and the lab. */
  syncMode: SyncPlan['mode'] | null = null;
  readonly traffic: LearnerTraffic;
  readonly identities = new ForwardedIdentities();

  constructor(connection: Connection, master: LearnerMaster) {
    this.#connection = connection;
    this.#master = master;
    this.traffic = new LearnerTraffic(master.context.metrics);
    this.#openedMs = master.context.clock.monotonicMs();
    this.#lastMovedMs = this.#openedMs;
    this.#lastHeardMs = this.#openedMs;
    this.#packets = new PacketReader(HANDSHAKE_PACKET_BYTES_MAX, packet => this.#onPacket(packet));
    connection.start({
      onData: chunk => this.#onData(chunk),
      onClose: reason => this.close(reason, false),
      onDrain: () => this.#sendSlice(),
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
    return formatAddress(this.#connection.remote);
  }

  /** Serving: counted among the synced learners. */
  get synced(): boolean {
    return this.#phase === 'broadcast';
  }

  get bytesQueued(): number {
    return this.#connection.bytesQueued + this.#heldBytes;
  }

  /** Held until it is synced. */
  get packetsQueued(): number {
    return this.#held?.length ?? 0;
  }

  /** Monotonic. */
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
    const greeted = this.#phase === 'start' || this.#phase === 'broadcast';
    this.traffic.received(packet.type, packet.end - packet.start, greeted);
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
    if (!isEpoch(acceptedEpoch)) {
      this.close(`learner ${sid} has accepted epoch ${acceptedEpoch}, 0 to ${EPOCH_MAX} accepted`);
      return;
    }
    this.#isObserver = !isFollower;
    this.#info = { sid, protocolVersion, configVersion, acceptedEpoch };
    this.traffic.named(sid, this.#master.context.config.quorum?.config.servers.has(sid) ?? false);
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

  /** What is asked and the registration are of one moment, with no commit between them: what comes later is held. */
  #sync(peerLastZxid: number): void {
    const { database, config } = this.#master.context;
    const { lastProcessedZxid, committedLog } = database;
    const committed = Array.from({ length: committedLog.size }, (_, i) => committedLog.at(i));
    const question = {
      peerLastZxid,
      lastProcessedZxid,
      committed: {
        min: database.minCommittedZxid,
        max: database.maxCommittedZxid,
        zxids: committed.map(packet => packet.zxid),
      },
      forceSnapshot: config.forceSnapshotSync,
    };
    this.#register(lastProcessedZxid);
    this.#diff = needsDisk(question) ? database.readLogFrom(peerLastZxid, lastProcessedZxid) : null;
    if (this.#diff === null) this.#bring(planSync({ ...question, disk: null }), committed);
    else this.#readLog(this.#diff, question);
  }

  #register(lastSeenZxid: number): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#master.startForwarding(this, lastSeenZxid);
  }

  #readLog(diff: DiskDiff, question: Omit<SyncQuestion, 'disk'>): void {
    if (this.#diff !== diff) return;
    this.#moved();
    if (diff.read(SLICE_BYTES)) {
      this.#master.context.clock.after(0, () => this.#readLog(diff, question));
      return;
    }
    this.#diff = null;
    const plan = planSync({ ...question, disk: diff.zxids });
    // A snapshot has what was committed while the log was read: held is only what comes from here on.
    if (plan.mode === 'SNAP') this.#register(this.#master.context.database.lastProcessedZxid);
    this.#bring(plan, diff.packets);
  }

  /** `history` holds whatever the plan may want sent. */
  #bring(plan: SyncPlan, history: readonly TxnPacket[]): void {
    const { database, logger, metrics } = this.#master.context;
    const { mode } = plan;
    const throttler = this.#master.throttlers[mode];
    if (!throttler.begin(!this.#isObserver)) {
      this.close(`${throttler.syncsMax} learners are being synced, the most at a time (${throttler.key})`);
      return;
    }
    this.#throttler = throttler;
    this.syncMode = mode;
    metrics.counter(`${mode.toLowerCase()}_count`).add();
    const zxid = mode === 'SNAP' ? database.lastProcessedZxid : plan.zxid;
    logger.info(`${mode} to learner ${this.sid}`, { learner: this.sid, zxid: zxidToHex(zxid) });
    if (mode === 'SNAP') this.#stream = new SnapshotStream(database);
    else if (plan.source !== 'none') this.#stream = new HistoryStream(history, plan.after);
    if (mode !== 'DIFF') this.#master.onCut(this);
    this.sendPacket({ type: PacketType[mode], zxid, data: null, authinfo: null });
    this.#phase = 'ackNewLeader';
    if (this.#stream === null) this.#sendNewLeader();
    else this.#sendSlice();
  }

  #sendSlice(): void {
    const stream = this.#stream;
    if (stream === null || this.#phase === 'closed') return;
    this.#moved();
    const writer = new JuteWriter(SLICE_BYTES + 4096);
    const more = stream.next(writer, SLICE_BYTES, (type, bytes) => this.traffic.sent(type, bytes));
    const roomLeft = this.#connection.write(writer.buffer, 0, writer.length);
    if (!more) {
      this.#stream = null;
      this.#sendNewLeader();
    } else if (roomLeft) {
      this.#master.context.clock.after(0, () => this.#sendSlice());
    }
  }

  #moved(): void {
    this.#lastMovedMs = this.#master.context.clock.monotonicMs();
  }

  #sendNewLeader(): void {
    this.sendPacket({
      type: PacketType.NEWLEADER,
      zxid: makeZxid(this.#epoch, 0),
      data: Buffer.from(this.#master.context.configText, 'utf8'),
      authinfo: null,
    });
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
    this.#endSync();
    this.#packets.packetBytesMax = this.#master.context.config.jute.packetBytesMax;
    this.#master.awaitStart(this, () => {
      if (this.#phase !== 'start') return;
      this.#phase = 'broadcast';
      this.sendPacket({ type: PacketType.UPTODATE, zxid: -1, data: null, authinfo: null });
      this.#release();
    });
  }

  #endSync(): void {
    this.#throttler?.end();
    this.#throttler = null;
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
        this.#master.context.metrics.counter('revalidate_count').add();
        this.#master.onRevalidate(this, packet);
        return;
      default:
        this.close(`unexpected ${packet}`);
    }
  }

  /** Part of the handshake, or an answer: it does not wait behind what is held. */
  sendPacket(packet: QuorumPacket): void {
    if (packet.type !== PacketType.LEADERINFO && packet.type !== PacketType.SNAP)
      this.traffic.sentZxid(packet.zxid);
    const writer = this.#writer.reset();
    writeQuorumPacket(writer, packet);
    this.#write(packet.type, writer.bytes);
  }

  #write(type: number, bytes: Buffer, packets = 1): void {
    if (this.#phase === 'closed') return;
    this.traffic.sent(type, bytes.length, packets);
    this.#connection.write(bytes);
    this.#boundBacklog();
  }

  sendProposal(packet: TxnPacket): void {
    this.traffic.sentZxid(packet.zxid);
    this.#lastSentProposal = packet.zxid;
    if (this.#unackedSinceMs === 0) this.#unackedSinceMs = this.#master.context.clock.monotonicMs();
    this.#forward(PacketType.PROPOSAL, packet.bytes);
  }

  /** INFORM differs from PROPOSAL in its first four bytes. Row 000-7: a commit that carries the payload. */
  sendInform(packet: TxnPacket): void {
    this.traffic.sentZxid(packet.zxid);
    const bytes = packet.bytes;
    if (this.#held !== null) {
      const inform = Buffer.from(bytes);
      inform.writeInt32BE(PacketType.INFORM, 0);
      this.#forward(PacketType.INFORM, inform);
      return;
    }
    this.traffic.sent(PacketType.INFORM, bytes.length);
    this.#connection.write(INFORM_TYPE);
    this.#connection.write(bytes, 4, bytes.length);
    this.#boundBacklog();
  }

  /** Many whole packets of one type in one piece. */
  sendBatch(type: number, bytes: Buffer, count: number): void {
    this.#forward(type, bytes, count);
  }

  /** Live traffic, in whole packets counted as `type`. The bytes must not change afterwards. */
  #forward(type: number, bytes: Buffer, packets = 1): void {
    if (this.#held === null) {
      this.#write(type, bytes, packets);
      return;
    }
    this.traffic.sent(type, bytes.length, packets);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    this.#boundBacklog();
  }

  #boundBacklog(): void {
    if (this.bytesQueued <= BACKLOG_BYTES_MAX) return;
    this.close(`${this.bytesQueued} bytes wait for a learner that does not keep up`);
  }

  /** Called twice a tick. Closes a learner that stood still, was silent or owes an ack for longer than the limits allow. */
  tick(lastProposed: number): void {
    const { initLimitMs, syncLimitMs } = this.#master.context.config;
    const nowMs = this.#master.context.clock.monotonicMs();
    if (this.#phase === 'broadcast') {
      if (nowMs - this.#lastHeardMs > syncLimitMs)
        this.close(`nothing heard for ${syncLimitMs} ms (syncLimit)`);
      else if (this.#unackedSinceMs > 0 && nowMs - this.#unackedSinceMs > syncLimitMs) {
        this.close(`a proposal was not acked for ${syncLimitMs} ms (syncLimit)`);
      }
    } else if (nowMs - this.#lastMovedMs > initLimitMs) {
      this.close(`its sync did not go on for ${initLimitMs} ms (initLimit)`);
    }
    const takesPackets =
      this.#phase === 'start' || this.#phase === 'broadcast' || this.#phase === 'ackNewLeader';
    if (takesPackets && this.#stream === null) {
      this.sendPacket({ type: PacketType.PING, zxid: lastProposed, data: null, authinfo: null });
    }
  }

  heardWithinMs(limitMs: number): boolean {
    return this.#master.context.clock.monotonicMs() - this.#lastHeardMs <= limitMs;
  }

  close(reason: string, warn = true): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#endSync();
    this.#diff?.close();
    this.#diff = null;
    this.#stream = null;
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
