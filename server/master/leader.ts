import type { ServerError } from '../errors.ts';
import { quorumAddressOf } from '../membership/quorum-server.ts';
import type { Counter } from '../metrics/metrics.ts';
import { listenWithRetry } from '../runtime/bind-retry.ts';
import { ANY_HOST } from '../runtime/host-address.ts';
import type { Connection, Timer } from '../runtime/runtime.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { EPOCH_MAX, isEpoch, makeZxid, zxidToHex } from '../wire/zxid.ts';
import type { LearnerInfo } from '../zab/master-side.ts';
import { quorumTurns } from '../zab/packet-input.ts';
import type { PacketView } from '../zab/packet-stream.ts';
import { type PeerContext, type Role, serverParts, type ZabState } from '../zab/peer-context.ts';
import { EpochClaims, VOTER_EPOCH_JUMP_MAX } from './epoch-claims.ts';
import { informAll } from './inform-all.ts';
import { LeaderZooKeeperServer } from './leader-zookeeper-server.ts';
import { LearnerBacklog, showBacklogs } from './learner-backlog.ts';
import { boundOthers, boundPackets, boundUnnamed } from './learner-connections.ts';
import { LearnerHandler } from './learner-handler.ts';
import type { LearnerMaster } from './learner-master.ts';
import { commitBytes } from './learner-packets.ts';
import { LearnerRequests } from './learner-requests.ts';
import { type SyncThrottlers, syncThrottlers } from './learner-sync-throttler.ts';
import { QuorumWait } from './quorum-wait.ts';
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
  readonly context: PeerContext;
  readonly #handlers = new Set<LearnerHandler>();
  /** Learners that get live traffic; observers are kept apart. */
  readonly #followers = new Set<LearnerHandler>();
  readonly #observers = new Set<LearnerHandler>();
  readonly #proposalsSent: Counter;
  readonly #voterTurns: TurnQueue;
  readonly #voterBacklog = new LearnerBacklog();
  readonly #otherBacklog = new LearnerBacklog();
  readonly #requests: LearnerRequests;
  /** Waits for a quorum's acceptedEpochs. The new epoch is above all of them. Row 002-11. */
  readonly #epochWait: QuorumWait;
  readonly #ackEpochWait: QuorumWait;
  readonly #newLeaderWait: QuorumWait;
  readonly #seats: VoterSeats;
  #epoch = -1;
  #highestAccepted = 0;
  readonly #claims: EpochClaims;
  #server: LeaderZooKeeperServer | null = null;
  readonly #listeners: { close(): void }[] = [];
  #pingTimer: Timer | null = null;
  #startDeadline: Timer | null = null;
  #halfTicks = 0;
  #ended: ((reason: string) => void) | null = null;
  #endReason: string | null = null;
  readonly #startedMs: number;
  readonly #onEstablished: (epoch: number) => void;

  /** `onEstablished`: votes of this server name the new epoch from then on. */
  constructor(context: PeerContext, onEstablished: (epoch: number) => void) {
    this.context = context;
    this.throttlers = syncThrottlers(context);
    this.#proposalsSent = context.metrics.counter('proposal_count');
    this.#onEstablished = onEstablished;
    this.#voterTurns = quorumTurns(context.clock);
    this.#requests = new LearnerRequests(context.clock, this.#voterTurns, this);
    this.#epochWait = new QuorumWait(context.sid, context.membership);
    this.#ackEpochWait = new QuorumWait(context.sid, context.membership);
    this.#seats = new VoterSeats(context.config.tickTimeMs);
    this.#newLeaderWait = new QuorumWait(context.sid, context.membership);
    this.#claims = new EpochClaims(context, (sid, acceptedEpoch) => this.#onConfirmed(sid, acceptedEpoch));
    this.#startedMs = context.clock.monotonicMs();
    showBacklogs(context.metrics, [this.#voterBacklog, this.#otherBacklog]);
  }

  get epoch(): number {
    return this.#epoch;
  }
  get server(): LeaderZooKeeperServer | null {
    return this.#server;
  }
  get zabState(): ZabState {
    if (this.#server !== null) return 'broadcast';
    return this.#ackEpochWait.done ? 'synchronization' : 'discovery';
  }
  get handlers(): ReadonlySet<LearnerHandler> {
    return this.#handlers;
  }
  get uptimeMs(): number {
    return this.context.clock.monotonicMs() - this.#startedMs;
  }

  start(ended: (reason: string) => void): void {
    this.#ended = ended;
    const { config, membership, logger } = this.context;
    // Upstream goes back to elections, where its history may make it the leader again and again.
    const quorumPort = quorumAddressOf(membership.servers.get(this.context.sid)!).port;
    this.#listen('quorum port', quorumPort, this.context.quorumPortFailures, this.context.onFatal);
    // Upstream's leader does not listen there, so an observer's list of masters has a dead entry. Row 004-20.
    if (config.observerMasterPort > 0) {
      this.#listen('observer master port', config.observerMasterPort, { count: 0 }, error =>
        logger.error(error.message),
      );
    }
    const limitMs = config.initLimitMs;
    this.#startDeadline = this.context.clock.after(limitMs, () => {
      if (this.#server !== null) return;
      this.context.events.emit({ kind: 'quorumNotFormed', epoch: this.#epoch });
      this.end(`no quorum of learners synced within ${limitMs} ms (initLimit)`);
    });
    this.#pingTimer = this.context.clock.every(config.tickTimeMs / 2, () => this.#halfTick());
    this.#saidEpoch(this.context.sid, this.#claims.known);
  }

  #listen(
    name: string,
    port: number,
    failures: { count: number },
    onGiveUp: (error: ServerError) => void,
  ): void {
    const { config, membership, sid } = this.context;
    const host = config.quorumListenOnAllIPs ? ANY_HOST : quorumAddressOf(membership.servers.get(sid)!).host;
    const plan = { name, address: { host, port }, triesMax: config.electionPortBindRetry, failures };
    const listener = listenWithRetry(this.context, plan, {
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
    const { membership } = this.context;
    const isVoter = !handler.isObserver && membership.quorum.isVoter(info.sid);
    if (this.#epochWait.done) {
      if (isVoter && info.acceptedEpoch > this.#epoch && !this.#isSynced(info.sid))
        this.#claims.ask(info.sid);
    } else if (this.#claims.isBelieved(info.acceptedEpoch, isVoter)) {
      // A stranger's claim must not move the epoch of the whole ensemble: it would be on every disk for good.
      if (membership.servers.has(info.sid))
        this.#highestAccepted = Math.max(this.#highestAccepted, info.acceptedEpoch);
    } else if (isVoter) {
      this.#claims.ask(info.sid);
      handler.close(
        `voter ${info.sid} has accepted epoch ${info.acceptedEpoch}, where ${this.#claims.known} is the highest known: ` +
          `at most ${VOTER_EPOCH_JUMP_MAX} more are believed before the voter confirms it at its own address`,
      );
      return;
    }
    this.#epochWait.whenDone(handler, () => done(this.#epoch));
    if (isVoter) this.#saidEpoch(info.sid, info.acceptedEpoch);
  }

  /**
   * A voter refuses every leader whose epoch is below the one it accepted. It would stay out until the next
   * election, and one more failure would be an outage. So this leader steps down: the next epoch is above
   * what the voter confirmed. Upstream's leader goes on without the voter. @see docs/epochs.md
   */
  #onConfirmed(sid: number, acceptedEpoch: number): void {
    this.#highestAccepted = Math.max(this.#highestAccepted, acceptedEpoch);
    if (!this.#epochWait.done) return;
    this.end(`voter ${sid} has accepted epoch ${acceptedEpoch}, which only a later epoch lets back in`);
  }

  #saidEpoch(sid: number, acceptedEpoch: number): void {
    if (this.#epochWait.done || !this.context.membership.quorum.isVoter(sid)) return;
    this.#highestAccepted = Math.max(this.#highestAccepted, acceptedEpoch);
    this.#epochWait.say(sid);
    if (!this.#epochWait.isQuorum) return;
    if (!isEpoch(this.#highestAccepted + 1)) {
      this.end(`epoch ${EPOCH_MAX} was the last there is, see server/docs/epochs.md`);
      return;
    }
    this.#epoch = this.#highestAccepted + 1;
    this.context.epochs.setAcceptedEpoch(this.#epoch);
    this.context.events.emit({ kind: 'newEpoch', epoch: this.#epoch });
    this.#epochWait.finish();
    this.#saidAckEpoch(this.context.sid);
  }

  awaitEpochAck(
    handler: LearnerHandler,
    currentEpoch: number | null,
    lastZxid: number,
    done: () => void,
  ): void {
    if (currentEpoch !== null && this.#isAhead(currentEpoch, lastZxid)) {
      // The election only tries to find the best history; this check makes sure of it. Row 002-6.
      this.context.events.emit({ kind: 'learnerAhead', learner: handler.sid });
      handler.close(
        `learner ${handler.sid} is ahead: epoch ${currentEpoch} zxid ${zxidToHex(lastZxid)}, here ` +
          `epoch ${this.context.epochs.currentEpoch} zxid ${zxidToHex(this.context.database.lastLoggedZxid)}`,
      );
      return;
    }
    this.#ackEpochWait.whenDone(handler, done);
    if (!handler.isObserver && currentEpoch !== null && this.#isNotAhead(currentEpoch, lastZxid))
      this.#saidAckEpoch(handler.sid);
  }

  /**
   * A learner that needs a snapshot does not state its last zxid. Within the same epoch it may have more than
   * this leader.
   */
  #isNotAhead(currentEpoch: number, lastZxid: number): boolean {
    return lastZxid >= 0 || currentEpoch < this.context.epochs.currentEpoch;
  }

  #isAhead(currentEpoch: number, lastZxid: number): boolean {
    if (this.#ackEpochWait.done) return false;
    const own = this.context.epochs.currentEpoch;
    return currentEpoch > own || (currentEpoch === own && lastZxid > this.context.database.lastLoggedZxid);
  }

  #saidAckEpoch(sid: number): void {
    if (this.#ackEpochWait.done || !this.context.membership.quorum.isVoter(sid)) return;
    this.#ackEpochWait.say(sid);
    if (!this.#ackEpochWait.isQuorum) return;
    this.context.epochs.setCurrentEpoch(this.#epoch);
    // A TRUNC that failed earlier no longer matters: from here on others are brought to this history.
    this.context.sync.snapshotNeeded = false;
    this.#ackEpochWait.finish();
    this.#saidNewLeader(this.context.sid);
  }

  startForwarding(handler: LearnerHandler, lastSeenZxid: number): void {
    if (!handler.isObserver && this.#server !== null) {
      for (const packet of this.#server.pendingPackets()) {
        if (packet.zxid > lastSeenZxid) handler.sendProposal(packet);
      }
    }
    (handler.isObserver ? this.#observers : this.#followers).add(handler);
  }

  stopForwarding(handler: LearnerHandler): void {
    this.#followers.delete(handler);
    this.#observers.delete(handler);
  }

  /** Voters and all others have separate bounds on what is kept for them. */
  backlogOf(handler: LearnerHandler): LearnerBacklog {
    const isVoter = !handler.isObserver && this.context.membership.quorum.isVoter(handler.sid);
    return isVoter ? this.#voterBacklog : this.#otherBacklog;
  }

  canSpare(handler: LearnerHandler): boolean {
    return this.context.membership.quorum.containsQuorum(this.#aliveVoters(handler));
  }

  /** Observers ack nothing, so two connections of one do no harm. */
  awaitSeat(handler: LearnerHandler, done: () => void): void {
    if (handler.isObserver) done();
    else this.#seats.take(handler, done);
  }

  awaitStart(handler: LearnerHandler, done: () => void): void {
    this.#newLeaderWait.whenDone(handler, done);
    if (!handler.isObserver) this.#saidNewLeader(handler.sid);
  }

  #saidNewLeader(sid: number): void {
    if (this.#newLeaderWait.done || !this.context.membership.quorum.isVoter(sid)) return;
    this.#newLeaderWait.say(sid);
    if (!this.#newLeaderWait.isQuorum) return;
    this.#startServer();
    this.#newLeaderWait.finish();
  }

  #startServer(): void {
    const { membership, sessionIds } = this.context;
    const zxid = makeZxid(this.#epoch, 0);
    // NEWLEADER named it, and a quorum of each configuration has acked. @see docs/quorum.md
    membership.commit(membership.lastSeen);
    this.context.database.startEpoch(zxid);
    this.#server = new LeaderZooKeeperServer(serverParts(this.context), {
      mode: 'leader',
      sid: this.context.sid,
      sessionIds,
      membership,
      broadcast: this,
      zxid,
    });
    this.#server.onRoom = () => this.#requests.goOn();
    this.#onEstablished(this.#epoch);
    this.#startDeadline?.cancel();
    this.context.events.emit({ kind: 'leading', epoch: this.#epoch, syncedAfterMs: this.uptimeMs });
    if (this.context.config.leaderServes) this.context.serve(this.#server);
  }

  propose(packet: TxnPacket): void {
    this.#proposalsSent.add();
    for (const follower of this.#followers) follower.sendProposal(packet);
  }

  inform(packet: TxnPacket): void {
    informAll(this.#observers, packet, this.context.turns.applying);
  }

  commit(packets: readonly TxnPacket[]): void {
    const bytes = commitBytes(packets);
    for (const follower of this.#followers) follower.sendBatch(PacketType.COMMIT, bytes, packets.length);
    this.context.metrics.counter('commit_count').add(packets.length);
  }

  stepDown(reason: string): void {
    this.end(reason);
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
    for (const wait of [this.#epochWait, this.#ackEpochWait, this.#newLeaderWait]) wait.forget(handler);
    this.stopForwarding(handler);
    if (handler.lastAckedZxid > 0 && !this.#isSynced(handler.sid)) this.#server?.forgetAcks(handler.sid);
  }

  /** True when another connection of this voter is synced. */
  #isSynced(sid: number): boolean {
    for (const handler of this.#handlers) {
      if (handler.sid === sid && !handler.isObserver && handler.synced) return true;
    }
    return false;
  }

  #halfTick(): void {
    const lastProposed = this.#server?.lastProposed ?? makeZxid(Math.max(this.#epoch, 0), 0);
    for (const handler of [...this.#handlers]) handler.tick(lastProposed);
    this.#halfTicks++;
    if (this.#server !== null && this.#halfTicks % 2 === 0 && !this.#hasQuorum()) {
      this.context.events.emit({ kind: 'quorumLost', epoch: this.#epoch });
      this.end('no quorum of learners is heard from any more');
    }
  }

  #hasQuorum(): boolean {
    return this.context.membership.quorum.containsQuorum(this.#aliveVoters());
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
    this.context.events.emit({ kind: 'leadingEnds', epoch: this.#epoch, reason });
    this.#pingTimer?.cancel();
    this.#startDeadline?.cancel();
    this.#claims.close();
    for (const listener of this.#listeners) listener.close();
    this.#requests.stop();
    for (const handler of [...this.#handlers]) handler.close('the leader steps down', false);
    this.context.serve(null);
    const finish = () => this.#ended?.(reason);
    if (this.#server === null) this.context.clock.atEndOfTurn(finish);
    else this.#server.stop(reason, finish);
  }
}
