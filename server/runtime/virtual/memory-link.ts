import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The properties of a link between two hosts. */
export interface LinkQuality {
  latencyMs: number;
  /**
   * A random delay of up to this much is added to each packet's latency. Packets of one connection stay in
   * order.
   */
  jitterMs: number;
  /** Probability that a packet is lost once, and so arrives `retransmitMs` later. */
  lossProbability: number;
  retransmitMs: number;
  /** Probability that a write arrives in several pieces. */
  splitProbability: number;
}

export const CALM_LINK: LinkQuality = {
  latencyMs: 0.1,
  jitterMs: 0,
  lossProbability: 0,
  retransmitMs: 200,
  splitProbability: 0,
};

/**
 * Two different ways to cut a link. `refuse`: dialling is refused at once and open connections are reset.
 * `blackhole`: packets vanish and nobody is told; what TCP would send again arrives after the heal.
 */
export type Cut = 'refuse' | 'blackhole';

/** The order of one direction of one connection: no packet overtakes an earlier one. */
export interface PacketOrder {
  lastArrivalMs: number;
}

/** The network interface of a host, which sends one byte after the other, whatever link they take. */
export class Uplink {
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** When the last of these bytes has left, if they are given to it now. */
  sendsBy(nowMs: number, bytes: number): number {
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + bytes / this.#bytesPerMs;
    return this.#freeAtMs;
  }
}

interface HeldPacket {
  readonly order: PacketOrder;
  readonly bytes: number;
  readonly arrive: () => void;
}

/** One direction between two hosts. */
export class MemoryLink {
  readonly quality: LinkQuality;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  /** Undefined: the host sends any number of bytes at once. */
  readonly #uplink: Uplink | undefined;
  /** Packets held back by a cut, bounded by the windows of the connections over the link. */
  #held: HeldPacket[] = [];
  #cut: Cut | null = null;
  /** Packets that arrived or will; a fault compares counts to prove that it took effect. */
  packetsSent = 0;
  packetsHeld = 0;

  constructor(time: VirtualTime, random: SeededRandom, quality: LinkQuality, uplink?: Uplink) {
    this.#time = time;
    this.#random = random;
    this.#uplink = uplink;
    this.quality = { ...quality };
  }

  get cut(): Cut | null {
    return this.#cut;
  }

  setCut(cut: Cut | null): void {
    this.#cut = cut;
    if (cut === 'blackhole') return;
    const held = this.#held;
    this.#held = [];
    for (const packet of held) this.send(packet.order, packet.arrive, packet.bytes);
  }

  /** The sender has lost power: nobody sends again what a cut held back. */
  dropHeld(): void {
    this.#held = [];
  }

  send(order: PacketOrder, arrive: () => void, bytes = 0): void {
    if (this.#cut === 'blackhole') {
      this.packetsHeld++;
      this.#held.push({ order, arrive, bytes });
      return;
    }
    this.packetsSent++;
    const leavesMs = this.#uplink?.sendsBy(this.#time.nowMs, bytes) ?? this.#time.nowMs;
    order.lastArrivalMs = Math.max(order.lastArrivalMs, leavesMs + this.#delayMs());
    this.#time.schedule(order.lastArrivalMs, null, arrive);
  }

  /** Where to split a write of `length` bytes: ascending, inside (0, length). */
  splitPoints(length: number): number[] {
    if (length < 2 || !this.#chance(this.quality.splitProbability)) return [];
    const points = new Set<number>();
    for (let i = 1 + this.#random.below(SPLITS_MAX); i > 0; i--)
      points.add(1 + this.#random.below(length - 1));
    return [...points].sort((a, b) => a - b);
  }

  #delayMs(): number {
    const { latencyMs, jitterMs, lossProbability, retransmitMs } = this.quality;
    const delayMs = jitterMs > 0 ? latencyMs + jitterMs * this.#random.float() : latencyMs;
    return this.#chance(lossProbability) ? delayMs + retransmitMs : delayMs;
  }

  /** Draws no random number where nothing can happen: most links are calm, and every packet asks this. */
  #chance(probability: number): boolean {
    return probability > 0 && this.#random.chance(probability);
  }
}

const SPLITS_MAX = 3;
