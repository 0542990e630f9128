import type { SyncMode } from '../../metrics/server-events.ts';
import { formatAddress } from '../../runtime/addresses/host-address.ts';
import type { Connection } from '../../runtime/runtime.ts';
import { Units } from '../../turns/turn-budget.ts';
import { JuteError } from '../../wire/jute.ts';
import { PacketType, type QuorumPacket } from '../../wire/quorum-packet.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';
import { type LearnerInfo, type MasterEvent, type MasterOutput, MasterSide } from '../../zab/master-side.ts';
import { PacketInput } from '../../zab/packet-input.ts';
import { PacketReader, type PacketView } from '../../zab/packet-stream.ts';
import { configVersionsOf } from '../../zab/peer-context.ts';
import { ForwardedIdentities } from './forwarded-identities.ts';
import type { LearnerMaster } from './learner-master.ts';
import { LearnerOutput } from './learner-output.ts';
import { TOUCHED_AT_ONCE, touchedSessions } from './learner-packets.ts';
import { LearnerProbe } from './learner-probe.ts';
import { LearnerSync, type SyncedLearner } from './learner-sync.ts';
import { LearnerTraffic } from './learner-traffic.ts';
import { masterHistory } from './master-history.ts';
import { OwedAcks } from './owed-acks.ts';

/** Limit on a packet of the handshake: none has more than a LearnerInfo in it. */
const HANDSHAKE_PACKET_BYTES_MAX = 4096;

/**
 * One learner of a master: its connection, and the packets in both directions. `MasterSide` decides handshake
 * and sync, up to where traffic goes through. @see LearnerHandler
 */
export class LearnerHandler implements SyncedLearner {
  readonly #connection: Connection;
  readonly #master: LearnerMaster<LearnerHandler>;
  readonly #packets: PacketReader;
  readonly #input: PacketInput;
  readonly #openedMs: number;
  readonly #side: MasterSide;
  #isClosed = false;
  /** The learner has acked NEWLEADER, so its packets are traffic from now on. */
  #isGreeted = false;
  #info: LearnerInfo | null = null;
  #isObserver = false;
  #newLeaderZxid = 0;
  readonly #output: LearnerOutput;
  readonly #sync: LearnerSync;
  readonly #probe: LearnerProbe;
  /**
   * When the learner last took some of its sync, or acked NEWLEADER. An overall limit would restart a large
   * sync forever, so only lack of progress is limited.
   */
  #lastMovedMs: number;
  #lastHeardMs: number;
  readonly #owed: OwedAcks;
  /** The master does not read from it, because it has asked for more than the master may keep. */
  #isHeldBack = false;
  readonly traffic: LearnerTraffic;
  readonly identities = new ForwardedIdentities();

