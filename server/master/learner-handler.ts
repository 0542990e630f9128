import { formatAddress } from '../runtime/host-address.ts';
import type { Connection } from '../runtime/runtime.ts';
import { Units } from '../turns/turn-budget.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { PacketType, PROTOCOL_VERSION, type QuorumPacket } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { counterOf, EPOCH_MAX, epochOf, isEpoch, makeZxid, zxidToHex } from '../wire/zxid.ts';
import { PacketInput } from '../zab/packet-input.ts';
import { PacketReader, type PacketView } from '../zab/packet-stream.ts';
import { ForwardedIdentities } from './forwarded-identities.ts';
import type { LearnerInfo, LearnerMaster } from './learner-master.ts';
import { LearnerOutput } from './learner-output.ts';
import { touchedSessions } from './learner-packets.ts';
import { LearnerProbe } from './learner-probe.ts';
import { LearnerSync, type SyncedLearner } from './learner-sync.ts';
import { LearnerTraffic } from './learner-traffic.ts';
import type { SyncPlan } from './sync-plan.ts';

/** Of a packet of the handshake: none has more than a LearnerInfo in it. */
const HANDSHAKE_PACKET_BYTES_MAX = 4096;

const TOUCHED_AT_ONCE = 500;

type Phase = 'hello' | 'epoch' | 'ackEpoch' | 'wait' | 'ackNewLeader' | 'start' | 'broadcast' | 'closed';

/**
 * The master's side of one learner: handshake, sync, then forwarding. @see docs/quorum.md "Message ladder";
 * LearnerHandler
 */
export class LearnerHandler implements SyncedLearner {
  readonly #connection: Connection;
  readonly #master: LearnerMaster<LearnerHandler>;
  readonly #packets: PacketReader;
  readonly #input: PacketInput;
  readonly #openedMs: number;
  #phase: Phase = 'hello';
  #info: LearnerInfo | null = null;
  #isObserver = false;
  #epoch = 0;
  /**
   * Holds live traffic back from the registration for it to UPTODATE. A learner may take it before, but
   * Apache's up to 3.9.2 fails on a COMMIT between NEWLEADER and UPTODATE whose proposal came before
   * NEWLEADER (ZOOKEEPER-4394): under load it would come back again and again.
   */
  readonly #output: LearnerOutput;
  readonly #sync: LearnerSync;
  readonly #probe: LearnerProbe;
  /**
   * When the learner took some of its sync, or was greeted. A large tree takes as long as it takes: a limit
   * on the whole would begin it again for ever.
   */
  #lastMovedMs: number;
  #lastHeardMs: number;
  /** When the oldest proposal not yet acked was sent; 0 when all are acked. */
  #unackedSinceMs = 0;
  #lastSentProposal = 0;
  lastAckedZxid = 0;
  /** Not read from: it has asked for more than its master may keep. */
  #isHeldBack = false;
  readonly traffic: LearnerTraffic;
  readonly identities = new ForwardedIdentities();

