import { askAcceptedEpoch } from '../election/epoch-question.ts';
import { electionAddressOf } from '../membership/quorum-server.ts';
import { EPOCH_MAX, isEpoch } from '../wire/zxid.ts';
import type { PeerContext } from '../zab/peer-context.ts';

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
 * How far ahead an epoch may be that a member confirms at its own address. Beyond this its file is damaged:
 * no history is that long.
 */
export const CONFIRMED_EPOCH_JUMP_MAX = 2 ** 17;

/**
 * What learners claim to have accepted, and how much of it a leader believes. The highest believed claim sets
 * the epoch of the whole ensemble, on every disk and for good; yet claims come through a port that anybody
 * may dial.
 */
export class EpochClaims {
  readonly #context: PeerContext;
  readonly #onConfirmed: (sid: number, acceptedEpoch: number) => void;
  /** Monotonic time of the last question to each voter. */
  readonly #askedMs = new Map<number, number>();
  readonly #open = new Set<{ close(): void }>();
  /** Voters that the log has reported. */
  readonly #implausible = new Set<number>();

  constructor(context: PeerContext, onConfirmed: (sid: number, acceptedEpoch: number) => void) {
    this.#context = context;
    this.#onConfirmed = onConfirmed;
  }

  /** The highest epoch known for sure: on our own disk, or confirmed by a member. */
  get known(): number {
    return Math.max(this.#context.epochs.acceptedEpoch, this.#context.confirmed.acceptedEpoch);
  }

  isBelieved(acceptedEpoch: number, isVoter: boolean): boolean {
    const jumpMax = isVoter ? VOTER_EPOCH_JUMP_MAX : OBSERVER_EPOCH_JUMP_MAX;
    return isEpoch(acceptedEpoch + 1) && acceptedEpoch - this.known <= jumpMax;
  }

  /** Asks a voter at its own address whether it has accepted what was claimed for it; at most once a tick. */
  ask(sid: number): void {
    const { clock, network, config, membership } = this.#context;
    const member = membership.servers.get(sid);
    const nowMs = clock.monotonicMs();
    const askedMs = this.#askedMs.get(sid);
    if (member === undefined || (askedMs !== undefined && nowMs - askedMs < config.tickTimeMs)) return;
    this.#askedMs.set(sid, nowMs);
    const question = { sid, address: electionAddressOf(member), timeoutMs: config.tickTimeMs };
    const open = askAcceptedEpoch({ clock, network }, question, acceptedEpoch => {
      this.#open.delete(open);
      if (acceptedEpoch !== null) this.#onAnswer(sid, acceptedEpoch);
    });
    this.#open.add(open);
  }

  #onAnswer(sid: number, acceptedEpoch: number): void {
    const { known } = this;
    if (acceptedEpoch <= known) return;
    if (!isEpoch(acceptedEpoch + 1) || acceptedEpoch - known > CONFIRMED_EPOCH_JUMP_MAX) {
      if (this.#implausible.has(sid)) return;
      this.#implausible.add(sid);
      this.#context.logger.error(
        `server ${sid} says that it has accepted epoch ${acceptedEpoch}, where ${known} is the highest known here: ` +
          `at most ${CONFIRMED_EPOCH_JUMP_MAX} more are believed, up to ${EPOCH_MAX - 1}. ` +
          'It stays out until its file acceptedEpoch is put right, see server/docs/epochs.md',
        { learner: sid, acceptedEpoch, known },
      );
      return;
    }
    this.#context.confirmed.acceptedEpoch = acceptedEpoch;
    this.#onConfirmed(sid, acceptedEpoch);
  }

  close(): void {
    for (const question of this.#open) question.close();
    this.#open.clear();
  }
}
