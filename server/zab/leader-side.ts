import type { QuorumSource } from '../membership/joint-quorum.ts';
import { EPOCH_MAX, isEpoch, zxidToHex } from '../wire/zxid.ts';
import { isBelieved, isPlausible, VOTER_EPOCH_JUMP_MAX } from './epoch-claims.ts';
import type { ZabState } from './peer-context.ts';

/** What the leader itself has on disk when it begins. */
export interface LeaderHistory {
  readonly sid: number;
  /** The highest epoch known for sure: that on its own disk, or one that a member confirmed. */
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  readonly lastZxid: number;
}

/** Read at each event: a configuration may be seen or committed in between. */
export interface LeaderMembership extends QuorumSource {
  /** Servers of either configuration. */
  readonly servers: ReadonlyMap<number, unknown>;
}

/** `learner` stands for one connection: the same server may come on several, one after the other. */
export type LeaderEvent<L> =
  /** The leader listens, and counts itself from now on. */
  | { readonly type: 'start' }
  /** No other voter is connected, and the oracle lets the leader go on without one. */
  | { readonly type: 'authorized' }
  /** A learner said what it has accepted, in FOLLOWERINFO or OBSERVERINFO. */
  | {
      readonly type: 'info';
      readonly learner: L;
      readonly sid: number;
      readonly isObserver: boolean;
      readonly acceptedEpoch: number;
      /** Another connection of this server is synced. */
      readonly isSynced: boolean;
    }
  /** A learner has accepted the epoch. `currentEpoch` is null when it had before: then it is not counted. */
  | {
      readonly type: 'ackEpoch';
      readonly learner: L;
      readonly sid: number;
      readonly isObserver: boolean;
      readonly currentEpoch: number | null;
      /** Negative when the learner needs a snapshot and does not say what it has. */
      readonly lastZxid: number;
    }
  /** A learner has the history of the epoch on its disk. */
  | {
      readonly type: 'ackNewLeader';
      readonly learner: L;
      readonly sid: number;
      readonly isObserver: boolean;
    }
  /** The answer to `ask`. */
  | { readonly type: 'confirmed'; readonly sid: number; readonly acceptedEpoch: number }
  /** The connection has ended. */
  | { readonly type: 'left'; readonly learner: L };

export type LeaderOutput<L> =
  /** Writes the new epoch as accepted. It is on disk before anything that follows. */
  | { readonly type: 'acceptEpoch'; readonly epoch: number }
  /** Answers a learner with LEADERINFO. */
  | { readonly type: 'proposeEpoch'; readonly learner: L; readonly epoch: number }
  /** Writes the new epoch as current: this history is the one of the epoch. */
  | { readonly type: 'beginEpoch'; readonly epoch: number }
  /** Brings a learner to this history. */
  | { readonly type: 'synchronise'; readonly learner: L }
  /** Begins to serve. */
  | { readonly type: 'serve'; readonly epoch: number }
  /** Tells a learner, which has the history, that the leader serves. */
  | { readonly type: 'upToDate'; readonly learner: L }
  /** Asks a server at its own address what it has accepted. */
  | { readonly type: 'ask'; readonly sid: number }
  /** A member confirmed this epoch: the next one is above it, here and after the next election. */
  | { readonly type: 'remember'; readonly acceptedEpoch: number }
  /** A member says that it has accepted an epoch that no history explains. At most once for each member. */
  | {
      readonly type: 'implausible';
      readonly sid: number;
      readonly acceptedEpoch: number;
      readonly known: number;
    }
  /** Closes the connection of a learner. `isAhead`: it has a better history than the leader. */
  | { readonly type: 'refuse'; readonly learner: L; readonly reason: string; readonly isAhead: boolean }
  /** Gives up leading. */
  | { readonly type: 'resign'; readonly reason: string };

/**
 * What a leader decides across all of its learners, as a state machine: it waits for a quorum three times.
 *
 * 1. A quorum has said what it accepted. The new epoch is above all of that.
 * 2. A quorum has accepted the new epoch, and none of it has a better history. The epoch begins.
 * 3. A quorum has this history on disk and has acknowledged NEWLEADER. The leader serves.
 *
 * A learner that comes later, or again, is answered at once and changes nothing. Observers are answered and
 * not counted. While two configurations count, each wait needs a quorum of both. Of two voters, an oracle may
 * let one lead without the other.
 *
 * Events in, outputs out; no socket, no disk, no clock. Outputs are carried out in their order. `MasterSide`
 * is what concerns one learner alone.
 *
 * @see docs/quorum.md "Message ladder"; docs/epochs.md; Leader.getEpochToPropose
 */
