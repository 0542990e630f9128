import { ServerError } from '../errors.ts';
import type { SyncMode } from '../metrics/server-events.ts';
import type { Address, Connection, Timer } from '../runtime/runtime.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { JuteError } from '../wire/jute.ts';
import { packetName } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import {
  type LearnerEvent,
  type LearnerOutput,
  LearnerSide,
  type LearnerState,
} from '../zab/learner-side.ts';
import { PacketInput, quorumTurns } from '../zab/packet-input.ts';
import { PacketReader, type PacketView } from '../zab/packet-stream.ts';
import type { ConfigOutcome, PeerContext, Role, ZabState } from '../zab/peer-context.ts';
import { MasterConnection } from './master-connection.ts';
import { type Master, MasterDialer } from './master-dialer.ts';
import { Patience } from './patience.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';

/** Parsing takes a few ms per MiB. */
const SNAPSHOT_BYTES_PER_TURN = 512 * 1024;
export const RECONFIGURED = 'a configuration is in force that changes its role or its leader';

/**
 * A learner: it carries out the outputs of `LearnerSide` on its connection and disk, in the order given, up
 * to the point where it serves. What follows differs between `Follower` and `Observer`.
 */
export abstract class Learner implements Role {
  abstract readonly name: 'follower' | 'observer';
  protected readonly context: PeerContext;
  readonly #dialer: MasterDialer;
  readonly #onEstablished: (epoch: number) => void;
  readonly #packets: PacketReader;
  readonly #turns: TurnQueue;
  #input: PacketInput | null = null;
  #stage: 'connect' | 'sync' | 'broadcast' | 'ended' = 'connect';
  readonly #side = new LearnerSide();
  /** Outputs of the last step that are still to be carried out. */
  #outputs: readonly LearnerOutput[] = [];
  #nextOutput = 0;
  /** What must come before the next output: the bytes of a snapshot, or this server's own disk. */
  #waitsFor: 'snapshot' | 'disk' | null = null;
  readonly master: MasterConnection;
  #watchdog: Timer | null = null;
  readonly #patience: Patience;
  /** Monotonic ms at which data of the master last came. */
  #lastReceivedMs = 0;
  #startedMs = 0;
  /** This server must not follow the leader's epoch. */
  #isRefused = false;
  #snapshot: SnapshotReceiver | null = null;
  /** What the sync brings is only logged; it is applied when it is known to be committed. @see Readers */
  #holdsBack = false;
  #snapshotBytesInTurn = 0;
  #snapshotBytes = 0;
  #ended: ((reason: string) => void) | null = null;
  /** Address of the master that it is connected to, for `mntr` and the log. */
  masterAddress: Address | null = null;
  /** Sid of that master. */
  masterSid: number | null = null;
  syncMode: SyncMode | null = null;

