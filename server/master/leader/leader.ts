import type { ServerError } from '../../errors.ts';
import type { QuorumServer } from '../../membership/quorum-server.ts';
import { listenAddresses, masterAddressesOf, quorumAddressesOf } from '../../membership/quorum-server.ts';
import { listenOnAll, type PortFailures } from '../../runtime/addresses/listen-on-all.ts';
import type { Address, Connection, Timer } from '../../runtime/runtime.ts';
import type { TurnQueue } from '../../turns/turn-queue.ts';
import { EPOCH_MAX, makeZxid, zxidToHex } from '../../wire/zxid.ts';
import { CONFIRMED_EPOCH_JUMP_MAX } from '../../zab/epoch-claims.ts';
import { type LeaderEvent, type LeaderOutput, LeaderSide } from '../../zab/leader-side.ts';
import type { LearnerInfo } from '../../zab/master-side.ts';
import { quorumTurns } from '../../zab/packet-input.ts';
import type { PacketView } from '../../zab/packet-stream.ts';
import { type PeerContext, type Role, serverParts, type ZabState } from '../../zab/peer-context.ts';
import { backlogsOf, type LearnerBacklog } from '../learners/learner-backlog.ts';
import { boundOthers, boundPackets, boundUnnamed } from '../learners/learner-connections.ts';
import { LearnerHandler } from '../learners/learner-handler.ts';
import type { LearnerMaster } from '../learners/learner-master.ts';
import { type SyncThrottlers, syncThrottlers } from '../learners/learner-sync-throttler.ts';
import { broadcastCounts, LiveLearners } from '../learners/live-learners.ts';
import { MemberAddresses } from '../member-addresses.ts';
import type { Broadcast } from '../proposals/broadcast.ts';
import { EpochQuestions } from './epoch-questions.ts';
import { LeaderReconfiguration } from './leader-reconfiguration.ts';
import { LeaderZooKeeperServer } from './leader-zookeeper-server.ts';
import { LearnerRequests } from './learner-requests.ts';
import { StartLimits } from './start-limits.ts';
import { VoterSeats } from './voter-seats.ts';

/**
 * The leader's side of Zab 1.0: a quorum agrees on a new epoch, learners are brought to the leader's history,
 * a quorum acks NEWLEADER, then broadcast begins. Observers are answered and never counted (ZOOKEEPER-368).
 * @see docs/quorum.md "Message ladder"
 */
export class Leader implements Role, LearnerMaster<LearnerHandler> {
  readonly name = 'leader';
  readonly acceptsFollowers = true;
  readonly throttlers: SyncThrottlers;
  readonly addresses: MemberAddresses;
  readonly context: PeerContext;
  readonly #handlers = new Set<LearnerHandler>();
  readonly #live: LiveLearners;
  /** This server's line when it began to lead: it listens there, whatever later configurations say. */
  readonly #own: QuorumServer;
  readonly #voterTurns: TurnQueue;
  readonly #backlogs: ReturnType<typeof backlogsOf>;
  readonly #requests: LearnerRequests;
  readonly #seats: VoterSeats;
  readonly #side: LeaderSide<LearnerHandler>;
  /** What each learner waits for, until `#side` answers it. */
  readonly #waiting = new Map<LearnerHandler, (epoch: number) => void>();
  readonly #questions: EpochQuestions;
  #server: LeaderZooKeeperServer | null = null;
  readonly #listeners: { close(): void }[] = [];
  #pingTimer: Timer | null = null;
  #startLimits: StartLimits | null = null;
  #halfTicks = 0;
  #ended: ((reason: string) => void) | null = null;
  #endReason: string | null = null;
  readonly #startedMs: number;
  readonly #onEstablished: (epoch: number) => void;
  #isAlone = false;
  readonly #reconfiguration: LeaderReconfiguration;