  constructor(connection: Connection, master: LearnerMaster<LearnerHandler>) {
    this.#connection = connection;
    this.#master = master;
    this.traffic = new LearnerTraffic(master.context.metrics);
    this.#openedMs = master.context.clock.monotonicMs();
    this.#owed = new OwedAcks(master.context.clock);
    this.#lastMovedMs = this.#openedMs;
    this.#lastHeardMs = this.#openedMs;
    this.#side = new MasterSide({
      acceptsFollowers: master.acceptsFollowers,
      offersProposals: master.context.config.observerProposalsEnabled,
      roleOf: sid => master.context.membership.roleOf(sid),
      configVersions: () => configVersionsOf(master.context),
    });
    this.#packets = new PacketReader(HANDSHAKE_PACKET_BYTES_MAX, packet => this.#onPacket(packet));
    this.#output = new LearnerOutput(connection, this.traffic, {
      isSpare: () => this.#isObserver || !this.synced || master.canSpare(this),
      isHeld: () => this.#output.holdsTraffic,
      onGivenUp: bytes => this.#onGivenUp(bytes),
    });
    this.#sync = new LearnerSync({
      context: master.context,
      throttlers: master.throttlers,
      output: this.#output,
      traffic: this.traffic,
      learner: this,
      onMoved: () => this.#moved(),
      onBrought: () => this.#step({ type: 'brought', lastProcessedZxid: this.#lastProcessedZxid }),
    });
    this.#probe = new LearnerProbe(master.context.clock, {
      ping: mark => this.#pingMarked(mark),
      // A learner that waits for the start of the leader has nothing to say meanwhile.
      hasMovedSince: ms => this.#side.phase === 'start' || this.#lastMovedMs >= ms,
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

  get sid(): number {
    return this.#info?.sid ?? -1;
  }

  /** The learner has said who it is. */
  get named(): boolean {
    return this.#info !== null;
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get isVoter(): boolean {
    return this.#master.isVoter(this);
  }

  get isObserver(): boolean {
    return this.#isObserver;
  }

  /** The learner gets proposals and commits, which an observer never acks; otherwise INFORM. */
  get hearsProposals(): boolean {
    return this.#side.hearsProposals;
  }

  get lastAckedZxid(): number {
    return this.#owed.lastAckedZxid;
  }

  get host(): string {
    return this.#connection.remote.host;
  }

  /** An observer of the configuration, connected from its own address. */
  get isAtItsAddress(): boolean {
    return this.#isObserver && this.#master.addresses.has(this.sid, this.host);
  }

  /** Bytes that it has sent and that are an incomplete packet, or wait for their turn. */
  get inputBytesKept(): number {
    return this.#packets.bytesKept;
  }

  get remote(): string {
    return formatAddress(this.#connection.remote);
  }

  /** True while the learner serves, and counts among the synced ones. */
  get synced(): boolean {
    return this.#side.phase === 'broadcast' && !this.#isClosed;
  }

  get bytesQueued(): number {
    return this.#output.bytesQueued;
  }

  get packetsQueued(): number {
    return this.#output.packetsQueued;
  }

  /** How it was brought up to date, for admin and the lab. */
  get syncMode(): SyncMode | null {
    return this.#sync.mode;
  }

  /** Monotonic. */
  get establishedMs(): number {
    return this.#openedMs;
  }

  #onData(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#lastHeardMs = this.#master.context.clock.monotonicMs();
    this.#input.feed(chunk, this.#lastHeardMs);
    if (this.#packets.bytesKept > 0) this.#master.onPartialPacket(this);
  }

  #onPacket(packet: PacketView): void {
    this.traffic.received(packet.type, packet.end - packet.start, this.#isGreeted);
    if (this.#isGreeted) this.#onTraffic(packet);
    else this.#step({ type: 'packet', packet });
  }

  #step(event: MasterEvent): void {
    if (this.#isClosed) return;
    for (const output of this.#side.step(event)) {
      this.#perform(output);
      // `#perform` closes a learner for one sync too many, or for a file that cannot be read.
      if (this.#isClosed) return;
    }
  }

  #perform(output: MasterOutput): void {
    const master = this.#master;
    switch (output.type) {
      case 'send':
        this.#output.sendAhead(output.packet);
        return;
      case 'sendNewLeader':
        this.#sendNewLeader(output.zxid);
        return;
      case 'awaitEpoch':
        this.#awaitEpoch(output.info, output.isObserver);
        return;
      case 'awaitEpochAck':
        master.awaitEpochAck(this, output.currentEpoch, output.lastZxid, () =>
          this.#step({ type: 'epochAcked' }),
        );
        return;
      case 'awaitSeat':
        master.awaitSeat(this, () => this.#step({ type: 'seated', history: masterHistory(master.context) }));
        return;
      case 'register':
        this.#output.hold(master.backlogOf(this));
        master.startForwarding(this, output.lastZxid);
        return;
      case 'readLog':
        this.#sync.readLog(output.after, output.through, zxids =>
          this.#step({ type: 'logRead', zxids, lastProcessedZxid: this.#lastProcessedZxid }),
        );
        return;
      case 'beginSync':
        this.#sync.begin(output.mode, output.zxid);
        return;
      case 'bringSnapshot':
        this.#sync.bringSnapshot();
        return;
      case 'bringHistory':
        this.#sync.bringHistory(output.after, output.through, output.asInform);
        return;
      case 'awaitStart':
        this.#awaitStart();
        return;
      case 'release':
        this.#output.release();
        return;
      case 'close':
        this.close(output.reason);
        return;
    }
  }

  get #lastProcessedZxid(): number {
    return this.#master.context.database.lastProcessedZxid;
  }

  #awaitEpoch(info: LearnerInfo, isObserver: boolean): void {
    this.#info = info;
    this.#isObserver = isObserver;
    if (isObserver) this.#observes(info);
    this.traffic.named(info.sid, this.#master.context.membership.servers.has(info.sid));
    this.#master.awaitEpoch(this, info, epoch => this.#step({ type: 'epoch', epoch }));
  }

  #observes({ sid, asksForProposals }: LearnerInfo): void {
    const { config, lines } = this.#master.context;
    this.#master.addresses.claimed(sid, this.host);
    if (!config.observerProposalsEnabled || asksForProposals) return;
    lines.info(
      'observers that ask for no proposals',
      `observer ${sid} is sent INFORM: it is one of Apache ZooKeeper's, or does not have observer.proposals.enabled`,
      { learner: sid },
    );
  }

  #sendNewLeader(zxid: number): void {
    this.#newLeaderZxid = zxid;
    this.#sync.broughtAll();
    const data = Buffer.from(this.#master.configText, 'utf8');
    this.#output.sendAhead({ type: PacketType.NEWLEADER, zxid, data, authinfo: null });
  }

  #moved(): void {
    this.#lastMovedMs = this.#master.context.clock.monotonicMs();
  }

  #awaitStart(): void {
    this.#isGreeted = true;
    this.#moved();
    this.#sync.learnerSynced();
    this.#packets.packetBytesMax = this.#master.context.config.jute.packetBytesMax;
    this.#master.awaitStart(this, () => {
      this.#step({ type: 'started', lastProcessedZxid: this.#lastProcessedZxid });
      this.#owed.released();
    });
  }

  #onTraffic(packet: PacketView): void {
    switch (packet.type) {
      case PacketType.ACK:
        // The second ACK of NEWLEADER, after UPTODATE, says nothing new.
        if (packet.zxid === this.#newLeaderZxid) return;
        if (this.#isObserver) {
          this.close(`observer ${this.sid} sent ${packet}: observers do not take part in agreement`);
          return;
        }
        this.#owed.acked(packet.zxid, this.#lastHeardMs);
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

  /** Touches the sessions of a PING, some at a time: a PING of 100,000 would hold the loop for long. */
  #touch(packet: PacketView): void {
    if (packet.dataLength === 0) return;
    const touched = touchedSessions(packet);
    this.#input.takeInPieces(budget => {
      if (this.#isClosed) return false;
      budget.spend(TOUCHED_AT_ONCE * Units.item);
      return touched.next(TOUCHED_AT_ONCE, (high, low, timeoutMs) =>
        this.#master.onTouched(this, high, low, timeoutMs),
      );
    });
  }

  /** Sends an answer. */
  sendPacket(packet: QuorumPacket): void {
    this.#output.send(packet);
  }

  sendProposal(packet: TxnPacket): void {
    this.traffic.sentZxid(packet.zxid);
    if (!this.#isObserver) this.#owed.sent(packet.zxid);
    this.#output.forward(PacketType.PROPOSAL, packet.bytes);
  }

  sendInform(packet: TxnPacket): void {
    this.traffic.sentZxid(packet.zxid);
    this.#output.forward(PacketType.INFORM, packet.bytes);
  }

  /** `bytes`: an INFORMANDACTIVATE. */
  sendActivation(zxid: number, bytes: Buffer): void {
    this.traffic.sentZxid(zxid);
    this.#output.forward(PacketType.INFORMANDACTIVATE, bytes);
  }

  /** Sends many whole packets of one type in one piece. */
  sendBatch(type: number, bytes: Buffer, count: number): void {
    this.#output.forward(type, bytes, count);
  }

  /** Called when too much is kept for all learners, and this one has the oldest packet. */
  #onGivenUp(bytes: number): void {
    if (this.#output.holdsTraffic) {
      this.#master.stopForwarding(this);
      this.#step({ type: 'letGo' });
    } else this.close(`${bytes} bytes wait for a learner that does not keep up`);
  }

  /** Stops reading from it until `releaseRequests`. @see RequestLine */
  holdRequests(): void {
    this.#isHeldBack = true;
    this.#input.hold();
  }

  releaseRequests(): void {
    this.#isHeldBack = false;
    if (!this.#isClosed) this.#input.release();
  }

  /**
   * While the master does not read from a learner, it cannot read its PINGs either, which report its
   * sessions.
   */
  #countAsHeard(): void {
    this.#lastHeardMs = this.#master.context.clock.monotonicMs();
    this.#master.onHeldBack(this);
  }

  /**
   * Called twice a tick. Closes a learner that made no progress, was silent or owes an ack for longer than
   * the limits allow.
   */
  tick(lastProposed: number): void {
    const { initLimitMs, syncLimitMs } = this.#master.context.config;
    const nowMs = this.#master.context.clock.monotonicMs();
    if (this.#isHeldBack) this.#countAsHeard();
    const { phase } = this.#side;
    const isServed = phase === 'broadcast';
    if (isServed) {
      if (nowMs - this.#lastHeardMs > syncLimitMs)
        this.close(`nothing heard for ${syncLimitMs} ms (syncLimit)`);
      else if (this.#owed.areOverdue(nowMs, syncLimitMs))
        this.close(`a proposal was not acked for ${syncLimitMs} ms (syncLimit)`);
    }
    if ((!isServed || this.#sync.isSending) && nowMs - this.#lastMovedMs > initLimitMs)
      this.close(`its sync did not go on for ${initLimitMs} ms (initLimit)`);
    if (isServed || phase === 'ackNewLeader' || phase === 'start')
      this.#output.sendPing({ type: PacketType.PING, zxid: lastProposed, data: null, authinfo: null });
  }

  /** Asks whether its learner is there; see `LearnerProbe.ask`. */
  probe(withinMs: number, done: (isThere: boolean) => void): void {
    this.#probe.ask(withinMs, done);
  }

  #pingMarked(mark: number): boolean {
    if (!this.synced) return false;
    this.#output.sendPing({ type: PacketType.PING, zxid: mark, data: null, authinfo: null });
    return true;
  }

  heardWithinMs(limitMs: number): boolean {
    return this.#master.context.clock.monotonicMs() - this.#lastHeardMs <= limitMs;
  }

  close(reason: string, warn = true): void {
    if (this.#isClosed) return;
    const wasSynced = this.synced;
    this.#isClosed = true;
    this.#sync.close();
    this.#output.close();
    this.#input.stop();
    const fields = { learner: this.sid, from: this.remote };
    // Lines about followers that served have a rate limit of their own, so that other lines do not crowd them
    // out.
    const who = wasSynced && !this.#isObserver ? 'followers' : 'learners';
    const { lines } = this.#master.context;
    const message = `the connection of a learner was closed: ${reason}`;
    if (warn) lines.warn(`closed connections of ${who}`, message, fields);
    else lines.info(`${who} that left`, message, fields);
    this.#connection.destroy(reason);
    this.#master.onClosed(this);
    this.#probe.close();
  }
}
