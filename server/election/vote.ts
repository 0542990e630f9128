import { MIN_LONG, type PeerState } from '../wire/election-message.ts';

/**
 * "I want `leader`, whose log ends at `zxid` and who has been in `peerEpoch`", said in a round of voting.
 */
export interface Vote {
  readonly leader: number;
  readonly zxid: number;
  /** Upstream's electionEpoch. */
  readonly round: number;
  readonly peerEpoch: number;
}

/** A vote as it was received: what its sender was doing, and the version of its notification. */
export interface CastVote extends Vote {
  readonly state: PeerState;
  readonly version: number;
}

/** The vote of an observer: it asks, and proposes nobody. */
export function emptyVote(round: number): Vote {
  return { leader: MIN_LONG, zxid: MIN_LONG, peerEpoch: MIN_LONG, round };
}

/**
 * Positive when `a` is the better candidate: the one with the longer history (peerEpoch, then zxid), then the
 * preferred one, then the one with the larger sid. A candidate without weight loses to any other, so it is
 * never elected and does not even keep its own vote. The round is not compared, because only votes of one
 * round are.
 */
export function compareVotes(
  a: Vote,
  b: Vote,
  weightOf: (sid: number) => number,
  isPreferred: (sid: number) => boolean = () => false,
): number {
  return (
    Math.sign(weightOf(a.leader)) - Math.sign(weightOf(b.leader)) ||
    a.peerEpoch - b.peerEpoch ||
    a.zxid - b.zxid ||
    Number(isPreferred(a.leader)) - Number(isPreferred(b.leader)) ||
    a.leader - b.leader
  );
}

/**
 * True when two voters agree: in everything while one of them still looks. Two that have settled agree on
 * the leader and its epoch (their rounds and zxids may come from different elections), or on the leader
 * alone when one of them is too old to state its epoch. @see Vote.equals
 */
export function agrees(a: CastVote, b: CastVote): boolean {
  if (a.leader !== b.leader) return false;
  if (a.state === 'LOOKING' || b.state === 'LOOKING') {
    return a.zxid === b.zxid && a.round === b.round && a.peerEpoch === b.peerEpoch;
  }
  return a.version > 0 !== b.version > 0 || a.peerEpoch === b.peerEpoch;
}
