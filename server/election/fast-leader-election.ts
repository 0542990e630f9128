import { configVersionOf } from '../membership/config-version.ts';
import type { JointQuorum } from '../membership/joint-quorum.ts';
import type { Role } from '../membership/quorum-server.ts';
import {
  NOTIFICATION_VERSION,
  type Notification,
  type PeerState,
  ROUND_MAX,
} from '../wire/election-message.ts';
import { CandidateOrder, PENDING_RESEND_MAX_MS } from './candidate-order.ts';
import { agrees, type CastVote, compareVotes, emptyVote, type Vote } from './vote.ts';

/**
 * Fast leader election as a state machine: events in, outputs out; no clock, no socket, no randomness. One
 * object lives as long as the server. While the server leads, follows or observes, it answers members that
 * still look.
 *
 * A round of voting: each member proposes itself, changes to every better vote that it receives, and decides
 * when a quorum has the same vote and no better one came within `finalizeWaitMs`. If messages take longer
 * than that, two servers may be elected in one round. Discovery (docs/quorum.md "Discovery"), not the
 * election, makes the leader unique.
 *
 * @see docs/election.md "Votes"; FastLeaderElection.lookForLeader
 */
export interface ElectionSettings {
  readonly sid: number;
  /** How long a decided vote waits for a better one. */
  readonly finalizeWaitMs: number;
  /** Votes are sent again after this time, then after twice as long, up to the maximum. */
  readonly minNotificationIntervalMs: number;
  readonly maxNotificationIntervalMs: number;
}

/** Which configurations decide, and what this server is in them. */
export interface ElectionView {
  readonly role: Role;
  readonly quorum: JointQuorum;
}

/** The zxid of a server that must not vote: others ignore its votes, and it ignores theirs. ZOOKEEPER-261 */
export const NO_VOTE = -1;

export interface Proposal {
  /** Last zxid in the log, or NO_VOTE. */
  readonly zxid: number;
  /** currentEpoch. */
  readonly peerEpoch: number;
}

export type ElectionTimer = 'finalize' | 'resend';

export type ElectionEvent =
  | { readonly type: 'look'; readonly proposal: Proposal }
  | { readonly type: 'notification'; readonly from: number; readonly notification: Notification }
  | { readonly type: 'timer'; readonly timer: ElectionTimer }
  /** The state changed without an election: a new epoch, or a reconfiguration that names the leader. */
  | { readonly type: 'settle'; readonly state: SettledState; readonly vote: Vote }
  | { readonly type: 'view'; readonly view: ElectionView }
  /** The answer to `askOracle`. */
  | { readonly type: 'authorized' };

export type SettledState = Exclude<PeerState, 'LOOKING'>;

export interface Elected {
  readonly state: SettledState;
  readonly leader: number;
  readonly vote: Vote;
  /** Voters whose votes decided. */
  readonly supporters: ReadonlySet<number>;
}

export type ElectionOutput =
  | { readonly type: 'send'; readonly to: number; readonly notification: Notification }
  /** Replaces a timer of that name. */
  | { readonly type: 'setTimer'; readonly timer: ElectionTimer; readonly delayMs: number }
  | { readonly type: 'cancelTimer'; readonly timer: ElectionTimer }
  /** A notification carried a newer configuration. The owner may adopt it and answer with a `view` event. */
  | {
      readonly type: 'configSeen';
      readonly from: number;
      readonly version: number;
      readonly config: Buffer;
    }
  /** Nothing is heard of the other one of two voters. `authorized` answers, if the oracle says so. */
  | { readonly type: 'askOracle' }
  /** The votes that made this server leader are no quorum any more. ZOOKEEPER-3109 */
  | { readonly type: 'supportLost'; readonly remaining: ReadonlySet<number> }
  /** Always the last output of a step. */
  | { readonly type: 'elected'; readonly result: Elected };

/** At most this many askers are told the outcome; further learners ask again by themselves. */
const ASKERS_MAX = 4096;

export class FastLeaderElection {
  readonly #settings: ElectionSettings;
  #view!: ElectionView;
  #config: Buffer = Buffer.alloc(0);

  /** Undefined until the first look. */
  #state: PeerState | undefined;
  /** The logical clock. */
  #round = 0;
  #proposal: Proposal = { zxid: 0, peerEpoch: 0 };
  #initial: Vote = emptyVote(0);
  #vote: Vote = emptyVote(0);
  #resendDelayMs: number;
  #finalizing = false;
  readonly #order = new CandidateOrder();
  /** A voter has spoken since votes were last sent to all. */
  #isHeard = false;
  #supporters: Set<number> | undefined;