  constructor(connection: Connection, master: LearnerMaster<LearnerHandler>) {
    this.#connection = connection;
    this.#master = master;
    this.traffic = new LearnerTraffic(master.context.metrics);
    this.#openedMs = master.context.clock.monotonicMs();
    this.#lastMovedMs = this.#openedMs;
    this.#lastHeardMs = this.#openedMs;
    this.#packets = new PacketReader(HANDSHAKE_PACKET_BYTES_MAX, packet => this.#onPacket(packet));
    this.#output = new LearnerOutput(connection, this.traffic, {
      isSpare: () => this.#isObserver || !this.synced || master.canSpare(this),
      onGivenUp: bytes => this.#onGivenUp(bytes),
    });
    this.#sync = this.#newSync();
    this.#probe = new LearnerProbe(master.context.clock, {
      ping: mark => this.#pingMarked(mark),
      // One that waits for the start of the leader has nothing to say meanwhile.
      hasMovedSince: ms => this.#phase === 'start' || this.#lastMovedMs >= ms,
    });
    this.#input = new PacketInput(this.#packets, {
      connection,
      turns: () => master.turnsOf(this),
      onError: error => {
        // Anything else is a fault of this server, which must not be mistaken for one of the learner.
        if (!(error instanceof JuteError)) throw error;
        this.close(`malformed packet: ${error.message}`);
      },
    });
    connection.start({
      onData: chunk => this.#onData(chunk),
      onClose: reason => this.close(reason, false),
      onDrain: () => {
        this.#output.drained();
        this.#sync.drained();
      },
    });
  }

  #newSync(): LearnerSync {
    return new LearnerSync({
      context: this.#master.context,
      throttlers: this.#master.throttlers,
      output: this.#output,
      traffic: this.traffic,
      learner: this,
      register: lastSeenZxid => {
        this.#output.hold(this.#master.backlogOf(this));
        this.#master.startForwarding(this, lastSeenZxid);
      },
      announce: packet => {
        this.#phase = 'ackNewLeader';
        this.#output.sendAhead(packet);
      },
      onMoved: () => this.#moved(),
      onBrought: () => this.#onBrought(),
    });
  }

  get sid(): number {
    return this.#info?.sid ?? -1;
  }

  /** It has said who it is. */
  get named(): boolean {
    return this.#info !== null;
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  get isVoter(): boolean {
    return this.#master.isVoter(this);
  }

  get isObserver(): boolean {
    return this.#isObserver;
  }

  get host(): string {
    return this.#connection.remote.host;
  }

  /** Of what it has sent and that is not whole, or waits for its turn. */
  get inputBytesKept(): number {
    return this.#packets.bytesKept;
  }

  get remote(): string {
    return formatAddress(this.#connection.remote);
  }

  /** Serving: counted among the synced learners. */
  get synced(): boolean {
    return this.#phase === 'broadcast';
  }

  get bytesQueued(): number {
    return this.#output.bytesQueued;
  }

  get packetsQueued(): number {
    return this.#output.packetsQueued;
  }

  /** How it was brought up to date, for admin and the lab. */
  get syncMode(): SyncPlan['mode'] | null {
    return this.#sync.mode;
  }

  /** Monotonic. */
  get establishedMs(): number {
    return this.#openedMs;
  }

  #onData(chunk: Buffer): void {
    if (this.#phase === 'closed') return;
    this.#lastHeardMs = this.#master.context.clock.monotonicMs();
    this.#input.feed(chunk, this.#lastHeardMs);
    if (this.#packets.bytesKept > 0) this.#master.onPartialPacket(this);
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
    const role = this.#master.context.membership.servers.get(sid)?.role;
    if (role !== undefined && (role === 'participant') !== isFollower) {
      this.close(`server ${sid} is ${aRole(role)} by the configuration here, and came with ${packet}`);
      return;
    }
    this.#isObserver = !isFollower;
    this.#info = { sid, protocolVersion, acceptedEpoch };
    this.traffic.named(sid, this.#master.context.membership.servers.has(sid));
    this.#phase = 'epoch';
    this.#master.awaitEpoch(this, this.#info, epoch => {
      if (this.#phase !== 'epoch') return;
      this.#epoch = epoch;
      this.#phase = 'ackEpoch';
      const version = Buffer.alloc(4);
      version.writeInt32BE(PROTOCOL_VERSION);
      this.#output.sendAhead({
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
      if (this.#phase === 'wait') this.#master.awaitSeat(this, () => this.#sync.begin(peerLastZxid));
    });
  }

  #moved(): void {
    this.#lastMovedMs = this.#master.context.clock.monotonicMs();
  }

  #onBrought(): void {
    if (this.#phase === 'broadcast') {
      this.#output.release();
      return;
    }
    this.#output.sendAhead({
      type: PacketType.NEWLEADER,
      zxid: makeZxid(this.#epoch, 0),
      data: Buffer.from(this.#master.context.membership.lastSeen.verifier.text, 'utf8'),
      authinfo: null,
    });
  }

  #onNewLeaderAck(packet: PacketView): void {
    if (packet.type === PacketType.PING) return;
    // Apache up to 3.8.4 may ack what the sync brought before it acks NEWLEADER. It counts for nothing.
    // ZOOKEEPER-4685
    if (packet.type === PacketType.ACK && counterOf(packet.zxid) !== 0) return;
    if (packet.type !== PacketType.ACK || packet.zxid !== makeZxid(this.#epoch, 0)) {
      this.close(`${packet} where the ACK of NEWLEADER ${zxidToHex(makeZxid(this.#epoch, 0))} was expected`);
      return;
    }
    this.#phase = 'start';
    this.#moved();
    this.#sync.learnerSynced();
    this.#packets.packetBytesMax = this.#master.context.config.jute.packetBytesMax;
    this.#master.awaitStart(this, () => {
      if (this.#phase !== 'start') return;
      this.#phase = 'broadcast';
      this.#output.sendAhead({ type: PacketType.UPTODATE, zxid: -1, data: null, authinfo: null });
      this.#release();
    });
  }

  #release(): void {
    if (this.#sync.hasLetGo) this.#sync.nextRound(this.#isObserver);
    else this.#output.release();
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
        this.#probe.heard(packet.zxid);
        this.#touch(packet);
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

  /** The sessions of a PING: one of 100,000 would hold the loop for long. */
  #touch(packet: PacketView): void {
    if (packet.dataLength === 0) return;
    const touched = touchedSessions(packet);
    this.#input.takeInPieces(budget => {
      if (this.#phase === 'closed') return false;
      budget.spend(TOUCHED_AT_ONCE * Units.item);
      return touched.next(TOUCHED_AT_ONCE, (high, low, timeoutMs) =>
        this.#master.onTouched(this, high, low, timeoutMs),
      );
    });
  }

  /** An answer. */
  sendPacket(packet: QuorumPacket): void {
    this.#output.send(packet);
  }

  sendProposal(packet: TxnPacket): void {
    this.traffic.sentZxid(packet.zxid);
    this.#lastSentProposal = packet.zxid;
    if (this.#unackedSinceMs === 0) this.#unackedSinceMs = this.#master.context.clock.monotonicMs();
    this.#output.forward(PacketType.PROPOSAL, packet.bytes);
  }

  sendInform(packet: TxnPacket): void {
    this.traffic.sentZxid(packet.zxid);
    this.#output.forward(PacketType.INFORM, packet.bytes);
  }

  /** Many whole packets of one type in one piece. */
  sendBatch(type: number, bytes: Buffer, count: number): void {
    this.#output.forward(type, bytes, count);
  }

  /** Too much is kept for all learners, and this one has the oldest of it. */
  #onGivenUp(bytes: number): void {
    if (this.#output.holdsTraffic) {
      this.#master.stopForwarding(this);
      this.#sync.letGo();
    } else this.close(`${bytes} bytes wait for a learner that does not keep up`);
  }

  /** Nothing more is read from it until `releaseRequests`. @see RequestLine */
  holdRequests(): void {
    this.#isHeldBack = true;
    this.#input.hold();
  }

  releaseRequests(): void {
    this.#isHeldBack = false;
    if (this.#phase !== 'closed') this.#input.release();
  }

  /** Its PINGs, which tell of its sessions, cannot be read either. */
  #countAsHeard(): void {
    this.#lastHeardMs = this.#master.context.clock.monotonicMs();
    this.#master.onHeldBack(this);
  }

  /**
   * Called twice a tick. Closes a learner that stood still, was silent or owes an ack for longer than the
   * limits allow.
   */
  tick(lastProposed: number): void {
    const { initLimitMs, syncLimitMs } = this.#master.context.config;
    const nowMs = this.#master.context.clock.monotonicMs();
    if (this.#isHeldBack) this.#countAsHeard();
    if (this.#phase === 'broadcast') {
      if (nowMs - this.#lastHeardMs > syncLimitMs)
        this.close(`nothing heard for ${syncLimitMs} ms (syncLimit)`);
      else if (this.#unackedSinceMs > 0 && nowMs - this.#unackedSinceMs > syncLimitMs) {
        this.close(`a proposal was not acked for ${syncLimitMs} ms (syncLimit)`);
      }
    }
    const isSyncing = this.#phase !== 'broadcast' || this.#sync.isSending;
    if (isSyncing && nowMs - this.#lastMovedMs > initLimitMs)
      this.close(`its sync did not go on for ${initLimitMs} ms (initLimit)`);
    const isBrought = (this.#phase === 'start' || this.#phase === 'ackNewLeader') && !this.#sync.isSending;
    if (isBrought || this.#phase === 'broadcast') {
      this.#output.sendPing({ type: PacketType.PING, zxid: lastProposed, data: null, authinfo: null });
    }
  }

  /** Whether its learner is there; see `LearnerProbe.ask`. */
  probe(withinMs: number, done: (isThere: boolean) => void): void {
    this.#probe.ask(withinMs, done);
  }

  #pingMarked(mark: number): boolean {
    if (this.#phase !== 'broadcast') return false;
    this.#output.sendPing({ type: PacketType.PING, zxid: mark, data: null, authinfo: null });
    return true;
  }

  heardWithinMs(limitMs: number): boolean {
    return this.#master.context.clock.monotonicMs() - this.#lastHeardMs <= limitMs;
  }

  close(reason: string, warn = true): void {
    if (this.#phase === 'closed') return;
    const wasSynced = this.synced;
    this.#phase = 'closed';
    this.#sync.close();
    this.#output.close();
    this.#input.stop();
    const fields = { learner: this.sid, from: this.remote };
    // Those of followers that served are not left out because of others.
    const who = wasSynced && !this.#isObserver ? 'followers' : 'learners';
    const { lines } = this.#master.context;
    const message = `learner connection closed: ${reason}`;
    if (warn) lines.warn(`closed connections of ${who}`, message, fields);
    else lines.info(`${who} that left`, message, fields);
    this.#connection.destroy(reason);
    this.#master.onClosed(this);
    this.#probe.close();
  }
}

function aRole(role: 'participant' | 'observer'): string {
  return role === 'participant' ? 'a participant' : 'an observer';
}
