import { askAcceptedEpoch } from '../../election/epoch-question.ts';
import { electionAddressesOf } from '../../membership/quorum-server.ts';
import type { PeerContext } from '../../zab/peer-context.ts';

type QuestionContext = Pick<PeerContext, 'clock' | 'network' | 'config' | 'membership'>;

/**
 * A leader's questions to voters, at their own addresses, whether they have accepted the epochs that were
 * claimed for them.
 */
export class EpochQuestions {
  readonly #context: QuestionContext;
  readonly #onAnswer: (sid: number, acceptedEpoch: number) => void;
  /** Monotonic time of the last question to each voter. */
  readonly #askedMs = new Map<number, number>();
  readonly #open = new Set<{ close(): void }>();

  constructor(context: QuestionContext, onAnswer: (sid: number, acceptedEpoch: number) => void) {
    this.#context = context;
    this.#onAnswer = onAnswer;
  }

  /** Asks a voter, at most once a tick. */
  ask(sid: number): void {
    const { clock, network, config, membership } = this.#context;
    const member = membership.servers.get(sid);
    const nowMs = clock.monotonicMs();
    const askedMs = this.#askedMs.get(sid);
    if (member === undefined || (askedMs !== undefined && nowMs - askedMs < config.tickTimeMs)) return;
    this.#askedMs.set(sid, nowMs);
    const question = { sid, addresses: electionAddressesOf(member), timeoutMs: config.tickTimeMs };
    const open = askAcceptedEpoch({ clock, network }, question, acceptedEpoch => {
      this.#open.delete(open);
      if (acceptedEpoch !== null) this.#onAnswer(sid, acceptedEpoch);
    });
    this.#open.add(open);
  }

  close(): void {
    for (const question of this.#open) question.close();
    this.#open.clear();
  }
}