  /** Votes of this round, our own included. */
  readonly #received = new Map<number, CastVote>();
  /** Votes of servers outside any election for the leader that they have, from whatever round. */
  readonly #settled = new Map<number, CastVote>();
  /** Servers without a vote that have asked, with their last question. This server tells them the outcome. */
  readonly #askers = new Map<number, CastVote>();
  /** Messages of voters that came before the first look. */
  readonly #early = new Map<number, Notification>();
  #outputs: ElectionOutput[] = [];
  #elected: Elected | undefined;

  constructor(settings: ElectionSettings, view: ElectionView) {
    this.#settings = settings;
    this.#resendDelayMs = settings.minNotificationIntervalMs;
    this.#setView(view);
  }

  get state(): PeerState {
    return this.#state ?? 'LOOKING';
  }

  /** While looking: the current proposal. */
  get vote(): Vote {
    return this.#vote;
  }

  get round(): number {
    return this.#round;
  }

  /** The caller carries out the outputs in their order. */
  step(event: ElectionEvent): ElectionOutput[] {
    const outputs: ElectionOutput[] = [];
    this.#outputs = outputs;
    switch (event.type) {
      case 'look':
        this.#look(event.proposal);
        break;
      case 'notification':
        this.#onNotification(event.from, event.notification);
        break;
      case 'timer':
        this.#onTimer(event.timer);
        break;
      case 'settle':
        this.#settle(event.state, event.vote);
        break;
      case 'view':
        this.#setView(event.view);
        if (this.#state === 'LOOKING') this.#look(this.#proposal);
        break;
      case 'authorized':
        if (this.#mayLeadAlone()) this.#elect(this.#vote, new Set([this.#settings.sid]));
        break;
    }
    if (this.#elected !== undefined) outputs.push({ type: 'elected', result: this.#elected });
    this.#elected = undefined;
    return outputs;
  }

  #setView(view: ElectionView): void {
    this.#view = view;
    this.#config = Buffer.from(view.quorum.committed.text, 'utf8');
  }

  #isVoter(sid: number): boolean {
    return this.#view.quorum.isVoter(sid);
  }

  #isBetter(a: Vote, b: Vote): boolean {
    const { quorum } = this.#view;
    const isPreferred = (sid: number) => this.#order.prefersCommitted && quorum.committed.isVoter(sid);
    return compareVotes(a, b, sid => quorum.weightOf(sid), isPreferred) > 0;
  }

  #look(proposal: Proposal): void {
    this.#state = 'LOOKING';
    this.#supporters = undefined;
    this.#received.clear();
    this.#settled.clear();
    this.#isHeard = false;
    this.#order.restart();
    // A server that was told of the last round stays in it, because peers accept no later one.
    this.#round = Math.min(this.#round + 1, ROUND_MAX);
    this.#proposal = proposal;
    this.#initial = this.#initialVote(proposal);
    this.#propose(this.#initial);
    this.#resendDelayMs = this.#settings.minNotificationIntervalMs;
    this.#outputs.push({ type: 'setTimer', timer: 'resend', delayMs: this.#resendDelayMs });
    this.#finalizeOnQuorum();
    for (const [from, notification] of this.#early) this.#onNotification(from, notification);
    this.#early.clear();
  }

