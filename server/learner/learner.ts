/** Long because the order of durable writes is told step by step, beside the code of each step. */
import { ServerError } from '../errors.ts';
import type { Address, Connection, Timer } from '../runtime/runtime.ts';
import { type ReadTxnPacket, readTxnPacket } from '../storage/parse-txn.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { JuteError, JuteWriter } from '../wire/jute.ts';
import {
  PacketType,
  PROTOCOL_VERSION,
  packetName,
  type QuorumPacket,
  writeQuorumPacket,
} from '../wire/quorum-packet.ts';
import { TXN_TRAILER_BYTES, type TxnPacket, txnPacket } from '../wire/txn-packet.ts';
import { EPOCH_MAX, epochOf, follows, isEpoch, makeZxid, zxidToHex } from '../wire/zxid.ts';
import { PacketInput, quorumTurns } from '../zab/packet-input.ts';
import { PacketReader, type PacketView } from '../zab/packet-stream.ts';
import type { PeerContext, Role } from '../zab/peer-context.ts';
import { MasterDialer } from './master-dialer.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';

/** Parsing takes some ms of a MiB. */
const SNAPSHOT_BYTES_PER_TURN = 512 * 1024;

type Phase =
  | 'connect'
  | 'leaderInfo'
  | 'syncMode'
  | 'snapshot'
  | 'sync'
  | 'busy'
  | 'upToDate'
  | 'broadcast'
  | 'ended';

/**
 * The learner's side of Zab 1.0: discovery, then sync, up to the point where it serves. What follows differs
 * between `Follower` and `Observer`.
 *
 * The order of durable writes is the protocol (docs/quorum.md "Synchronisation"; ZOOKEEPER-4643,
 * ZOOKEEPER-4685, ZOOKEEPER-3642): acceptedEpoch before ACKEPOCH; a snapshot whole and durable before
 * anything is logged on top of it; synced transactions durable before currentEpoch; currentEpoch before the
 * ACK of NEWLEADER; that ACK before any other.
 */
export abstract class Learner implements Role {
  abstract readonly name: 'follower' | 'observer';
  protected readonly context: PeerContext;
  readonly #dialer: MasterDialer;
  readonly #onEstablished: (epoch: number) => void;
  readonly #packets: PacketReader;
  readonly #turns: TurnQueue;
  #input: PacketInput | null = null;
  readonly #writer = new JuteWriter(256);
  #phase: Phase = 'connect';
  #connection: Connection | null = null;
  #watchdog: Timer | null = null;
  #lastHeardMs = 0;
  #isHeld = false;
  /**
   * The master does not take in what it was sent: it is asked for nothing more. ACKs and PINGs go all the
   * same.
   */
  #isLinkFull = false;
  #startedMs = 0;
  #newEpoch = -1;
  /** The leader's epoch is not one to follow. */
  #isRefused = false;
  #snapshot: SnapshotReceiver | null = null;
  #snapshotBytesInTurn = 0;
  /** Of the snapshot and of transactions, until this learner serves. */
  #syncBytes = 0;
  /** What NEWLEADER says of the configuration: in force with UPTODATE. */
  #leaderConfig: string | null = null;
  /** Proposals of the sync that no COMMIT has named yet, oldest first. */
  #proposed: TxnPacket[] = [];
  /**
   * Of them, how many were committed after NEWLEADER: they are logged and applied at UPTODATE. ZOOKEEPER-4394
   */
  #committedLate = 0;
  /** The last zxid proposed to us: the next must follow it. */
  #lastQueued = 0;
  #ended: ((reason: string) => void) | null = null;
  /** Where it is connected, for `mntr` and the log. */
  masterAddress: Address | null = null;
  syncMode: 'DIFF' | 'TRUNC' | 'SNAP' | null = null;

