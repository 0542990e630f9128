import { isEpoch } from '../wire/zxid.ts';

/**
 * How far above the highest epoch known here a voter's claim may put the next epoch. Each epoch is one
 * election that a quorum took part in, so an honest voter is refused only after this many elections without
 * this server: four days of one every 20 s. A liar costs one part in 128 of all epochs with each election
 * that the ensemble holds by itself.
 */
export const VOTER_EPOCH_JUMP_MAX = 2 ** 14;
/** An observer's claim is needed only where an Apache observer heard of an epoch that was abandoned. */
export const OBSERVER_EPOCH_JUMP_MAX = 16;
/**
 * How far ahead an epoch may be that a member confirms at its own address. Beyond this its file must be
 * damaged, because no history is that long.
 */
export const CONFIRMED_EPOCH_JUMP_MAX = 2 ** 17;

/**
 * Whether a leader believes that a learner has accepted this epoch. The highest believed claim sets the epoch
 * of the whole ensemble, on every disk and for good; yet claims come through a port that anybody may dial.
 */
export function isBelieved(acceptedEpoch: number, known: number, isVoter: boolean): boolean {
  return isWithin(acceptedEpoch, known, isVoter ? VOTER_EPOCH_JUMP_MAX : OBSERVER_EPOCH_JUMP_MAX);
}

/** Whether a history can be so long, given that the member itself says so at its own address. */
export function isPlausible(acceptedEpoch: number, known: number): boolean {
  return isWithin(acceptedEpoch, known, CONFIRMED_EPOCH_JUMP_MAX);
}

/** True when another epoch can follow it and it is at most `jumpMax` ahead. */
function isWithin(acceptedEpoch: number, known: number, jumpMax: number): boolean {
  return isEpoch(acceptedEpoch + 1) && acceptedEpoch - known <= jumpMax;
}
