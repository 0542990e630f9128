import type { Ensemble } from '../../bench/topology/ensemble.ts';
import { silentLogger } from '../../server/runtime/logging/logger.ts';
import { nodeRuntime } from '../../server/runtime/node/node-runtime.ts';
import type { Runtime } from '../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { Attacker } from './attacker.ts';
import { drawConversation, PORT_KINDS } from './conversation.ts';
import type { EnsembleFacts } from './learner-messages.ts';

const ATTACKERS = 12;
const POLL_MS = 2;
/** Conversations that keep their connection open keep it for at most this long. */
const STAY_MS_MAX = 1_000;

interface Guest {
  readonly attacker: Attacker;
  readonly leavesMs: number;
}

/**
 * Holds the conversations of the fuzzer on the ports of real processes, a dozen at a time, until it is
 * stopped.
 */
export class Attack {
  readonly #ensemble: Ensemble;
  readonly #random: SeededRandom;
  readonly #runtime: Runtime = nodeRuntime({ logger: silentLogger });
  readonly #guests = new Set<Guest>();
  #facts: EnsembleFacts;
  #stopped = false;
  frames = 0;

  constructor(ensemble: Ensemble, random: SeededRandom) {
    this.#ensemble = ensemble;
    this.#random = random;
    this.#facts = { sids: ensemble.members.map(({ plan }) => plan.sid), epoch: 1, zxid: 1 };
    this.#go();
  }

  /** What attackers know about the ensemble. It is little, and may be out of date. */
  set facts({ epoch, zxid }: Pick<EnsembleFacts, 'epoch' | 'zxid'>) {
    this.#facts = { ...this.#facts, epoch, zxid };
  }

  stop(): void {
    this.#stopped = true;
    for (const { attacker } of this.#guests) attacker.leave();
    this.#guests.clear();
  }

  #go(): void {
    if (this.#stopped) return;
    const { clock } = this.#runtime;
    const nowMs = clock.monotonicMs();
    for (const guest of this.#guests) {
      if (!guest.attacker.gone && nowMs < guest.leavesMs) continue;
      guest.attacker.leave();
      this.#guests.delete(guest);
    }
    while (this.#guests.size < ATTACKERS) this.#guests.add(this.#guest(nowMs));
    clock.after(POLL_MS, () => this.#go());
  }

  #guest(nowMs: number): Guest {
    const conversation = drawConversation(this.#facts, PORT_KINDS, this.#random);
    this.frames += conversation.frames;
    const { ports } = this.#ensemble.members.find(({ plan }) => plan.sid === conversation.sid)!.plan;
    const { network, clock } = this.#runtime;
    const attacker = new Attacker(conversation, network, clock, ports[conversation.port]);
    return { attacker, leavesMs: nowMs + this.#random.below(STAY_MS_MAX) };
  }
}