  /** An observer proposes nobody. Neither does a participant that is in no configuration yet. */
  #initialVote({ zxid, peerEpoch }: Proposal): Vote {
    const vote = emptyVote(this.#round);
    if (this.#view.role === 'observer') return vote;
    const { sid } = this.#settings;
    return { ...vote, zxid, peerEpoch, leader: this.#isVoter(sid) ? sid : vote.leader };
  }

  #propose(vote: Vote): void {
    this.#vote = { ...vote, round: this.#round };
    const own: CastVote = { ...this.#vote, state: 'LOOKING', version: NOTIFICATION_VERSION };
    this.#received.set(this.#settings.sid, own);
    this.#stopFinalizing();
    this.#broadcast();
  }

  /** Sends to voters only, because observers never dial each other. ZOOKEEPER-1807 */
  #broadcast(): void {
    for (const sid of this.#view.quorum.voters)
      if (sid !== this.#settings.sid) this.#send(sid, this.#vote.round);
  }

  #send(to: number, round: number): void {
    const { leader, zxid, peerEpoch } = this.#vote;
    const { state } = this;
    const version = NOTIFICATION_VERSION;
    const notification = { state, leader, zxid, round, peerEpoch, version, config: this.#config };
    this.#outputs.push({ type: 'send', to, notification });
  }

  #onNotification(from: number, notification: Notification): void {
    if (from === this.#settings.sid) return;
    if (this.#state === undefined) {
      if (this.#isVoter(from)) this.#early.set(from, notification);
      return;
    }
    if (this.#state === 'LOOKING') this.#noteConfig(from, notification);
    if (!this.#isVoter(from)) this.#answerAsker(from, notification);
    else if (this.#state === 'LOOKING') {
      this.#isHeard = true;
      this.#onVote(from, notification);
    } else if (notification.state === 'LOOKING') this.#answerLookingVoter(from, notification);
  }

  #noteConfig(from: number, { config }: Notification): void {
    if (config === null) return;
    const version = configVersionOf(config);
    if (version <= this.#view.quorum.committed.version) return;
    this.#outputs.push({ type: 'configSeen', from, version, config });
  }

  /**
   * Answers a server without a vote at once, and again when there is an outcome. Two servers that take each
   * other for strangers would answer each other forever. So a server answers only if it is a voter or has a
   * newer configuration. It answers only looking servers and, while it looks itself, only new questions.
   */
  #answerAsker(from: number, question: Notification): void {
    const mayAnswer = this.#isVoter(this.#settings.sid) || this.#hasNewerConfig(question);
    if (!mayAnswer || question.state !== 'LOOKING') return;
    if (this.#state === 'LOOKING') {
      const before = this.#askers.get(from);
      if (before === undefined && this.#askers.size >= ASKERS_MAX) return;
      this.#askers.set(from, castVote(question));
      if (before !== undefined && agrees(before, castVote(question))) return;
    }
    this.#send(from, this.#round);
  }

  /** All servers that the sender knows may have been removed since, perhaps even this server. */
  #hasNewerConfig({ config }: Notification): boolean {
    return config !== null && configVersionOf(config) < this.#view.quorum.committed.version;
  }

  #answerLookingVoter(from: number, notification: Notification): void {
    this.#noteSupport(from, notification);
    this.#send(from, this.#vote.round);
  }

  /** A supporter that looks again in a later round or for another leader no longer supports this server. */
  #noteSupport(from: number, { leader, round }: Notification): void {
    const supporters = this.#supporters;
    if (supporters === undefined || (leader === this.#settings.sid && round <= this.#vote.round)) return;
    if (!supporters.delete(from) || this.#view.quorum.containsQuorum(supporters)) return;
    this.#supporters = undefined;
    this.#outputs.push({ type: 'supportLost', remaining: supporters });
  }

  #onVote(from: number, notification: Notification): void {
    const { state, leader, zxid, round } = notification;
    if (state === 'LOOKING' && round < this.#round) this.#send(from, this.#round);
    if (!this.#isVoter(leader)) return;
    if (state === 'LOOKING') {
      const heard = zxid !== NO_VOTE && this.#proposal.zxid !== NO_VOTE;
      if (heard && (round >= this.#round || this.#hasNoRound)) this.#onLookingVote(from, notification);
    } else if (state !== 'OBSERVING') {
      this.#onSettledVote(from, notification);
    }
  }

  /**
   * True when this server proposes nobody and is alone in its round. The voters never come to that round, but
   * may need its vote: a pending configuration that it does not know may name it a voter.
   */
  get #hasNoRound(): boolean {
    return !this.#isVoter(this.#initial.leader) && this.#received.size === 1;
  }

  #onLookingVote(from: number, vote: Notification): void {
    if (vote.round > this.#round || (vote.round < this.#round && this.#hasNoRound)) {
      this.#round = vote.round;
      this.#received.clear();
      this.#propose(this.#isBetter(vote, this.#initial) ? vote : this.#initial);
    } else if (this.#isBetter(vote, this.#vote)) {
      this.#propose(vote);
    }
    this.#received.set(from, castVote(vote));
    this.#finalizeOnQuorum();
  }

  /** Joins an existing leader if a quorum names it and it says itself that it leads. */
  #onSettledVote(from: number, notification: Notification): void {
    const vote = castVote(notification);
    this.#settled.set(from, vote);
    if (vote.round === this.#round) {
      this.#received.set(from, vote);
      if (this.#joinIfLed(this.#received, vote)) return;
    }
    this.#joinIfLed(this.#settled, vote);
  }

  #joinIfLed(votes: ReadonlyMap<number, CastVote>, vote: CastVote): boolean {
    const { leader, round } = vote;
    const isOwn = leader === this.#settings.sid;
    const confirmed = isOwn ? round === this.#round : votes.get(leader)?.state === 'LEADING';
    if (!confirmed) return false;
    const supporters = this.#supportersOf(votes, vote);
    const { quorum } = this.#view;
    // One of two voters may lead alone, by an oracle that the other members need not have. Of two
    // configurations, the leader may know only one and counts by that one, so it is safe to follow it.
    // Upstream asks for a quorum of both, so a member with an abandoned reconfiguration never comes back.
    const isLed = isOwn
      ? quorum.containsQuorum(supporters)
      : quorum.isPair || quorum.containsAnyQuorum(supporters);
    if (!isLed) return false;
    this.#elect({ leader, zxid: vote.zxid, round, peerEpoch: vote.peerEpoch }, supporters);
    return true;
  }

  #finalizeOnQuorum(): void {
    if (this.#finalizing || this.#deciders() === undefined) return;
    this.#finalizing = true;
    const delayMs = this.#settings.finalizeWaitMs;
    this.#outputs.push({ type: 'setTimer', timer: 'finalize', delayMs });
  }

  #stopFinalizing(): void {
    if (!this.#finalizing) return;
    this.#finalizing = false;
    this.#outputs.push({ type: 'cancelTimer', timer: 'finalize' });
  }

  /** The voters with the same vote as this server, if they are a quorum. */
  #deciders(): Set<number> | undefined {
    const own = this.#received.get(this.#settings.sid);
    if (own === undefined || !this.#isVoter(own.leader)) return undefined;
    const supporters = this.#supportersOf(this.#received, own);
    return this.#view.quorum.containsQuorum(supporters) ? supporters : undefined;
  }

  #supportersOf(votes: ReadonlyMap<number, CastVote>, vote: CastVote): Set<number> {
    const supporters = new Set<number>();
    for (const [sid, other] of votes) if (this.#isVoter(sid) && agrees(vote, other)) supporters.add(sid);
    return supporters;
  }

  #onTimer(timer: ElectionTimer): void {
    if (this.#state !== 'LOOKING') return;
    if (timer === 'finalize') {
      const supporters = this.#finalizing ? this.#deciders() : undefined;
      this.#finalizing = false;
      if (supporters !== undefined) this.#elect(this.#vote, supporters);
      return;
    }
    if (this.#mayLeadAlone()) this.#outputs.push({ type: 'askOracle' });
    const isReconsidered = this.#isHeard && this.#reconsider();
    this.#isHeard = false;
    if (!isReconsidered) this.#broadcast();
    const pendingMaxMs = this.#view.quorum.next === null ? Number.POSITIVE_INFINITY : PENDING_RESEND_MAX_MS;
    const maxMs = Math.min(this.#settings.maxNotificationIntervalMs, pendingMaxMs);
    this.#resendDelayMs = Math.min(this.#resendDelayMs * 2, maxMs);
    this.#outputs.push({ type: 'setTimer', timer, delayMs: this.#resendDelayMs });
  }

  /**
   * Called when others vote and no quorum forms while a configuration is pending. A voter that does not know
   * it ignores votes for candidates that only this configuration names, so such a candidate may never win.
   * Apache's members prefer the larger sid in any case, so this server tries both orders in turn. True when
   * it votes for another candidate now.
   */
  #reconsider(): boolean {
    if (this.#view.quorum.next === null || this.#finalizing) return false;
    this.#order.next();
    let best: Vote = this.#initial;
    for (const vote of this.#received.values()) {
      if (vote.state === 'LOOKING' && this.#isBetter(vote, best)) best = vote;
    }
    if (best.leader === this.#vote.leader) return false;
    this.#propose(best);
    this.#finalizeOnQuorum();
    return true;
  }

  /** @see docs/oracle.md; QuorumVerifier.revalidateVoteset */
  #mayLeadAlone(): boolean {
    const { quorum, role } = this.#view;
    const mayVote = role === 'participant' && this.#proposal.zxid !== NO_VOTE;
    const isOwn = this.#vote.leader === this.#settings.sid;
    return this.#state === 'LOOKING' && mayVote && isOwn && quorum.isPair && !this.#isHeard;
  }

  #elect(vote: Vote, supporters: Set<number>): void {
    const { leader } = vote;
    const learning = this.#view.role === 'observer' ? 'OBSERVING' : 'FOLLOWING';
    const state = leader === this.#settings.sid ? 'LEADING' : learning;
    this.#round = vote.round;
    this.#settle(state, vote);
    if (state === 'LEADING') this.#supporters = new Set(supporters);
    for (const sid of this.#askers.keys()) this.#send(sid, this.#round);
    this.#askers.clear();
    this.#elected = { state, leader, vote, supporters };
  }

  #settle(state: SettledState, vote: Vote): void {
    this.#state = state;
    this.#vote = vote;
    this.#supporters = undefined;
    this.#stopFinalizing();
    this.#outputs.push({ type: 'cancelTimer', timer: 'resend' });
  }
}

function castVote({ state, leader, zxid, round, peerEpoch, version }: Notification): CastVote {
  return { state, leader, zxid, round, peerEpoch, version };
}
