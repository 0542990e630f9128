import { NO_ORACLE, type Oracle } from '../membership/oracle.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { Notification, PeerState } from '../wire/election-message.ts';
import type { ElectionMembers } from './election-members.ts';
import {
  type Elected,
  type ElectionEvent,
  type ElectionOutput,
  type ElectionTimer,
  type ElectionView,
  FastLeaderElection,
  type Proposal,
  type SettledState,
} from './fast-leader-election.ts';
import { QuorumCnxManager } from './quorum-cnx-manager.ts';
import type { QuorumCnxManagerDeps, QuorumCnxManagerEvents } from './quorum-cnx-options.ts';
import type { Vote } from './vote.ts';

export interface ElectionOptions extends ElectionView {
  readonly sid: number;
  readonly members: ElectionMembers;
  /** Listen on every address of the machine. @default false, as upstream */
  readonly quorumListenOnAllIPs?: boolean;
  /** @default false, as upstream */
  readonly multiAddressEnabled?: boolean;
  /** @default no limit */
  readonly reachabilityTimeoutMs?: number | undefined;
  /** zookeeper.cnxTimeout; 5000 upstream. */
  readonly cnxTimeoutMs: number;
  /** Limit on the time until an accepted connection says who it is. */
  readonly helloTimeoutMs: number;
  /** @default false, as upstream */
  readonly tcpKeepAlive?: boolean;
  /** electionPortBindRetry; 3 upstream. */
  readonly bindTriesMax: number;
  readonly acceptedEpoch: () => number;
  /** @default one that authorises nothing */
  readonly oracle?: Oracle;
  /**
   * 200 upstream. If it is shorter than a message takes, an election may end with a leader that no quorum
   * follows.
   */
  readonly finalizeWaitMs?: number;
  /** zookeeper.fastleader.minNotificationInterval; 200 upstream. */
  readonly minNotificationIntervalMs: number;
  /** zookeeper.fastleader.maxNotificationInterval; 60000 upstream. */
  readonly maxNotificationIntervalMs: number;
}

export interface ElectionEvents extends Omit<QuorumCnxManagerEvents, 'onNotification'> {
  /**
   * While looking: another server has a newer committed configuration. Adopt it with `setView`, which starts
   * the election over, or ignore it. Called for each such vote.
   */
  onConfigSeen?(config: { from: number; version: number; text: string }): void;
  /**
   * Voters that elected this server look again, and those left are no quorum. A leader that waits for its
   * epoch should give up; an established one need not care. ZOOKEEPER-3109
   */
  onSupportLost?(remaining: ReadonlySet<number>): void;
}

const FINALIZE_WAIT_MS = 200;

/** One call of lookForLeader. It keeps the result of an earlier call from being taken for its own. */
interface Search {
  readonly onElected: (result: Elected) => void;
  readonly sinceMs: number;
}

/**
 * The election of one server, for as long as it runs:
 *
 *     election.start();
 *     election.lookForLeader({ zxid, peerEpoch }, ({ state, leader }) => lead, follow or observe);
 *     election.updateElectionVote(newEpoch);      when the epoch of that leader is established
 *     election.lookForLeader(...);                when it is lost
 *     election.shutdown();
 *
 * In between it answers whoever looks.
 */
export class Election {
  readonly #deps: QuorumCnxManagerDeps;
  readonly #events: ElectionEvents;
  readonly #core: FastLeaderElection;
  readonly #oracle: Oracle;
  readonly #connections: QuorumCnxManager;
  readonly #timers = new Map<ElectionTimer, Timer>();
  #search: Search | undefined;
  #closed = false;