  /** `onEstablished`: votes of this server name the new epoch from then on. */
  constructor(context: PeerContext, onEstablished: (epoch: number) => void) {
    this.context = context;
    this.throttlers = syncThrottlers(context);
    this.addresses = new MemberAddresses(context);
    this.#live = new LiveLearners(context, broadcastCounts(context.metrics));
    this.#own = context.membership.own;
    this.#reconfiguration = new LeaderReconfiguration(context, this.#live, {
      handlers: this.#handlers,
      hasQuorum: () => this.#hasQuorum(),
      end: reason => this.end(reason),
    });
    this.#onEstablished = onEstablished;
    this.#voterTurns = quorumTurns(context.clock);
    this.#requests = new LearnerRequests(context.clock, this.#voterTurns, this);
    this.#seats = new VoterSeats(context.config.tickTimeMs);
    const { sid, epochs, confirmed, database, membership } = context;
    const acceptedEpoch = Math.max(epochs.acceptedEpoch, confirmed.acceptedEpoch);
    const { currentEpoch } = epochs;
    const own = { sid, acceptedEpoch, currentEpoch, lastZxid: database.lastLoggedZxid };
    this.#side = new LeaderSide(own, membership);
    this.#questions = new EpochQuestions(context, (sid, acceptedEpoch) =>
      this.#decide({ type: 'confirmed', sid, acceptedEpoch }),
    );
    this.#startedMs = context.clock.monotonicMs();
    this.#backlogs = backlogsOf(context.clock, context.metrics);
  }

  get epoch(): number {
    return this.#side.epoch;
  }
  get server(): LeaderZooKeeperServer | null {
    return this.#server;
  }
  get zabState(): ZabState {
    return this.#side.zabState;
  }
  get handlers(): ReadonlySet<LearnerHandler> {
    return this.#handlers;
  }
  get uptimeMs(): number {
    return this.context.clock.monotonicMs() - this.#startedMs;
  }

  start(ended: (reason: string) => void): void {
    this.#ended = ended;
    const { config, logger } = this.context;
    // Upstream's server goes back to elections, where its history may make it the leader again and again.
    const { quorumPortFailures, onFatal } = this.context;
    this.#listen('quorum port', quorumAddressesOf(this.#own), quorumPortFailures, onFatal);
    // Upstream's leader does not listen on this port, so an observer's list of masters has a dead entry. Row
    // 004-20.
    if (config.observerMasterPort > 0) {
      const addresses = masterAddressesOf(this.#own, config.observerMasterPort);
      this.#listen('observer master port', addresses, new Map(), error => logger.error(error.message));
    }
    this.#startLimits = new StartLimits(this.context.clock, {
      ...config,
      hasEpoch: () => this.#side.epoch >= 0,
      onLimit: reason => {
        this.context.events.emit({ kind: 'quorumNotFormed', epoch: this.epoch });
        this.end(reason);
      },
    });
    this.#pingTimer = this.context.clock.every(config.tickTimeMs / 2, () => this.#halfTick());
    this.#decide({ type: 'start' });
  }

  #listen(
    name: string,
    addresses: readonly Address[],
    failures: PortFailures,
    onGiveUp: (error: ServerError) => void,
  ): void {
    const { config } = this.context;
    const places = listenAddresses(addresses, config);
    const plan = { name, addresses: places, triesMax: config.electionPortBindRetry, failures };
    const listener = listenOnAll(this.context, plan, {
      onConnection: connection => {
        if (this.#endReason === null) this.#accept(connection);
        else connection.destroy('not leading');
      },
      onGiveUp,
    });
    this.#listeners.push(listener);
  }

  #accept(connection: Connection): void {
    this.#handlers.add(new LearnerHandler(connection, this));
    boundUnnamed(this.#handlers);
  }

  awaitEpoch(handler: LearnerHandler, info: LearnerInfo, done: (epoch: number) => void): void {
    if (info.sid === this.context.sid) {
      handler.close(`it has our own id ${info.sid}: two servers share one myid`);
      return;
    }
    boundOthers(this.#handlers, other => this.isVoter(other) && other.synced);
    if (handler.closed) return;
    const { sid, acceptedEpoch } = info;
    const { isObserver } = handler;
    const isSynced = this.#isSynced(sid);
    this.#waiting.set(handler, done);
    this.#decide({ type: 'info', learner: handler, sid, isObserver, acceptedEpoch, isSynced });
  }

  awaitEpochAck(
    handler: LearnerHandler,
    currentEpoch: number | null,
    lastZxid: number,
    done: () => void,
  ): void {
    const { sid, isObserver } = handler;
    this.#waiting.set(handler, done);
    this.#decide({ type: 'ackEpoch', learner: handler, sid, isObserver, currentEpoch, lastZxid });
  }

  awaitStart(handler: LearnerHandler, done: () => void): void {
    const { sid, isObserver } = handler;
    this.#waiting.set(handler, done);
    this.#decide({ type: 'ackNewLeader', learner: handler, sid, isObserver });
  }

  #decide(event: LeaderEvent<LearnerHandler>): void {
    for (const output of this.#side.step(event)) this.#carryOut(output);
  }

  #carryOut(output: LeaderOutput<LearnerHandler>): void {
    const { epochs, events, confirmed, sync } = this.context;
    switch (output.type) {
      case 'acceptEpoch':
        epochs.setAcceptedEpoch(output.epoch);
        events.emit({ kind: 'newEpoch', epoch: output.epoch });
        this.#reconfiguration.beginEpoch(output.epoch);
        return;
      case 'beginEpoch':
        epochs.setCurrentEpoch(output.epoch);
        // A TRUNC that failed earlier no longer matters: from here on others are brought to this history.
        sync.snapshotNeeded = false;
        return;
      case 'serve':
        this.#startServer();
        return;
      case 'proposeEpoch':
      case 'synchronise':
      case 'upToDate':
        this.#answer(output.learner);
        return;
      case 'ask':
        this.#questions.ask(output.sid);
        return;
      case 'remember':
        confirmed.acceptedEpoch = output.acceptedEpoch;
        return;
      case 'implausible':
        this.#reportImplausible(output);
        return;
      case 'refuse':
        if (output.isAhead) events.emit({ kind: 'learnerAhead', learner: output.learner.sid });
        output.learner.close(output.reason);
        return;
      case 'resign':
        this.end(output.reason);
    }
  }

  /** Answers a learner, unless it has left in the meantime. */
  #answer(learner: LearnerHandler): void {
    const done = this.#waiting.get(learner);
    this.#waiting.delete(learner);
    done?.(this.epoch);
  }

  #reportImplausible({
    sid,
    acceptedEpoch,
    known,
  }: LeaderOutput<LearnerHandler> & { type: 'implausible' }): void {
    this.context.logger.error(
      `server ${sid} says that it has accepted epoch ${acceptedEpoch}, where ${known} is the highest known here: ` +
        `at most ${CONFIRMED_EPOCH_JUMP_MAX} more are believed, up to ${EPOCH_MAX - 1}. ` +
        'It stays out until its file acceptedEpoch is put right, see server/docs/epochs.md',
      { learner: sid, acceptedEpoch, known },
    );
  }

  startForwarding(handler: LearnerHandler, lastSeenZxid: number): void {
    if (handler.hearsProposals && this.#server !== null) {
      for (const packet of this.#server.pendingPackets()) {
        if (packet.zxid > lastSeenZxid) handler.sendProposal(packet);
      }
    }
    this.#live.add(handler);
  }

  stopForwarding(handler: LearnerHandler): void {
    this.#live.delete(handler);
  }

  /**
   * Until it serves, the leader completes the configuration that it has seen last. From then on, the last one
   * seen may be pending, and a learner takes what NEWLEADER names for committed.
   */
  get configText(): string {
    const { committed, lastSeen } = this.context.membership;
    return (this.#server === null ? lastSeen : committed).verifier.text;
  }

  /** Voters and all others have separate bounds on what is kept for them. */
  backlogOf(handler: LearnerHandler): LearnerBacklog {
    const isVoter = !handler.isObserver && this.context.membership.quorum.isVoter(handler.sid);
    return isVoter ? this.#backlogs.voters : this.#backlogs.others;
  }

  canSpare(handler: LearnerHandler): boolean {
    return this.context.membership.quorum.containsQuorum(this.#aliveVoters(handler));
  }

  /** Observers ack nothing, so two connections of one do no harm. */
  awaitSeat(handler: LearnerHandler, done: () => void): void {
    if (handler.isObserver) done();
    else this.#seats.take(handler, done);
  }

  #startServer(): void {
    const { membership, sessionIds } = this.context;
    const zxid = makeZxid(this.epoch, 0);
    // A promoted observer comes back as a voter within a tick.
    this.#halfTicks = 0;
    // NEWLEADER named it, and a quorum of each configuration has acked. @see docs/quorum.md
    const isLeader = this.#reconfiguration.complete(this.#side.newLeaderAcks, zxid);
    this.context.database.startEpoch(zxid);
    this.#server = new LeaderZooKeeperServer(serverParts(this.context), {
      mode: 'leader',
      sid: this.context.sid,
      sessionIds,
      membership,
      broadcast: this.#broadcast(),
      zxid,
      leadsAlone: () => this.#mayLeadAlone(),
      reconfig: this.#reconfiguration,
    });
    this.#server.onRoom = () => this.#requests.goOn();
    this.#onEstablished(this.epoch);
    this.#startLimits?.cancel();
    this.context.events.emit({ kind: 'leading', epoch: this.epoch, syncedAfterMs: this.uptimeMs });
    if (!isLeader) this.#server.isRetired = true;
    else if (this.context.config.leaderServes) this.context.serve(this.#server);
  }

  #broadcast(): Broadcast {
    return {
      propose: packet => this.#live.propose(packet),
      inform: packet => this.#live.inform(packet),
      commit: packets => this.#live.commit(packets),
      stepDown: reason => this.end(reason),
      reconfigure: (text, zxid) => this.#reconfiguration.propose(text, zxid),
      activate: (packet, acked) => this.#reconfiguration.activate(packet, acked),
    };
  }

  onAck(handler: LearnerHandler, zxid: number): void {
    const server = this.#server;
    if (server === null || !this.context.membership.quorum.isVoter(handler.sid)) return;
    if (zxid > server.lastProposed) {
      // Such an ack would count for everything proposed later.
      handler.close(`it acked ${zxidToHex(zxid)}, the last proposal is ${zxidToHex(server.lastProposed)}`);
      return;
    }
    server.ack(handler.sid, zxid);
  }

  onTouched(handler: LearnerHandler, sessionHigh: number, sessionLow: number, timeoutMs: number): void {
    const tracker = this.#server?.tracker;
    const session = tracker?.get(sessionHigh, sessionLow);
    if (tracker === undefined || session === undefined) return;
    tracker.touch(session, timeoutMs);
    if (session.owner === null) session.owner = handler;
  }

  /** Voters have turns of their own. All other learners share the turns of clients. */
  turnsOf(handler: LearnerHandler): TurnQueue {
    return this.isVoter(handler) ? this.#voterTurns : this.context.turns;
  }

  isVoter(handler: LearnerHandler): boolean {
    return handler.named && !handler.isObserver && this.context.membership.quorum.isVoter(handler.sid);
  }

  onPartialPacket(handler: LearnerHandler): void {
    if (!this.isVoter(handler)) boundPackets(handler, this.#handlers, other => this.isVoter(other));
  }

  onHeldBack(handler: LearnerHandler): void {
    this.#server?.tracker.touchAllOf(handler);
  }

  onRequest(handler: LearnerHandler, packet: PacketView): void {
    this.#requests.onRequest(handler, packet);
  }

  onRevalidate(handler: LearnerHandler, packet: PacketView): void {
    this.#requests.onRevalidate(handler, packet);
  }

  onClosed(handler: LearnerHandler): void {
    this.#handlers.delete(handler);
    this.#seats.leave(handler);
    this.#waiting.delete(handler);
    this.#decide({ type: 'left', learner: handler });
    this.stopForwarding(handler);
    if (handler.lastAckedZxid > 0 && !this.#isSynced(handler.sid)) this.#server?.forgetAcks(handler.sid);
    this.#server?.evaluateSoon();
    this.#reconfiguration.onLearnerLeft();
  }

  /** True when another connection of this voter is synced. */
  #isSynced(sid: number): boolean {
    for (const handler of this.#handlers) {
      if (handler.sid === sid && !handler.isObserver && handler.synced) return true;
    }
    return false;
  }

  #halfTick(): void {
    const lastProposed = this.#server?.lastProposed ?? makeZxid(Math.max(this.epoch, 0), 0);
    for (const handler of [...this.#handlers]) handler.tick(lastProposed);
    this.#halfTicks++;
    if (this.#server !== null) this.#server.evaluateSoon();
    else if (this.#mayLeadAlone()) this.#decide({ type: 'authorized' });
    if (this.#server !== null && this.#halfTicks % 2 === 0 && !this.#hasQuorum()) {
      this.context.events.emit({ kind: 'quorumLost', epoch: this.epoch });
      this.end('no quorum of learners is heard from any more');
    }
  }

  #hasQuorum(): boolean {
    return this.context.membership.quorum.containsQuorum(this.#aliveVoters()) || this.#mayLeadAlone();
  }

  /**
   * True for one of two voters that has lost the other, and that the oracle authorises. The leader waits for
   * a voter that is connected, until its timeout; one that is still being synchronised has lost nothing yet.
   * @see docs/oracle.md; QuorumOracleMaj.overrideQuorumDecision
   */
  #mayLeadAlone(): boolean {
    const { membership, oracle, events } = this.context;
    const isWaitedFor = (handler: LearnerHandler) =>
      this.isVoter(handler) && (this.#server === null || handler.synced);
    if (!membership.quorum.isPair || [...this.#handlers].some(isWaitedFor) || !oracle.authorizes()) {
      this.#isAlone = false;
      return false;
    }
    if (!this.#isAlone) events.emit({ kind: 'leadsAlone', epoch: this.epoch });
    this.#isAlone = true;
    return true;
  }

  /** Includes this server. */
  #aliveVoters(except?: LearnerHandler): Set<number> {
    const alive = new Set([this.context.sid]);
    for (const handler of this.#handlers) {
      const counts = handler !== except && !handler.isObserver && handler.synced;
      if (counts && handler.heardWithinMs(this.context.config.syncLimitMs)) alive.add(handler.sid);
    }
    return alive;
  }

  end(reason: string): void {
    if (this.#endReason !== null) return;
    this.#endReason = reason;
    this.context.events.emit({ kind: 'leadingEnds', epoch: this.epoch, reason });
    this.#pingTimer?.cancel();
    this.#startLimits?.cancel();
    this.#reconfiguration.stop();
    this.#questions.close();
    this.addresses.close();
    for (const listener of this.#listeners) listener.close();
    this.#requests.stop();
    for (const handler of [...this.#handlers]) handler.close('the leader steps down', false);
    this.context.serve(null);
    const finish = () => this.#ended?.(reason);
    if (this.#server === null) this.context.clock.atEndOfTurn(finish);
    else this.#server.stop(reason, finish);
  }
}
