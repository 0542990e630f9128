import { Election } from '../election/election.ts';
import { type Elected, NO_VOTE } from '../election/fast-leader-election.ts';
import { CatchUp } from '../learner/catch-up.ts';
import { Follower } from '../learner/follower.ts';
import { type Learner, RECONFIGURED } from '../learner/learner.ts';
import type { Master } from '../learner/master-dialer.ts';
import { Observer } from '../learner/observer.ts';
import { ObserverMasters } from '../learner/observer-masters.ts';
import { Leader } from '../master/leader/leader.ts';
import type { Membership, MembershipChange } from '../membership/membership.ts';
import { NO_ORACLE, type Oracle } from '../membership/oracle.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { RatedLog } from '../runtime/logging/rated-log.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { EpochFiles } from '../storage/epoch-file.ts';
import { EPOCH_MAX } from '../wire/zxid.ts';
import { type ConfigOutcome, type PeerContext, serverParts, type ZabState } from '../zab/peer-context.ts';
import { electionOptions } from './election-options.ts';
import { MasterChange } from './master-change.ts';
import { allMasters, electionViewOf, leaderRounds, masterCandidates } from './member-places.ts';
import { OracleFile } from './oracle-file.ts';
import { PeerConfiguration } from './peer-configuration.ts';
import type { QuorumPeerParts } from './quorum-peer-parts.ts';
import { ReadOnlyMode } from './read-only-mode.ts';
import { noReaders, ReadOnlyPhase } from './read-only-phase.ts';

/**
 * An observer whose master is gone finds another one within tens of ms, after the random delay that precedes
 * its election. It tells its clients that it is read-only only after this much more time.
 */
const SEEK_MS = 1000;

/**
 * One member of an ensemble: it takes part in elections, and plays a role between two of them. The database
 * outlives both; when a role ends, memory is brought level with the log before the next vote
 * (ZOOKEEPER-2845).
 */
export class QuorumPeer {
  readonly #parts: QuorumPeerParts;
  readonly #context: PeerContext;
  readonly #election: Election;
  readonly #masters: ObserverMasters;
  readonly #oracle: Oracle;
  readonly #configuration: PeerConfiguration;
  readonly membership: Membership;
  /** Null unless this server can be an observer that keeps clients without a master. */
  readonly readOnly: ReadOnlyPhase | null;
  /** Null unless this server can be an observer behind observer masters. */
  readonly masterChange: MasterChange | null;
  /** Null unless readonlymode.enabled. Read-only observers do not use it: they do more. */
  readonly #readOnlyMode: ReadOnlyMode | null;
  /** The server that took the clients of the current role. */
  #served: ZooKeeperServer | null = null;
  #role: Leader | Follower | Observer | null = null;
  /** The sid that this server follows without an election when its role has ended. */
  #successor: number | null = null;
  #pause: Timer | null = null;
  #catchUp: CatchUp | null = null;
  #stopped: (() => void) | null = null;
  #stopping = false;
  #lookingSinceMs = 0;
  /** When it began to look, whether or not it served before; null while it serves. */
  #unavailableSinceMs: number | null = null;