  /**
   * `rounds`: the masters to try, round after round. `onEstablished`: called when votes of this server name
   * the new epoch from now on.
   */
  constructor(
    context: PeerContext,
    rounds: readonly (readonly Master[])[],
    onEstablished: (epoch: number) => void,
  ) {
    this.context = context;
    this.#onEstablished = onEstablished;
    this.master = new MasterConnection(context.metrics);
    const { connectToLearnerMasterLimitMs, observerReconnectDelayMs } = context.config;
    const limits = {
      attemptTimeoutMs: connectToLearnerMasterLimitMs,
      extraPauseMs: () =>
        this.name === 'observer' && observerReconnectDelayMs > 0
          ? context.random.below(observerReconnectDelayMs + 1)
          : 0,
    };
    this.#dialer = new MasterDialer(context, rounds, limits, {
      onConnected: (connection, { sid }, address) => this.#onConnected(connection, sid, address),
      onGivenUp: reason => this.end(reason),
    });
    this.#patience = new Patience(context.config, context.clock.monotonicMs());
    this.#turns = quorumTurns(context.clock);
    this.#packets = new PacketReader(context.config.jute.packetBytesMax, packet => this.#onPacket(packet));
  }

  /** Begins to serve: the last step of the sync. `pending` were proposed and are not committed. */
  protected abstract serve(pending: readonly TxnPacket[], committed: readonly TxnPacket[]): void;
  /** Handles a packet of phase 3, broadcast. */
  protected abstract onBroadcast(packet: PacketView): void;
  /** The master reads what it is sent again. */
  protected abstract onLinkDrained(): void;
  /** Stops what `serve` began; calls `done` when its writes are on disk. */
  protected abstract stopServing(reason: string, done: () => void): void;

  get synced(): boolean {
    return this.#stage === 'broadcast';
  }

  get zabState(): ZabState {
    if (this.synced) return 'broadcast';
    return this.#side.hasDiscovered ? 'synchronization' : 'discovery';
  }

  /** The master it is connected to, or waits for. */
  get askedMaster(): Master | null {
    return this.#dialer.asked;
  }

  /**
   * Monotonic ms at which this server last received anything from the master. The age of its data counts from
   * then, even when its own disk or backlog kept it from reading.
   */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  get epoch(): number {
    return this.#side.epoch;
  }

  /** As `LearnerSide.hearsProposals`. */
  protected get hearsProposals(): boolean {
    return this.#side.hearsProposals;
  }

  /**
   * A leader whose epoch this server refuses may step down at once, or go on for days. One attempt per tick
   * is enough.
   */
  get pauseMs(): number {
    return this.#isRefused ? this.context.config.tickTimeMs : 0;
  }

  protected get isEnded(): boolean {
    return this.#stage === 'ended';
  }

  start(ended: (reason: string) => void): void {
    this.#ended = ended;
    this.#startedMs = this.context.clock.monotonicMs();
    this.#patience.heard(this.#startedMs);
    this.#lastReceivedMs = this.#startedMs;
    this.#watchdog = this.context.clock.every(this.context.config.tickTimeMs / 2, () => this.#watch());
    this.#dialer.start();
  }

  #watch(): void {
    const reason = this.#patience.reasonToLeave(this.context.clock.monotonicMs(), {
      stage: this.#stage,
      isHeldUp: this.#waitsFor === 'disk' || this.master.isHeld,
      awaitsUpToDate: this.#side.awaitsUpToDate,
    });
    if (reason !== null) this.end(reason);
  }

  #onConnected(connection: Connection, sid: number, address: Address): void {
    this.master.attach(connection);
    this.masterAddress = address;
    this.masterSid = sid;
    this.#stage = 'sync';
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
      onDrain: () => {
        if (this.master.drained() && this.#stage === 'broadcast') this.onLinkDrained();
      },
      onClose: reason => {
        if (heard || this.#stage === 'ended') this.end(`connection to the master lost: ${reason}`);
        else this.#onUnanswered();
      },
    });
    this.#step({ type: 'connected', state: this.#state() });
  }

  #state(): LearnerState {
    const { sid, config, database, epochs, sync, membership } = this.context;
    return {
      sid,
      role: this.name,
      asksForProposals: this.name === 'observer' && config.observerProposalsEnabled,
      votes: membership.quorum.isVoter(sid),
      acceptedEpoch: epochs.acceptedEpoch,
      currentEpoch: epochs.currentEpoch,
      lastProcessedZxid: database.lastProcessedZxid,
      lastLoggedZxid: database.lastLoggedZxid,
      snapshotNeeded: sync.snapshotNeeded,
      // Without reconfigEnabled, a leader of Apache's may know no newer version than that of the file.
      configVersion: config.reconfigEnabled
        ? membership.committed.verifier.version
        : (config.quorum?.config.version ?? 0),
    };
  }

  /**
   * A learner may dial a moment before its leader listens; after a new election that would only happen again.
   */
  #onUnanswered(): void {
    this.#stage = 'connect';
    this.master.attach(null);
    this.masterAddress = null;
    this.masterSid = null;
    this.#dialer.next();
  }

  #onData(chunk: Buffer): void {
    if (this.#stage === 'ended') return;
    this.#lastReceivedMs = this.context.clock.monotonicMs();
    this.#patience.heard(this.#lastReceivedMs);
    if (this.#waitsFor !== 'snapshot') {
      this.#input?.feed(chunk, this.#lastReceivedMs);
      return;
    }
    try {
      this.#onSnapshotBytes(chunk);
      this.#paceSnapshot(chunk.length);
    } catch (error) {
      this.#onMalformed(error);
    }
  }

  /** A tree of gigabytes arrives as fast as this server reads it, so other work gets turns in between. */
  #paceSnapshot(bytes: number): void {
    this.#snapshotBytesInTurn += bytes;
    if (this.#snapshotBytesInTurn < SNAPSHOT_BYTES_PER_TURN || this.#waitsFor !== 'snapshot') return;
    this.#input?.hold();
    this.context.clock.inNextTurn(() => {
      this.#snapshotBytesInTurn = 0;
      if (this.#waitsFor === 'snapshot') this.#input?.release();
    });
  }

  /**
   * Only malformed input is the master's fault. Any other error is a bug of this server, and has left
   * something half done.
   */
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
    if (this.#stage === 'broadcast') this.onBroadcast(packet);
    else this.#step({ type: 'packet', packet });
  }

  #step(event: LearnerEvent): void {
    this.#outputs = this.#side.step(event);
    this.#nextOutput = 0;
    this.#carryOut();
  }

  #carryOut(): void {
    while (this.#nextOutput < this.#outputs.length && this.#waitsFor === null && this.#stage !== 'ended') {
      this.#perform(this.#outputs[this.#nextOutput++]!);
    }
  }

  #perform(output: LearnerOutput): void {
    const { database, epochs, sync } = this.context;
    switch (output.type) {
      case 'send':
        this.master.send(output.packet);
        return;
      case 'setAcceptedEpoch':
        epochs.setAcceptedEpoch(output.epoch);
        return;
      case 'announceCurrentEpoch':
        epochs.announceCurrentEpoch(output.epoch);
        return;
      case 'setCurrentEpoch':
        epochs.setCurrentEpoch(output.epoch);
        return;
      case 'beginSync':
        this.#beginSync(output.mode, output.zxid);
        return;
      case 'truncate':
        this.#truncate(output.zxid);
        return;
      case 'receiveSnapshot':
        this.#waitsFor = 'snapshot';
        this.#packets.suspend();
        this.#snapshot = new SnapshotReceiver(database.beginRestore(), output.zxid);
        this.#onSnapshotBytes(this.#packets.takeRest());
        return;
      case 'restoreSnapshot':
        this.#awaitDisk();
        database.finishRestore(this.#snapshot!.reader, this.#snapshot!.zxid, error => {
          if (error === undefined) this.context.readers.treeReplaced();
          this.#diskDone(error);
        });
        return;
      case 'needSnapshot':
        sync.snapshotNeeded = output.isNeeded;
        return;
      case 'log':
        database.append(output.txn);
        return;
      case 'apply':
        if (!this.#holdsBack) database.applyPacket(output.txn);
        return;
      case 'flush':
        this.#awaitDisk();
        database.flush(error => this.#diskDone(error));
        return;
      case 'keepConfig':
        this.context.onConfigSeen(output.text);
        return;
      case 'proposeConfig':
        this.context.onConfigProposed(output.text);
        return;
      case 'activateConfig':
        this.#followConfig(this.context.onConfigActivated(output.text, output.leader));
        return;
      case 'adoptConfig':
        this.#followConfig(this.context.onConfigCommitted(output.text));
        return;
      case 'serve':
        this.#onSynced(output.pending, output.committed);
        return;
      case 'leave':
        this.#isRefused = output.isEpochRefused;
        this.end(output.reason);
        return;
    }
  }

  #followConfig(outcome: ConfigOutcome): void {
    if (outcome !== 'goesOn') this.#outputs = [];
    if (outcome === 'leaves') this.end(RECONFIGURED);
  }

  #beginSync(mode: SyncMode, zxid: number): void {
    this.syncMode = mode;
    this.#holdsBack = mode === 'DIFF' && this.context.readers.holdsBackSyncs;
    const lastLogged = this.context.database.lastLoggedZxid;
    this.context.events.emit({ kind: 'syncBegun', mode, zxid, lastLogged });
  }

  #truncate(zxid: number): void {
    if (this.context.database.truncate(zxid)) {
      this.context.readers.treeReplaced();
      return;
    }
    this.context.events.emit({ kind: 'truncImpossible', zxid });
    this.#step({ type: 'truncImpossible', zxid });
  }

  #onSnapshotBytes(chunk: Buffer): void {
    const after = this.#snapshot!.feed(chunk);
    this.#snapshotBytes += chunk.length - (after?.length ?? 0);
    if (after === null) return;
    this.#packets.add(after);
    this.#goOn();
  }

  /** Nothing is read until the disk is done. */
  #awaitDisk(): void {
    this.#waitsFor = 'disk';
    this.#packets.suspend();
    this.#input?.hold();
  }

  #diskDone(error: ServerError | undefined): void {
    if (this.#waitsFor !== 'disk') return;
    if (error === undefined) this.#goOn();
    else this.context.onFatal(error);
  }

  /** What the next output waited for has come. */
  #goOn(): void {
    if (this.#waitsFor === 'disk') this.#snapshot = null;
    this.#waitsFor = null;
    this.#carryOut();
    if (this.#waitsFor !== null || this.#stage === 'ended') return;
    this.#input?.release();
    this.#input?.resume();
  }

  #onSynced(pending: readonly TxnPacket[], committed: readonly TxnPacket[]): void {
    this.#stage = 'broadcast';
    this.#onEstablished(this.epoch);
    this.context.events.emit({
      kind: 'synced',
      role: this.name,
      hearsProposals: this.hearsProposals,
      epoch: this.epoch,
      master: this.masterAddress,
      mode: this.syncMode,
      bytes: this.#snapshotBytes + this.#side.txnBytes,
      tookMs: this.context.clock.monotonicMs() - this.#startedMs,
    });
    this.serve(pending, committed);
  }

  end(reason: string): void {
    if (this.#stage === 'ended') return;
    const wasServing = this.#stage === 'broadcast';
    this.#stage = 'ended';
    this.#waitsFor = null;
    this.context.events.emit({ kind: 'learningEnds', role: this.name, master: this.masterAddress, reason });
    this.#dialer.stop();
    this.#watchdog?.cancel();
    this.#packets.suspend();
    this.#input?.stop();
    this.master.destroy(reason);
    // An unfinished snapshot or sync leaves nothing in memory; the disk decides what this server has.
    // ZOOKEEPER-3642, 5094
    if (this.#snapshot !== null) this.context.database.cancelRestore();
    this.#snapshot = null;
    this.context.serve(null);
    const finish = () => this.#ended?.(reason);
    if (wasServing) this.stopServing(reason, finish);
    else this.context.database.flush(error => (error === undefined ? finish() : this.context.onFatal(error)));
  }
}