  /**
   * `rounds` of masters are tried one after the other. `onEstablished`: votes of this server name the new
   * epoch from then on.
   */
  constructor(
    context: PeerContext,
    rounds: readonly (readonly Address[])[],
    onEstablished: (epoch: number) => void,
  ) {
    this.context = context;
    this.#onEstablished = onEstablished;
    const { connectToLearnerMasterLimitMs, observerReconnectDelayMs } = context.config;
    const limits = {
      attemptTimeoutMs: connectToLearnerMasterLimitMs,
      extraPauseMs: () =>
        this.name === 'observer' && observerReconnectDelayMs > 0
          ? context.random.below(observerReconnectDelayMs + 1)
          : 0,
    };
    this.#dialer = new MasterDialer(context, rounds, limits, {
      onConnected: (connection, address) => this.#onConnected(connection, address),
      onGivenUp: reason => this.end(reason),
    });
    this.#turns = quorumTurns(context.clock);
    this.#packets = new PacketReader(context.config.jute.packetBytesMax, packet => this.#onPacket(packet));
  }

  /** No leader of an older epoch is followed. `promise`: what that epoch is, for the log. */
  protected abstract get promisedEpoch(): number;
  protected abstract readonly promise: string;
  /** Serving begins: the last step of the sync. `pending` were proposed and not committed. */
  protected abstract serve(pending: readonly TxnPacket[], committed: readonly TxnPacket[]): void;
  /** A packet of phase 3. */
  protected abstract onBroadcast(packet: PacketView): void;
  /** The master takes in what it is sent again. */
  protected abstract onLinkDrained(): void;
  /** Stops what `serve` began; `done` when its writes are on disk. */
  protected abstract stopServing(reason: string, done: () => void): void;

  get synced(): boolean {
    return this.#phase === 'broadcast';
  }

  /** The master it is connected to, or waits for. */
  get askedMaster(): Address | null {
    return this.#dialer.asked;
  }

  get epoch(): number {
    return this.#newEpoch;
  }

  /**
   * A leader of an epoch that is refused may make room at once, or go on for days. One question a tick is
   * enough.
   */
  get pauseMs(): number {
    return this.#isRefused ? this.context.config.tickTimeMs : 0;
  }

  protected get isEnded(): boolean {
    return this.#phase === 'ended';
  }

  start(ended: (reason: string) => void): void {
    this.#ended = ended;
    this.#startedMs = this.context.clock.monotonicMs();
    this.#lastHeardMs = this.#startedMs;
    this.#watchdog = this.context.clock.every(this.context.config.tickTimeMs / 2, () => this.#watch());
    this.#dialer.start();
  }

  #limitMs(): number {
    const { initLimitMs, syncLimitMs } = this.context.config;
    return this.#phase === 'broadcast' ? syncLimitMs : initLimitMs;
  }

  #watch(): void {
    const nowMs = this.context.clock.monotonicMs();
    // What holds it up is this server's own disk, or what it has to apply, and nothing is read meanwhile.
    if (this.#phase === 'busy' || this.#isHeld) this.#lastHeardMs = nowMs;
    const silentMs = nowMs - this.#lastHeardMs;
    const limitMs = this.#limitMs();
    if (silentMs > limitMs) {
      this.end(
        `nothing heard from the ${this.#phase === 'connect' ? 'network' : 'master'} for ${limitMs} ms`,
      );
    }
  }

  #onConnected(connection: Connection, address: Address): void {
    this.#connection = connection;
    this.masterAddress = address;
    this.#phase = 'leaderInfo';
    let heard = false;
    this.#input = new PacketInput(this.#packets, {
      connection,
      turns: () => this.#turns,
      onError: error => this.#onMalformed(error),
    });
    connection.start({
      onData: chunk => {
        heard = true;
        this.#onData(chunk);
      },
      onDrain: () => this.#onDrained(),
      onClose: reason => {
        if (heard || this.#phase !== 'leaderInfo') this.end(`connection to the master lost: ${reason}`);
        else this.#onUnanswered();
      },
    });
    const info = new JuteWriter(20);
    // That of the file: a leader of Apache's turns a learner away that has a newer one than itself.
    const configVersion = this.context.config.quorum?.config.version ?? 0;
    info.writeLong(this.context.sid).writeInt(PROTOCOL_VERSION).writeLong(configVersion);
    this.send({
      type: this.name === 'follower' ? PacketType.FOLLOWERINFO : PacketType.OBSERVERINFO,
      zxid: makeZxid(this.context.epochs.acceptedEpoch, 0),
      data: info.toBuffer(),
      authinfo: null,
    });
  }

  /** Elected a moment before the leader listens: a new election would only repeat that. */
  #onUnanswered(): void {
    this.#phase = 'connect';
    this.#connection = null;
    this.masterAddress = null;
    this.#dialer.next();
  }

  send(packet: QuorumPacket): void {
    const writer = this.#writer.reset();
    writeQuorumPacket(writer, packet);
    this.sendRaw(packet.type, writer.buffer, 0, writer.length);
  }

  /** Bytes of one packet of `type`, whole or a piece of it; count a packet once. */
  protected sendRaw(type: number, bytes: Buffer, start: number, end: number, messages = 1): void {
    this.#connection?.write(bytes, start, end);
    this.context.metrics
      .trafficOf('sent', packetName(type).toLowerCase(), 'master')
      .add(end - start, messages);
  }

  /** One packet in three pieces, so that what is in the middle is not copied twice. */
  sendPieces(type: number, head: JuteWriter, bytes: Buffer, start: number, end: number, tail: Buffer): void {
    const connection = this.#connection;
    if (connection === null) return;
    connection.write(head.buffer, 0, head.length);
    connection.write(bytes, start, end);
    if (!connection.write(tail)) this.#isLinkFull = true;
    const size = head.length + end - start + tail.length;
    this.context.metrics.trafficOf('sent', packetName(type).toLowerCase(), 'master').add(size);
  }

  get hasRoom(): boolean {
    return !this.#isLinkFull;
  }

  #onDrained(): void {
    if (!this.#isLinkFull) return;
    this.#isLinkFull = false;
    if (this.#phase === 'broadcast') this.onLinkDrained();
  }

  /** Nothing more is read from the master: this server has enough to apply. */
  pause(): void {
    this.#isHeld = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isHeld = false;
    this.#connection?.resume();
  }

  #onData(chunk: Buffer): void {
    if (this.#phase === 'ended') return;
    this.#lastHeardMs = this.context.clock.monotonicMs();
    if (this.#phase !== 'snapshot') {
      this.#input?.feed(chunk, this.#lastHeardMs);
      return;
    }
    try {
      this.#onSnapshotBytes(chunk);
      this.#paceSnapshot(chunk.length);
    } catch (error) {
      this.#onMalformed(error);
    }
  }

  /** A tree of gigabytes comes as fast as it is read: others have their turn in between. */
  #paceSnapshot(bytes: number): void {
    this.#snapshotBytesInTurn += bytes;
    if (this.#snapshotBytesInTurn < SNAPSHOT_BYTES_PER_TURN || this.#phase !== 'snapshot') return;
    this.#input?.hold();
    this.context.clock.inNextTurn(() => {
      this.#snapshotBytesInTurn = 0;
      if (this.#phase === 'snapshot') this.#input?.release();
    });
  }

  /** A fault of this server is not one of the master's: it has left something half done. */
  #onMalformed(error: unknown): void {
    const ofTheMaster =
      error instanceof JuteError || (error instanceof ServerError && error.code === 'ZK_SNAPSHOT_CORRUPT');
    if (!ofTheMaster) throw error;
    this.end(`malformed input from the master: ${error.message}`);
  }

  #onPacket(packet: PacketView): void {
    this.context.metrics
      .trafficOf('received', packetName(packet.type).toLowerCase(), 'master')
      .add(packet.end - packet.start);
    switch (this.#phase) {
      case 'leaderInfo':
        this.#onLeaderInfo(packet);
        return;
      case 'syncMode':
        this.#onSyncMode(packet);
        return;
      case 'sync':
        this.#onSync(packet);
        return;
      case 'upToDate':
        this.#beforeUpToDate(packet);
        return;
      case 'broadcast':
        this.onBroadcast(packet);
        return;
      default:
        this.end(`${packet} in phase ${this.#phase}`);
    }
  }

  #onLeaderInfo(packet: PacketView): void {
    if (packet.type !== PacketType.LEADERINFO) {
      this.end(`${packet} where LEADERINFO was expected`);
      return;
    }
    const { epochs, database } = this.context;
    this.#newEpoch = epochOf(packet.zxid);
    if (!isEpoch(this.#newEpoch)) {
      this.#isRefused = true;
      this.end(
        `leader's epoch ${this.#newEpoch} is not one of 0 to ${EPOCH_MAX}, all that this server can count: see server/docs/epochs.md`,
      );
      return;
    }
    if (this.#newEpoch < this.promisedEpoch) {
      this.#isRefused = true;
      this.end(`leader's epoch ${this.#newEpoch} is older than ${this.promise} ${this.promisedEpoch}`);
      return;
    }
    const answer = Buffer.alloc(4);
    const isWiped = database.lastProcessedZxid < 0;
    if (this.#newEpoch > epochs.acceptedEpoch) {
      epochs.setAcceptedEpoch(this.#newEpoch);
      // A member that lost its data is no witness that nothing was committed. ZOOKEEPER-261
      answer.writeInt32BE(isWiped ? -1 : epochs.currentEpoch, 0);
    } else {
      // Accepted before, this one or an observer's later one: answered, and not to be counted. Row 002-11.
      answer.writeInt32BE(-1, 0);
    }
    this.#phase = 'syncMode';
    // Nothing of ours can be cut to where the master wants it. For a zxid before all logs it has only a
    // snapshot; for 0, an empty tree, it might send its whole log, on top of ours.
    const zxid = isWiped || this.context.sync.snapshotNeeded ? BEFORE_ALL_LOGS : database.lastLoggedZxid;
    this.send({ type: PacketType.ACKEPOCH, zxid, data: answer, authinfo: null });
  }

  #onSyncMode(packet: PacketView): void {
    const { database } = this.context;
    switch (packet.type) {
      case PacketType.DIFF:
        this.syncMode = 'DIFF';
        break;
      case PacketType.TRUNC:
        this.syncMode = 'TRUNC';
        if (!database.truncate(packet.zxid)) {
          this.context.sync.snapshotNeeded = true;
          this.context.events.emit({ kind: 'truncImpossible', zxid: packet.zxid });
          this.end(`the files here cannot give the state at ${zxidToHex(packet.zxid)} that TRUNC asks for`);
          return;
        }
        break;
      case PacketType.SNAP:
        this.syncMode = 'SNAP';
        this.#snapshot = new SnapshotReceiver(database.beginRestore(), packet.zxid);
        this.#phase = 'snapshot';
        this.#packets.suspend();
        break;
      default:
        this.end(`${packet} where DIFF, TRUNC or SNAP was expected`);
        return;
    }
    this.context.events.emit({
      kind: 'syncBegun',
      mode: this.syncMode,
      zxid: packet.zxid,
      lastLogged: database.lastLoggedZxid,
    });
    if (this.#phase === 'snapshot') {
      this.#onSnapshotBytes(this.#packets.takeRest());
    } else {
      this.#phase = 'sync';
      this.#lastQueued = database.lastLoggedZxid;
      this.context.epochs.announceCurrentEpoch(this.#newEpoch);
    }
  }

  #onSnapshotBytes(chunk: Buffer): void {
    const snapshot = this.#snapshot!;
    const after = snapshot.feed(chunk);
    this.#syncBytes += chunk.length - (after?.length ?? 0);
    if (after === null) return;
    this.#phase = 'busy';
    this.#input?.hold();
    this.#packets.add(after);
    // The snapshot may be of an epoch that currentEpoch does not cover yet: a crash right behind it is no
    // damage.
    this.context.epochs.announceCurrentEpoch(this.#newEpoch);
    // The tree is replaced only now that it is whole (ZOOKEEPER-3104, 3642), and on disk before anything
    // follows.
    this.context.database.finishRestore(snapshot.reader, snapshot.zxid, error => {
      if (this.#phase !== 'busy') return;
      if (error !== undefined) {
        this.context.onFatal(error);
        return;
      }
      this.#snapshot = null;
      this.context.sync.snapshotNeeded = false;
      this.#lastQueued = snapshot.zxid;
      this.#phase = 'sync';
      this.#input?.release();
      this.#input?.resume();
    });
  }

  #onSync(packet: PacketView): void {
    switch (packet.type) {
      case PacketType.PROPOSAL:
        this.#queue(packet);
        return;
      case PacketType.COMMIT:
      case PacketType.COMMITANDACTIVATE:
        this.#commitSynced(packet);
        return;
      case PacketType.INFORM:
      case PacketType.INFORMANDACTIVATE:
        if (this.#queue(packet)) this.#applySynced(this.#proposed.shift()!);
        return;
      case PacketType.NEWLEADER:
        this.#onNewLeader(packet);
        return;
      case PacketType.PING:
        this.#pong(packet);
        return;
      default:
        this.end(`${packet} during sync`);
    }
  }

  /** False when it does not follow what came before: a gap would be passed on for ever. ZOOKEEPER-4925 */
  #queue(packet: PacketView): boolean {
    // Proposals may come twice when the master registers us while it commits (notes on the TLA+ model of
    // Zab).
    if (packet.zxid <= this.#lastQueued) return false;
    if (!follows(packet.zxid, this.#lastQueued)) {
      this.end(
        `${packet} does not follow ${zxidToHex(this.#lastQueued)}: transactions are missing in between`,
      );
      return false;
    }
    const own = ownPacket(packet);
    this.#syncBytes += own.bytes.length;
    this.#proposed.push(own);
    this.#lastQueued = packet.zxid;
    return true;
  }

  #commitSynced(packet: PacketView): void {
    const head = this.#proposed[0];
    if (head === undefined || head.zxid !== packet.zxid) {
      // A duplicate of what the sync brought already is harmless; anything else is a hole.
      if (packet.zxid <= this.context.database.lastProcessedZxid) return;
      this.end(
        `${packet} where the oldest proposal is ${head === undefined ? 'none' : zxidToHex(head.zxid)}`,
      );
      return;
    }
    this.#proposed.shift();
    this.#applySynced(head);
  }

  #applySynced(packet: TxnPacket): void {
    const { database } = this.context;
    if (packet.zxid > database.lastLoggedZxid) database.append(packet);
    database.applyPacket(packet);
  }

  #onNewLeader(packet: PacketView): void {
    if (packet.zxid !== makeZxid(this.#newEpoch, 0)) {
      this.end(`${packet} where NEWLEADER ${zxidToHex(makeZxid(this.#newEpoch, 0))} was expected`);
      return;
    }
    const { database, epochs } = this.context;
    this.#leaderConfig = packet.dataLength > 1 ? packet.data().toString('utf8') : null;
    this.context.onConfigSeen(this.#leaderConfig);
    this.#phase = 'busy';
    this.#packets.suspend();
    database.flush(error => {
      if (this.#phase !== 'busy') return;
      if (error !== undefined) {
        this.context.onFatal(error);
        return;
      }
      epochs.setCurrentEpoch(this.#newEpoch);
      this.#phase = 'upToDate';
      this.#ackNewLeader();
      this.#input?.resume();
    });
  }

  #ackNewLeader(): void {
    this.send({ type: PacketType.ACK, zxid: makeZxid(this.#newEpoch, 0), data: null, authinfo: null });
  }

  #beforeUpToDate(packet: PacketView): void {
    switch (packet.type) {
      case PacketType.PROPOSAL:
        this.#queue(packet);
        return;
      case PacketType.COMMIT:
      case PacketType.COMMITANDACTIVATE:
        if (this.#proposed[this.#committedLate]?.zxid === packet.zxid) this.#committedLate++;
        else if (packet.zxid > this.context.database.lastProcessedZxid)
          this.end(`${packet} out of order before UPTODATE`);
        return;
      case PacketType.INFORM:
      case PacketType.INFORMANDACTIVATE:
        if (this.#queue(packet)) this.#committedLate++;
        return;
      case PacketType.PING:
        this.#pong(packet);
        return;
      case PacketType.UPTODATE:
        this.#onUpToDate();
        return;
      default:
        this.end(`${packet} before UPTODATE`);
    }
  }

  #onUpToDate(): void {
    if (!this.context.onConfigCommitted(this.#leaderConfig)) return;
    this.#phase = 'broadcast';
    this.#ackNewLeader();
    this.#onEstablished(this.#newEpoch);
    const tookMs = this.context.clock.monotonicMs() - this.#startedMs;
    this.context.events.emit({
      kind: 'synced',
      role: this.name,
      epoch: this.#newEpoch,
      master: this.masterAddress,
      mode: this.syncMode,
      bytes: this.#syncBytes,
      tookMs,
    });
    const committed = this.#proposed.slice(0, this.#committedLate);
    const pending = this.#proposed.slice(this.#committedLate);
    this.#proposed = [];
    this.serve(pending, committed);
  }

  /** Until it serves there are no sessions to report. */
  #pong(packet: PacketView): void {
    this.send({ type: PacketType.PING, zxid: packet.zxid, data: EMPTY, authinfo: null });
  }

  end(reason: string): void {
    if (this.#phase === 'ended') return;
    const wasServing = this.#phase === 'broadcast';
    this.#phase = 'ended';
    this.context.events.emit({ kind: 'learningEnds', role: this.name, master: this.masterAddress, reason });
    this.#dialer.stop();
    this.#watchdog?.cancel();
    this.#packets.suspend();
    this.#input?.stop();
    this.#connection?.destroy(reason);
    // A snapshot or sync that did not finish leaves no trace in memory: what counts is on disk.
    // ZOOKEEPER-3642, 5094
    if (this.#snapshot !== null) this.context.database.cancelRestore();
    this.#snapshot = null;
    this.context.serve(null);
    const finish = () => this.#ended?.(reason);
    if (wasServing) this.stopServing(reason, finish);
    else this.context.database.flush(error => (error === undefined ? finish() : this.context.onFatal(error)));
  }
}

/**
 * The transaction of a PROPOSAL or INFORM in memory of its own, framed as PROPOSAL. @throws JuteError when it
 * is none
 */
export function ownPacket(packet: PacketView): ReadTxnPacket {
  if (packet.type === PacketType.INFORMANDACTIVATE)
    return readTxnPacket(txnPacket(packet.zxid, packet.data().subarray(NEXT_LEADER_BYTES)));
  // Nobody sends authinfo here, but bytes can say so.
  if (packet.end - packet.dataEnd !== TXN_TRAILER_BYTES)
    return readTxnPacket(txnPacket(packet.zxid, packet.data()));
  const bytes = packet.copy();
  bytes[3] = PacketType.PROPOSAL;
  return readTxnPacket({ zxid: packet.zxid, bytes });
}

/** An INFORMANDACTIVATE names the next leader in front of its transaction. */
const NEXT_LEADER_BYTES = 8;
const BEFORE_ALL_LOGS = -1;
const EMPTY = Buffer.alloc(0);