  constructor(parts: QuorumPeerParts) {
    this.#parts = parts;
    const { config, runtime, member, metrics, events, stats, logger } = parts;
    const { clock } = runtime;
    const { database, onFatal } = parts;
    const { reconfigEnabled } = config;
    this.#configuration = new PeerConfiguration(
      {
        ...{ member, reconfigEnabled, database, clock, events, logger, onFatal },
        store: parts.configurationStore ?? null,
      },
      {
        onChange: what => this.#onConfiguration(what),
        member: () => ({ sid: member.sid, leader: this.leaderSid }),
        onLeaving: successor => {
          this.#successor = successor;
        },
      },
    );
    this.membership = this.#configuration.membership;
    const { oraclePath } = config;
    this.#oracle = oraclePath === undefined ? NO_ORACLE : new OracleFile(runtime.disk, oraclePath, logger);
    if (oraclePath !== undefined && !this.membership.quorum.isPair)
      logger.warn('oraclePath has no effect: only ensembles of two voters without groups ask an oracle');
    const context: PeerContext = {
      sid: member.sid,
      config,
      clock,
      network: runtime.network,
      random: runtime.random,
      database,
      access: parts.access,
      epochs: parts.epochs,
      sessionIds: parts.sessionIds,
      localSessions: parts.localSessions,
      membership: this.membership,
      oracle: this.#oracle,
      onConfigSeen: text => this.#configuration.onSeen(text),
      onConfigProposed: text => this.#configuration.onProposed(text),
      onConfigCommitted: text => this.#onConfigCommitted(text),
      onConfigActivated: (text, leader) => this.#configuration.onActivated(text, leader),
      sync: { snapshotNeeded: false },
      confirmed: { acceptedEpoch: 0 },
      quorumPortFailures: new Map(),
      metrics,
      events,
      stats,
      logger,
      lines: new RatedLog({ logger, clock }),
      guard: parts.guard,
      turns: parts.turns,
      heapBytesMax: runtime.heapBytesMax,
      onFatal,
      readers: noReaders(database),
      commits: parts.commits,
      serve: server => this.#serve(server),
    };
    this.readOnly = this.#newReadOnlyPhase(context);
    this.#context = this.readOnly === null ? context : { ...context, readers: this.readOnly };
    this.#readOnlyMode = config.readOnlyModeEnabled
      ? new ReadOnlyMode(serverParts(context), this.membership, parts.serve)
      : null;
    this.#election = this.#newElection();
    this.#masters = new ObserverMasters(runtime.random);
    this.masterChange = this.#newMasterChange();
  }

  #newMasterChange(): MasterChange | null {
    const { runtime, config, logger } = this.#parts;
    if (!this.#mayObserve || config.observerMasterPort === 0) return null;
    return new MasterChange({
      clock: runtime.clock,
      network: runtime.network,
      logger,
      candidates: () => allMasters(this.membership, config.observerMasterPort),
      leave: (observer, master) => {
        this.#masters.prescribe(master);
        observer.end(`it was asked to follow server ${master.sid}`);
      },
    });
  }

  /** Whether this member is an observer, or may become one by a reconfiguration. */
  get #mayObserve(): boolean {
    return this.membership.role === 'observer' || this.#parts.config.reconfigEnabled;
  }

  /**
   * Whether it serves read-only clients as an observer. A server with the first setting and without the
   * others does not start as an observer.
   */
  get #isReadOnlyEnabled(): boolean {
    const { observerReadOnlyEnabled, localSessionsEnabled, observerSyncEnabled } = this.#parts.config;
    return observerReadOnlyEnabled && localSessionsEnabled && observerSyncEnabled;
  }

  #newReadOnlyPhase(context: PeerContext): ReadOnlyPhase | null {
    const { config, serve } = this.#parts;
    const { observerReadOnlyMaxStaleMs: maxStaleMs, observerMasterPort, observerElectionDelayMs } = config;
    const hasMasters = observerMasterPort > 0;
    const isReadOnlyEnabled = this.#isReadOnlyEnabled;
    // What a sync brings is held back in the log while clients are kept.
    const keeps = isReadOnlyEnabled || (hasMasters && config.observerSyncEnabled);
    if (!this.#mayObserve || !keeps) return null;
    const seekMs = hasMasters ? observerElectionDelayMs + SEEK_MS : 0;
    const limits = { maxStaleMs, seekMs, isReadOnlyEnabled };
    return new ReadOnlyPhase({ server: serverParts(context), membership: this.membership, serve, ...limits });
  }

  #onConfiguration(what: MembershipChange): void {
    this.#election.setView(electionViewOf(this.membership));
    if (what === 'committed') this.#parts.onConfiguration?.(this.membership.committed);
  }

  #onConfigCommitted(told: string | null): ConfigOutcome {
    const outcome = this.#configuration.onCommitted(told, this.#role?.epoch ?? 0);
    // Memory is brought level with the log before this server votes. UPTODATE says that it is all committed.
    if (outcome === 'leaves' && this.#role instanceof Observer) this.readOnly?.onEstablished();
    return outcome;
  }

  #serve(server: ZooKeeperServer | null): void {
    const { readOnly } = this;
    const role = this.#role;
    const former = this.#served;
    this.#served = server;
    if (server !== null) {
      // After SNAP or TRUNC, the tree has the configuration of a snapshot.
      const outcome = this.#onConfigCommitted(null);
      if (outcome === 'leaves') role?.end(RECONFIGURED);
      if (outcome !== 'goesOn') return;
      this.#configuration.writeNode();
      this.#available();
      if (readOnly === null) this.#parts.serve(server, false);
      else readOnly.end(server);
    } else if (readOnly === null || !(role instanceof Observer) || !this.#keepsClients) {
      readOnly?.close('this server does not observe any more');
      this.#parts.serve(null, false);
    } else if (former !== null) {
      readOnly.begin(former, role.lastReceivedMs);
    } else if (!readOnly.areServed) {
      this.#parts.serve(null, false);
    }
  }

  /**
   * Whether this server will be an observer in its next role too, and has reason to keep its clients until
   * then.
   */
  get #keepsClients(): boolean {
    if (this.#stopping || this.membership.role !== 'observer') return false;
    return this.#isReadOnlyEnabled || this.masterChange?.isUnderWay === true;
  }

  #newElection(): Election {
    const { runtime, electionNetwork: network, config, logger, metrics, onFatal } = this.#parts;
    const { sid } = this.membership;
    return new Election(
      { clock: runtime.clock, network, logger, metrics },
      {
        sid,
        ...electionViewOf(this.membership),
        ...electionOptions(config),
        acceptedEpoch: () => this.#parts.epochs.acceptedEpoch,
        oracle: this.#oracle,
      },
      {
        onListenFailed: onFatal,
        onSupportLost: () => this.#onSupportLost(),
        onConfigSeen: seen => this.#onVote(seen),
      },
    );
  }

  /**
   * Age of the data that read-only clients read, as far as it is known, in ms; 0 while there are no such
   * clients.
   */
  get readOnlyAgeMs(): number {
    return this.readOnly?.ageMs || this.#readOnlyMode?.ageMs || 0;
  }

  get sid(): number {
    return this.#context.sid;
  }

  get role(): Leader | Follower | Observer | null {
    return this.#role;
  }

  /** Null while this server looks for a leader. */
  get leaderSid(): number | null {
    return this.#role === null ? null : this.#election.vote.leader;
  }

  get epochs(): EpochFiles {
    return this.#parts.epochs;
  }

  /** "leading", "following", "observing" or "looking", and where in Zab. */
  get peerState(): string {
    if (this.#role === null) return 'looking - election';
    const name = { leader: 'leading', follower: 'following', observer: 'observing' }[this.#role.name];
    return `${name} - ${this.zabState}`;
  }

  get zabState(): ZabState {
    return this.#role?.zabState ?? 'election';
  }

  /** @throws ServerError ZK_VOTERS_CHANGED */
  start(): void {
    const problem = this.#configuration.problemOnDisk();
    if (problem !== null) throw problem;
    this.#election.start();
    this.#parts.onConfiguration?.(this.membership.committed);
    this.#look();
  }

  /**
   * While this server shows its clients a state that is older than its log, a vote does not make it a voter:
   * its next sync does.
   */
  #onVote(seen: { from: number; version: number; text: string }): void {
    if (this.#role === null && this.readOnly?.holdsBackSyncs !== true) this.#configuration.onVote(seen);
  }

  #look(): void {
    if (this.#stopping || !this.#configuration.beginElection()) return;
    const { epochs, events, runtime } = this.#parts;
    this.#lookingSinceMs = runtime.clock.monotonicMs();
    this.#unavailableSinceMs ??= this.#lookingSinceMs;
    if (this.membership.role !== 'observer' || !this.#isReadOnlyEnabled)
      this.#readOnlyMode?.onLooking(this.#unavailableSinceMs);
    const proposal = { zxid: this.#votedZxid(), peerEpoch: epochs.currentEpoch };
    events.emit({ kind: 'looking', zxid: proposal.zxid, epoch: proposal.peerEpoch });
    this.#election.lookForLeader(proposal, elected => this.#onElected(elected));
  }

  /**
   * NO_VOTE keeps a server from being elected, and keeps its vote from counting. It follows the leader that
   * others elect.
   */
  #votedZxid(): number {
    const { database, epochs, logger } = this.#parts;
    if (database.lastProcessedZxid < 0) return NO_VOTE;
    if (epochs.acceptedEpoch < EPOCH_MAX) return database.lastLoggedZxid;
    logger.error(
      `epoch ${EPOCH_MAX} is accepted here, and it is the last one: this server follows a leader of that epoch and elects no other. ` +
        'server/docs/epochs.md says how to start over',
    );
    return NO_VOTE;
  }

  /** This server serves again. @see QuorumPeer.setZabState */
  #available(): void {
    if (this.#unavailableSinceMs === null) return;
    const { metrics, clock } = this.#context;
    const tookMs = clock.monotonicMs() - this.#unavailableSinceMs;
    this.#unavailableSinceMs = null;
    metrics.summary('unavailable_time').add(tookMs);
    if (this.#role instanceof Leader) metrics.summary('leader_unavailable_time').add(tookMs);
  }

  #onElected(elected: Elected): void {
    if (this.#stopping) return;
    const tookMs = this.#parts.runtime.clock.monotonicMs() - this.#lookingSinceMs;
    const { state, leader } = elected;
    this.#parts.events.emit({ kind: 'elected', state, leader, tookMs });
    this.#readOnlyMode?.end('a leader was elected');
    const role = this.#roleOf(elected);
    this.#role = role;
    role.start(reason => this.#onEnded(role, reason));
  }

  #roleOf(elected: Elected): Leader | Follower | Observer {
    const context = this.#context;
    const established = (epoch: number) => this.#election.updateElectionVote(epoch);
    if (elected.state === 'LEADING') return new Leader(context, established);
    if (elected.state === 'FOLLOWING') {
      return new Follower(context, leaderRounds(this.membership, elected.leader), established);
    }
    return new Observer(context, this.#mastersOf(elected.leader), epoch => {
      this.#masters.onServed();
      this.masterChange?.onServed(this.learner?.masterSid ?? null);
      this.readOnly?.onEstablished();
      established(epoch);
    });
  }

  #mastersOf(leader: number): Master[][] {
    const { observerMasterPort } = this.#context.config;
    if (observerMasterPort === 0) return leaderRounds(this.membership, leader);
    return this.#masters.rounds(masterCandidates(this.membership, leader, observerMasterPort));
  }

  /** A leader that is still forming its epoch cannot succeed without those who elected it. ZOOKEEPER-3109 */
  #onSupportLost(): void {
    if (this.#role instanceof Leader && this.#role.server === null) {
      this.#context.events.emit({ kind: 'supportLost' });
      this.#role.end('those who elected this server look for another leader');
    }
  }

  #onEnded(role: Leader | Follower | Observer, reason: string): void {
    if (this.#role !== role) return;
    this.#role = null;
    if (role instanceof Observer) this.#masters.onEnded(role.askedMaster);
    this.masterChange?.onLost();
    if (this.#stopping) {
      this.#finishStop();
      return;
    }
    const goOn = (fastForwarded: number): void => {
      this.#catchUp = null;
      this.#parts.logger.info('this server gives up its role', { role: role.name, reason, fastForwarded });
      this.readOnly?.onLooking();
      this.#lookAgain(role);
    };
    if (this.readOnly?.mayCatchUp === false) {
      goOn(0);
      return;
    }
    this.#catchUp = new CatchUp(this.#context, goOn);
    this.#catchUp.start();
  }

  #lookAgain(role: Leader | Follower | Observer): void {
    const { config, clock, random } = this.#context;
    const successor = this.#successor;
    this.#successor = null;
    if (successor !== null && this.#settle(successor)) return;
    // The leader stays the same, so there is no election, and no random delay for the sake of other
    // observers.
    if (this.masterChange?.takeLeaving() === true && this.#settle(this.#election.vote.leader)) return;
    // Hundreds of observers must not reach a new leader at the same moment.
    const spreadMs = role.name === 'observer' ? random.below(config.observerElectionDelayMs + 1) : 0;
    const delayMs = spreadMs + (role instanceof Leader ? 0 : role.pauseMs);
    this.#pause = clock.after(delayMs, () => {
      this.#pause = null;
      this.#look();
    });
  }

  /**
   * Follows the leader that a reconfiguration named, or leads, without an election. False when that is not
   * possible. The vote has no epoch until that leader's epoch is known. @see QuorumPeer.updateServerState
   */
  #settle(leader: number): boolean {
    const { role, sid, servers } = this.membership;
    const zxid = this.#votedZxid();
    if (!servers.has(leader) || zxid === NO_VOTE) return false;
    const learning = role === 'observer' ? 'OBSERVING' : 'FOLLOWING';
    const state = leader === sid ? 'LEADING' : learning;
    const vote = { leader, zxid, round: this.#election.round, peerEpoch: -1 };
    this.#lookingSinceMs = this.#parts.runtime.clock.monotonicMs();
    this.#unavailableSinceMs ??= this.#lookingSinceMs;
    this.#election.setState(state, vote);
    this.#onElected({ state, leader, vote, supporters: new Set() });
    return true;
  }

  get learner(): Learner | null {
    return this.#role === null || this.#role instanceof Leader ? null : this.#role;
  }

  stop(done: () => void): void {
    this.#stopping = true;
    this.#stopped = done;
    this.#pause?.cancel();
    this.#catchUp?.stop();
    this.#catchUp = null;
    this.readOnly?.stop();
    this.#readOnlyMode?.end('the server stops');
    this.#election.shutdown();
    if (this.#role === null) this.#context.clock.atEndOfTurn(() => this.#finishStop());
    else this.#role.end('the server stops');
  }

  #finishStop(): void {
    const done = this.#stopped;
    this.#stopped = null;
    done?.();
  }
}