  constructor(deps: QuorumCnxManagerDeps, options: ElectionOptions, events: ElectionEvents) {
    const { finalizeWaitMs = FINALIZE_WAIT_MS } = options;
    this.#deps = deps;
    this.#events = events;
    this.#oracle = options.oracle ?? NO_ORACLE;
    this.#core = new FastLeaderElection({ ...options, finalizeWaitMs }, options);
    this.#connections = new QuorumCnxManager(deps, options, {
      ...events,
      onNotification: (from, notification) => this.#onNotification(from, notification),
    });
  }

  get state(): PeerState {
    return this.#core.state;
  }

  get vote(): Vote {
    return this.#core.vote;
  }

  /** The logical clock. */
  get round(): number {
    return this.#core.round;
  }

  get connections(): Pick<QuorumCnxManager, 'connectionCount' | 'isConnected'> {
    return this.#connections;
  }

  /** Opens the election port. @throws ServerError ZK_CONFIG_MISSING without an address to listen on */
  start(): void {
    this.#connections.start();
  }

  /**
   * Starts a new round. `onElected` is called once, in a later turn, unless another `lookForLeader`,
   * `setState` or `shutdown` comes first.
   */
  lookForLeader(proposal: Proposal, onElected: (result: Elected) => void): void {
    if (this.#closed) return;
    this.#search = { onElected, sinceMs: this.#deps.clock.monotonicMs() };
    this.#connections.setPersistent(true);
    this.#step({ type: 'look', proposal });
  }

  /** Takes a state without an election: a reconfiguration has named the leader. */
  setState(state: SettledState, vote: Vote): void {
    this.#search = undefined;
    this.#connections.setPersistent(false);
    this.#step({ type: 'settle', state, vote });
  }

  /** The leader's epoch is established: servers that look from now on hear it with the vote. */
  updateElectionVote(newEpoch: number): void {
    const { state, vote } = this.#core;
    if (state !== 'LOOKING') this.#step({ type: 'settle', state, vote: { ...vote, peerEpoch: newEpoch } });
  }

  /** Another configuration, or another role in it. An election under way starts over. */
  setView(view: ElectionView & { readonly members: ElectionMembers }): void {
    this.#connections.setMembers(view.members);
    this.#step({ type: 'view', view });
  }

  /** Leaves no timer and no socket. */
  shutdown(): void {
    this.#closed = true;
    this.#search = undefined;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#connections.close();
  }

  #onNotification(from: number, notification: Notification): void {
    this.#step({ type: 'notification', from, notification });
  }

  #step(event: ElectionEvent): void {
    if (this.#closed) return;
    for (const output of this.#core.step(event)) this.#carryOut(output);
  }

  #carryOut(output: ElectionOutput): void {
    switch (output.type) {
      case 'send':
        this.#connections.send(output.to, output.notification);
        break;
      case 'setTimer':
        this.#setTimer(output.timer, output.delayMs);
        break;
      case 'cancelTimer':
        this.#timers.get(output.timer)?.cancel();
        break;
      case 'configSeen':
        this.#later(() => {
          const { from, version, config } = output;
          this.#events.onConfigSeen?.({ from, version, text: config.toString('utf8') });
        });
        break;
      case 'askOracle':
        if (this.#oracle.authorizes()) this.#later(() => this.#step({ type: 'authorized' }));
        break;
      case 'supportLost':
        this.#later(() => this.#events.onSupportLost?.(output.remaining));
        break;
      case 'elected':
        this.#finish(output.result);
        break;
    }
  }

  #setTimer(timer: ElectionTimer, delayMs: number): void {
    this.#timers.get(timer)?.cancel();
    this.#timers.set(
      timer,
      this.#deps.clock.after(delayMs, () => this.#step({ type: 'timer', timer })),
    );
  }

  #finish(result: Elected): void {
    const { clock, metrics, logger } = this.#deps;
    const search = this.#search;
    this.#connections.setPersistent(false);
    this.#later(() => {
      if (search === undefined || this.#search !== search) return;
      this.#search = undefined;
      metrics.summary('election_time').add(clock.monotonicMs() - search.sinceMs);
      const { state, leader, vote } = result;
      logger.info('the election is over', { state, leader, round: vote.round, zxid: vote.zxid });
      search.onElected(result);
    });
  }

  /** Calls the owner in a later turn: it may call back into the election, never in the middle of a step. */
  #later(run: () => void): void {
    this.#deps.clock.atEndOfTurn(() => {
      if (!this.#closed) run();
    });
  }
}