export class LeaderSide<L> {
  readonly #own: LeaderHistory;
  readonly #membership: LeaderMembership;
  readonly #claims = new QuorumWait<L>();
  readonly #acks = new QuorumWait<L>();
  readonly #newLeaderAcks = new QuorumWait<L>();
  #known: number;
  #highestAccepted = 0;
  #epoch = -1;
  #isAuthorized = false;
  readonly #implausible = new Set<number>();

  constructor(own: LeaderHistory, membership: LeaderMembership) {
    this.#own = own;
    this.#membership = membership;
    this.#known = own.acceptedEpoch;
  }

  /** -1 before it is chosen. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Voters that have the history of the epoch on disk, this server among them. */
  get newLeaderAcks(): ReadonlySet<number> {
    return this.#newLeaderAcks.sids;
  }

  get zabState(): ZabState {
    if (this.#newLeaderAcks.isOver) return 'broadcast';
    return this.#acks.isOver ? 'synchronization' : 'discovery';
  }

  step(event: LeaderEvent<L>): readonly LeaderOutput<L>[] {
    switch (event.type) {
      case 'start':
        return this.#claimed(this.#own.sid, this.#known);
      case 'authorized':
        return this.#goOnAlone();
      case 'info':
        return this.#onInfo(event);
      case 'ackEpoch':
        return this.#onAckEpoch(event);
      case 'ackNewLeader':
        return this.#onAckNewLeader(event);
      case 'confirmed':
        return this.#onConfirmed(event.sid, event.acceptedEpoch);
      case 'left':
        for (const wait of [this.#claims, this.#acks, this.#newLeaderAcks])
          wait.learners.delete(event.learner);
        return [];
    }
  }

  /** Ends each wait as if the other voter had spoken. @see docs/oracle.md */
  #goOnAlone(): readonly LeaderOutput<L>[] {
    const { sid } = this.#own;
    this.#isAuthorized = true;
    try {
      if (!this.#claims.isOver) return this.#claimed(sid, this.#known);
      if (!this.#acks.isOver) return this.#acked(sid);
      return this.#newLeaderAcks.isOver ? [] : this.#ackedNewLeader(sid);
    } finally {
      this.#isAuthorized = false;
    }
  }

  #onInfo(event: LeaderEvent<L> & { type: 'info' }): readonly LeaderOutput<L>[] {
    const { learner, sid, acceptedEpoch } = event;
    const isVoter = this.#counts(event);
    if (this.#claims.isOver) {
      const answer: LeaderOutput<L> = { type: 'proposeEpoch', learner, epoch: this.#epoch };
      const isShutOut = isVoter && acceptedEpoch > this.#epoch && !event.isSynced;
      return isShutOut ? [{ type: 'ask', sid }, answer] : [answer];
    }
    const isCredible = isBelieved(acceptedEpoch, this.#known, isVoter);
    if (isVoter && !isCredible) return [{ type: 'ask', sid }, this.#refuseClaim(learner, sid, acceptedEpoch)];
    // A stranger's claim must not raise the epoch of the whole ensemble, because the new epoch stays on every
    // disk for good.
    if (isCredible && this.#membership.servers.has(sid)) this.#raise(acceptedEpoch);
    this.#claims.learners.add(learner);
    return isVoter ? this.#claimed(sid, acceptedEpoch) : [];
  }

  #refuseClaim(learner: L, sid: number, acceptedEpoch: number): LeaderOutput<L> {
    const reason =
      `voter ${sid} has accepted epoch ${acceptedEpoch}, where ${this.#known} is the highest known: ` +
      `at most ${VOTER_EPOCH_JUMP_MAX} more are believed before the voter confirms it at its own address`;
    return { type: 'refuse', learner, reason, isAhead: false };
  }

  #claimed(sid: number, acceptedEpoch: number): readonly LeaderOutput<L>[] {
    this.#raise(acceptedEpoch);
    if (!this.#isQuorum(this.#claims, sid)) return [];
    const epoch = this.#highestAccepted + 1;
    if (!isEpoch(epoch)) {
      const reason = `epoch ${EPOCH_MAX} was the last there is, see server/docs/epochs.md`;
      return [{ type: 'resign', reason }];
    }
    this.#epoch = epoch;
    this.#known = Math.max(this.#known, epoch);
    const answers = this.#claims.end(learner => ({ type: 'proposeEpoch', learner, epoch }));
    return [{ type: 'acceptEpoch', epoch }, ...answers, ...this.#acked(this.#own.sid)];
  }

  #onAckEpoch(event: LeaderEvent<L> & { type: 'ackEpoch' }): readonly LeaderOutput<L>[] {
    const { learner, sid, currentEpoch, lastZxid } = event;
    if (this.#acks.isOver) return [{ type: 'synchronise', learner }];
    const { currentEpoch: ownEpoch, lastZxid: ownZxid } = this.#own;
    if (currentEpoch !== null && isBehind(this.#own, currentEpoch, lastZxid)) {
      // The election only tries to find the best history; this check makes sure of it. Row 002-6.
      const reason =
        `learner ${sid} is ahead: epoch ${currentEpoch} zxid ${zxidToHex(lastZxid)}, ` +
        `here epoch ${ownEpoch} zxid ${zxidToHex(ownZxid)}`;
      return [{ type: 'refuse', learner, reason, isAhead: true }];
    }
    this.#acks.learners.add(learner);
    // A learner that needs a snapshot does not say what it has, so within the epoch it may have more than
    // this leader.
    const isNotAhead = currentEpoch !== null && (lastZxid >= 0 || currentEpoch < ownEpoch);
    return this.#counts(event) && isNotAhead ? this.#acked(sid) : [];
  }

  #acked(sid: number): readonly LeaderOutput<L>[] {
    if (!this.#isQuorum(this.#acks, sid)) return [];
    const answers = this.#acks.end(learner => ({ type: 'synchronise', learner }));
    const begin: LeaderOutput<L> = { type: 'beginEpoch', epoch: this.#epoch };
    return [begin, ...answers, ...this.#ackedNewLeader(this.#own.sid)];
  }

  #onAckNewLeader(event: LeaderEvent<L> & { type: 'ackNewLeader' }): readonly LeaderOutput<L>[] {
    const { learner, sid } = event;
    if (this.#newLeaderAcks.isOver) return [{ type: 'upToDate', learner }];
    this.#newLeaderAcks.learners.add(learner);
    return this.#counts(event) ? this.#ackedNewLeader(sid) : [];
  }

  #ackedNewLeader(sid: number): readonly LeaderOutput<L>[] {
    if (!this.#isQuorum(this.#newLeaderAcks, sid)) return [];
    const answers = this.#newLeaderAcks.end(learner => ({ type: 'upToDate', learner }));
    return [{ type: 'serve', epoch: this.#epoch }, ...answers];
  }

  /**
   * A voter refuses every leader whose epoch is below the one it accepted. It would stay out until the next
   * election, and one more failure would be an outage. So this leader steps down: the next epoch is above
   * what the voter confirmed. Upstream's leader goes on without the voter. @see docs/epochs.md
   */
  #onConfirmed(sid: number, acceptedEpoch: number): readonly LeaderOutput<L>[] {
    const known = this.#known;
    if (acceptedEpoch <= known) return [];
    if (!isPlausible(acceptedEpoch, known)) {
      if (this.#implausible.has(sid)) return [];
      this.#implausible.add(sid);
      return [{ type: 'implausible', sid, acceptedEpoch, known }];
    }
    this.#known = acceptedEpoch;
    this.#raise(acceptedEpoch);
    const remember: LeaderOutput<L> = { type: 'remember', acceptedEpoch };
    if (!this.#claims.isOver) return [remember];
    const reason = `voter ${sid} has accepted epoch ${acceptedEpoch}, which only a later epoch lets back in`;
    return [remember, { type: 'resign', reason }];
  }

  #raise(acceptedEpoch: number): void {
    this.#highestAccepted = Math.max(this.#highestAccepted, acceptedEpoch);
  }

  /**
   * An observer counts when the next configuration gives it a vote, of which it may not know yet: without
   * this vote, that configuration might never get a quorum. NEWLEADER tells the observer. This is safe,
   * because decisions also need a quorum of the committed configuration, in which no observer counts.
   */
  #counts({ sid, isObserver }: { readonly sid: number; readonly isObserver: boolean }): boolean {
    const { quorum } = this.#membership;
    return quorum.isVoter(sid) && (!isObserver || !quorum.committed.isVoter(sid));
  }

  /** Counts `sid`. True when a quorum with the leader in it has spoken. Not called once the wait is over. */
  #isQuorum(wait: QuorumWait<L>, sid: number): boolean {
    const { quorum } = this.#membership;
    if (!quorum.isVoter(sid)) return false;
    wait.sids.add(sid);
    return wait.sids.has(this.#own.sid) && (this.#isAuthorized || quorum.containsQuorum(wait.sids));
  }
}

function isBehind(own: LeaderHistory, currentEpoch: number, lastZxid: number): boolean {
  return currentEpoch > own.currentEpoch || (currentEpoch === own.currentEpoch && lastZxid > own.lastZxid);
}

/** Voters that have spoken, and the learners that wait until a quorum has. */
class QuorumWait<L> {
  readonly sids = new Set<number>();
  /** Waiting learners, in the order in which they came. */
  readonly learners = new Set<L>();
  isOver = false;

  end(answer: (learner: L) => LeaderOutput<L>): readonly LeaderOutput<L>[] {
    this.isOver = true;
    const answers = [...this.learners].map(answer);
    this.learners.clear();
    return answers;
  }
}
